import { describe, expect, it } from "vitest"
import { METER_ROW, METER_ROW_BYTES } from "../../src/memory/JobLayouts.ts"
import * as JobMeters from "../../src/memory/JobMeters.ts"
import { InvalidCapacity, InvalidMemory } from "../../src/memory/MemoryError.ts"
import { bucketOf } from "../../src/runtime/Times.ts"

const meters = (workers = 2) => new JobMeters.JobMeters(JobMeters.create(workers))

describe("JobMeters", () => {
  it("counts what each worker does, and nothing of the others", () => {
    const all = meters()
    all.opened(1, 33)
    all.begun(1, 100, 5)
    expect(all.read(1, 130)).toEqual({
      jobs: 0,
      stolen: 0,
      sleeps: 0,
      busyMillis: 30,
      loopMillis: 0,
      elsewhereMillis: 0,
      running: 1,
      starts: 1,
      incarnation: 33
    })
    all.begun(1, 110, NaN)
    all.stole(1)
    all.ended(1)
    all.ranFor(1, 1, 20)
    expect(all.read(1, 150)).toEqual({
      jobs: 1,
      stolen: 1,
      sleeps: 0,
      busyMillis: 50,
      loopMillis: 0,
      elsewhereMillis: 0,
      running: 1,
      starts: 1,
      incarnation: 33
    })
    all.ended(1)
    all.ranFor(1, 1, 0.25)
    all.idle(1, 60.5)
    all.slept(1)
    expect(all.read(1, 900)).toEqual({
      jobs: 2,
      stolen: 1,
      sleeps: 1,
      busyMillis: 60.5,
      loopMillis: 0,
      elsewhereMillis: 0,
      running: 0,
      starts: 1,
      incarnation: 33
    })
    expect(all.read(0, 900)).toEqual({
      jobs: 0,
      stolen: 0,
      sleeps: 0,
      busyMillis: 0,
      loopMillis: 0,
      elsewhereMillis: 0,
      running: 0,
      starts: 0,
      incarnation: 0
    })
    expect([all.waited().count, all.ran().count]).toEqual([1, 2])
    expect(all.waited().counts[bucketOf(5000)]).toBe(1)
    expect([all.ran().counts[bucketOf(20_000)], all.ran().counts[bucketOf(250)]]).toEqual([1, 1])
  })

  it("goes on where the incarnation before has ended, without its jobs", () => {
    const all = meters(1)
    all.begun(0, 0, 1)
    all.ended(0)
    all.ranFor(0, 1, 1)
    all.idle(0, 1)
    all.begun(0, 50, 1)
    all.begun(0, 51, 1)
    const before = all.read(0, 70)
    expect([before.running, before.busyMillis]).toEqual([2, 21])
    all.closed(0, 70)
    all.opened(0, 64)
    expect(all.read(0, 900)).toEqual({
      jobs: 1,
      stolen: 0,
      sleeps: 0,
      busyMillis: 21,
      loopMillis: 0,
      elsewhereMillis: 0,
      running: 0,
      starts: 1,
      incarnation: 64
    })
    // One that dies without a job has none to close.
    all.closed(0, 900)
    expect(all.read(0, 900).busyMillis).toBe(21)
  })

  it("adds up what event loops are used for", () => {
    const all = meters()
    for (let i = 0; i < 3; i++) {
      all.loopRan(1, 1000.25)
      all.wasElsewhere(1, 0.5)
    }
    // No clock goes back.
    all.loopRan(1, -5)
    const { elsewhereMillis, loopMillis } = all.read(1, 0)
    expect([loopMillis, elsewhereMillis, all.read(0, 0).loopMillis]).toEqual([3000.75, 1.5, 0])
    expect(METER_ROW.elsewhereMicros + 8).toBeLessThanOrEqual(METER_ROW_BYTES)
  })

  it("never says a busy time that it takes back", () => {
    const all = meters(1)
    let last = 0
    const read = (now: number) => {
      const { busyMillis } = all.read(0, now)
      expect(busyMillis).toBeGreaterThanOrEqual(last)
      last = busyMillis
    }
    for (let now = 0.9; now < 100; now += 1.7) {
      all.begun(0, now, 0)
      for (const after of [0, 0.05, 0.3, 0.7, 1.2]) read(now + after)
      all.ended(0)
      all.idle(0, 1.2)
      read(now + 1.2)
    }
  })

  it("counts what ended before a death, and not what was given back", () => {
    const all = meters(1)
    const times = 1000
    for (let i = 0; i < times; i++) {
      all.begun(0, 0, 0)
      all.ended(0)
    }
    all.begun(0, 0, 0)
    all.putBack(0)
    expect([all.read(0, 0).jobs, all.read(0, 0).running, all.ran().count]).toEqual([times, 0, 0])
  })

  it("counts more jobs than a word has room for", () => {
    const sab = JobMeters.create(1)
    const words = new Int32Array(sab)
    words[(sab.byteLength - METER_ROW_BYTES) / 4 + METER_ROW.jobs / 4] = 2 ** 31 - 2
    const all = new JobMeters.JobMeters(sab)
    for (let i = 1; i < 5; i++) {
      all.begun(0, 0, 0)
      all.ended(0)
      expect(all.read(0, 0).jobs).toBe(2 ** 31 - 2 + i)
    }
  })

  it("counts beyond 32 bits", () => {
    const all = meters(1)
    for (let i = 1; i <= 10; i++) {
      all.begun(0, 0, 0)
      all.ended(0)
      all.idle(0, 1_000_000)
      expect(all.read(0, 0).busyMillis).toBe(i * 1_000_000)
    }
    // One job of a week.
    all.begun(0, 0, 0)
    all.ended(0)
    all.idle(0, 604_800_000)
    expect(all.read(0, 0).busyMillis).toBe(614_800_000)
  })

  it("says how long so much of all jobs took", () => {
    const all = meters(2)
    expect([all.ran().quantile(0.5), all.ran().count]).toEqual([0, 0])
    for (let i = 0; i < 32; i++) all.ranFor(i % 2, 3, 1)
    all.ranFor(0, 2, 1)
    all.ranFor(0, 1, 64)
    all.ranFor(1, 1, 3_600_000)
    const { quantile } = { quantile: (part: number) => all.ran().quantile(part) }
    for (const [part, millis] of [[0, 1], [0.5, 1], [0.98, 1], [0.99, 64]] as const) {
      expect([quantile(part) >= millis, quantile(part) <= millis * 1.25]).toEqual([true, true])
    }
    // What takes longer than 35 minutes is counted, and no longer told apart.
    expect(quantile(1)).toBeGreaterThan(2_000_000)
  })

  it("refuses what makes no sense", () => {
    expect(() => JobMeters.create(0)).toThrow(InvalidCapacity)
    expect(() => JobMeters.create(1.5)).toThrow(InvalidCapacity)
    expect(() => new JobMeters.JobMeters(new SharedArrayBuffer(4096))).toThrow(InvalidMemory)
    const short = JobMeters.create(2)
    new Int32Array(short)[2] = 3
    expect(() => new JobMeters.JobMeters(short)).toThrow(InvalidMemory)
  })

  it("counts the streams that are open, of all workers, and none of one that has died", () => {
    const sab = JobMeters.create(3)
    const [one, other] = [new JobMeters.JobMeters(sab), new JobMeters.JobMeters(sab)]
    one.setOpenStreams(0, 2)
    one.setOpenStreams(2, 5)
    expect(other.countOpenStreams()).toBe(7)
    one.setOpenStreams(0, 1)
    other.closed(2, 0)
    expect(other.countOpenStreams()).toBe(1)
  })
})
