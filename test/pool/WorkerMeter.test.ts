/** What a worker counts of its jobs, with a clock of the test that is read where the meter reads it. */
import { describe, expect, it } from "vitest"
import * as JobMeters from "../../src/memory/JobMeters.ts"
import type { Access } from "../../src/pool/internal/memory.ts"
import type { Seat } from "../../src/pool/internal/seat.ts"
import { WorkerMeter } from "../../src/pool/internal/workerMeter.ts"
import type { Runtime } from "../../src/runtime/Runtime.ts"
import { Turn } from "../../src/runtime/Turn.ts"

/** What the clock of the turns is behind that of the pool. */
const BEHIND = 5000

const stage = (knowsTime = true) => {
  const clock = { now: 10_000 }
  const runtime = { nowMillis: () => clock.now - BEHIND } as Runtime
  const turn = new Turn(runtime)
  const memory = { meters: JobMeters.create(1) }
  // Each job was asked for a second ago.
  const table = { queuedOf: () => clock.now - 1000 }
  const access = { memory, table, thread: { runtime, turn } } as unknown as Access
  const meter = new WorkerMeter(access, { place: 0, number: 64, knowsTime, now: () => clock.now, loopIdle: undefined })
  const meters = new JobMeters.JobMeters(memory.meters)
  const seat = (): Seat => ({ since: 0 }) as Seat
  const pass = (millis: number) => void (clock.now += millis)
  const read = () => {
    const { busyMillis, jobs, running } = meters.read(0, clock.now)
    return { busyMillis, jobs, running }
  }
  const ran = (part: number) => Math.round(meters.ran().quantile(part))
  return { meter, meters, pass, ran, read, seat, turn }
}

describe("the meter of a worker", () => {
  it("says how long jobs ran that the clock was read after, each by itself", () => {
    const { meter, meters, pass, ran, read, seat, turn } = stage()
    turn.begin()
    meter.look()
    for (const millis of [8, 80, 800]) {
      meter.begun(0, seat())
      pass(millis)
      meter.endedAtOnce()
      turn.isOver()
      meter.tick(false)
    }
    meter.flush(false)
    expect(read()).toEqual({ jobs: 3, running: 0, busyMillis: 888 })
    expect([ran(0.3) >= 8 && ran(0.3) <= 10, ran(0.6) >= 80 && ran(0.6) <= 100, ran(1) >= 800 && ran(1) <= 1000])
      .toEqual([true, true, true])
    expect(meters.waited().count).toBe(3)
  })

  it("shares the time between two looks among the jobs between them", () => {
    const { meter, meters, pass, ran, read, seat, turn } = stage()
    turn.begin()
    meter.look()
    for (let i = 0; i < 10; i++) {
      meter.begun(0, seat())
      pass(4)
      meter.endedAtOnce()
    }
    meter.flush(false)
    expect(read()).toEqual({ jobs: 10, running: 0, busyMillis: 40 })
    expect([meters.ran().count, ran(0) >= 4 && ran(1) <= 5]).toEqual([10, true])
    // Nothing has ended since.
    pass(100)
    meter.flush(false)
    expect(read().busyMillis).toBe(40)
  })

  it("is busy as long as one of its handlers waits, and each has its own time", () => {
    const { meter, pass, ran, read, seat } = stage()
    const [first, second] = [seat(), seat()]
    meter.look()
    meter.begun(0, first)
    pass(10)
    meter.look()
    meter.begun(1, second)
    expect(read()).toEqual({ jobs: 0, running: 2, busyMillis: 10 })
    pass(30)
    meter.ended(first, false)
    expect(read()).toEqual({ jobs: 1, running: 1, busyMillis: 40 })
    pass(20)
    // One that ends at once, beside the one that waits.
    meter.look()
    meter.begun(2, seat())
    meter.endedAtOnce()
    meter.flush(true)
    pass(60)
    meter.ended(second, true)
    expect(read()).toEqual({ jobs: 3, running: 0, busyMillis: 120 })
    expect([ran(0.5) >= 40 && ran(0.5) <= 50, ran(1) >= 110 && ran(1) <= 138]).toEqual([true, true])
    pass(500)
    expect(read().busyMillis).toBe(120)
  })

  it("counts none that is put back, and is idle after the last of them", () => {
    const { meter, meters, pass, read, seat } = stage()
    meter.look()
    meter.begun(0, seat())
    pass(5)
    meter.putBack(true)
    pass(100)
    expect([read(), meters.ran().count]).toEqual([{ jobs: 0, running: 0, busyMillis: 5 }, 0])
    // With one before it whose time is not told yet.
    meter.look()
    meter.begun(0, seat())
    pass(7)
    meter.endedAtOnce()
    meter.begun(0, seat())
    meter.putBack(true)
    meter.flush(false)
    pass(100)
    expect([read(), meters.ran().count]).toEqual([{ jobs: 1, running: 0, busyMillis: 12 }, 1])
  })

  it("says nothing of how long jobs waited without the time of who has asked", () => {
    const { meter, meters, read, seat } = stage(false)
    meter.look()
    meter.begun(0, seat())
    meter.endedAtOnce()
    meter.flush(false)
    expect([read().jobs, meters.waited().count]).toEqual([1, 0])
    const other = stage()
    other.meter.look()
    other.meter.begun(0, other.seat())
    expect(Math.round(other.meters.waited().quantile(1)) >= 1000).toBe(true)
  })
})
