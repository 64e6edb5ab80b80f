import { describe, expect, it } from "vitest"
import { ENDED, OPEN } from "../../src/memory/JobPhase.ts"
import * as JobTable from "../../src/memory/JobTable.ts"
import {
  BEGUN,
  CONDEMNED,
  DISCARDED,
  FREE,
  haveDied,
  OUTCOME,
  QUEUED,
  RUNNING,
  STALE,
  WITHDRAWN,
  WRITING
} from "../../src/memory/JobTable.ts"
import { MAGIC_CELL } from "../../src/memory/Layout.ts"
import { InvalidCapacity, InvalidMemory } from "../../src/memory/MemoryError.ts"

const shape = { submitters: 2, jobs: 4, slotBytes: 128, workers: 3 }

const table = () => {
  const sab = JobTable.create(shape)
  return { sab, jobs: new JobTable.JobTable(sab), other: new JobTable.JobTable(sab) }
}

/** What a submitter takes with this, the first first. */
const taken = (take: (into: Int32Array) => number): ReadonlyArray<number> => {
  const into = new Int32Array(shape.jobs)
  return Array.from(into.subarray(0, take(into))).reverse()
}

/** Numbers of all that has come back to a submitter, which is done with them. */
const finished = (jobs: JobTable.JobTable, submitter: number): ReadonlyArray<number> => {
  const slots = taken((into) => jobs.takeFinished(submitter, into))
  jobs.done(submitter, 0)
  return slots
}

describe("JobTable", () => {
  it("leads a job from its submitter to a worker and back", () => {
    const { jobs, other } = table()
    const number = JobTable.numberOf(2, 1)
    jobs.started(number)
    jobs.setPayload(5, -1)
    jobs.enqueue(5, 7 | JobTable.UNAWAITED, 24, 1000)
    expect([jobs.stageOf(5), jobs.submitterOf(5), other.messageOf(5), other.bytesOf(5), other.deadlineOf(5)]).toEqual([
      QUEUED,
      1,
      7 + JobTable.UNAWAITED,
      24,
      1000
    ])
    expect(other.begin(5, number)).toBe(BEGUN)
    expect([jobs.stageOf(5), jobs.takerOf(5), jobs.begunOf(5)]).toEqual([RUNNING, number, 1])
    other.write(5)
    expect(jobs.stageOf(5)).toBe(WRITING)
    other.settle(5, OUTCOME + 1, 8)
    expect(jobs.hasFinished(1)).toBe(true)
    expect(finished(jobs, 1)).toEqual([5])
    expect([jobs.stageOf(5), jobs.bytesOf(5), jobs.hasFinished(1), jobs.hasFinished(0)]).toEqual([
      OUTCOME + 1,
      8,
      false,
      false
    ])
    jobs.free(5)
    expect(jobs.stageOf(5)).toBe(FREE)
  })

  it("gives slots back in the order in which they were settled, each to its submitter", () => {
    const { jobs } = table()
    for (const slot of [0, 1, 2, 4, 6]) {
      jobs.enqueue(slot, 0, 0, Infinity)
      jobs.begin(slot, 64)
    }
    for (const slot of [2, 4, 0, 6, 1]) jobs.settle(slot, OUTCOME, 0)
    expect(finished(jobs, 0)).toEqual([2, 0, 1])
    expect(finished(jobs, 1)).toEqual([4, 6])
    expect(finished(jobs, 1)).toEqual([])
  })

  it("has a job begun once, however often its number turns up", () => {
    const { jobs } = table()
    expect(jobs.begin(0, 64)).toBe(STALE)
    jobs.enqueue(0, 0, 0, Infinity)
    expect([jobs.begin(0, 64), jobs.begin(0, 65)]).toEqual([BEGUN, STALE])
    jobs.settle(0, OUTCOME, 0)
    expect(jobs.begin(0, 65)).toBe(STALE)
    jobs.free(0)
    jobs.enqueue(0, 0, 0, Infinity)
    expect(jobs.begin(0, 65)).toBe(BEGUN)
  })

  it("has a job begun by the worker that it is for, also when it waits again, is withdrawn or is for another one", () => {
    const { jobs, other } = table()
    const numbers = [0, 1, 2].map((place) => JobTable.numberOf(place, 1))
    jobs.enqueue(0, 7, 0, Infinity, Number.NaN, 2)
    const tries = () => [0, 1, 2].map((place) => other.begin(0, numbers[place]!, place + 1))
    expect(other.begin(0, numbers[1]!)).toBe(STALE)
    expect(tries()).toEqual([STALE, BEGUN, STALE])
    expect([other.again(0, 2), tries()]).toEqual([true, [STALE, BEGUN, STALE]])
    other.again(0, 2)
    jobs.redirect(0, 9, 3)
    expect([jobs.messageOf(0), jobs.begunOf(0), jobs.withdraw(0)]).toEqual([9, 2, -1])
    expect(tries()).toEqual([STALE, STALE, DISCARDED])
  })

  it("says of a job with a limit when its run has begun, of each run anew, and of no other job", () => {
    const { jobs, other } = table()
    const number = JobTable.numberOf(1, 1)
    jobs.enqueue(5, 7, 0, Infinity, Number.NaN, 0, 255, 2_000_000_000)
    jobs.enqueue(6, 7, 0, Infinity, Number.NaN, 0, 255)
    expect([other.hasRunLimit(5), other.hasRunLimit(6), other.levelOf(5), other.runLimitOf(5)]).toEqual([
      true,
      false,
      255,
      2_000_000_000
    ])
    const starts = [jobs.startOf(5)]
    other.begin(5, number)
    starts.push(jobs.startOf(5))
    other.setStart(5, -12)
    starts.push(jobs.startOf(5))
    other.again(5)
    starts.push(jobs.startOf(5))
    other.begin(5, number)
    other.setStart(5, 34)
    other.settle(5, OUTCOME, 0)
    finished(jobs, 1)
    jobs.free(5)
    jobs.enqueue(5, 7, 0, Infinity, Number.NaN, 0, 1, 40)
    starts.push(jobs.startOf(5))
    expect([starts, jobs.runLimitOf(5)]).toEqual([[0, 0, -12, 0, 0], 40])
    jobs.free(5)
    jobs.enqueue(5, 7, 0, Infinity, Number.NaN, 0, 1)
    expect([jobs.hasRunLimit(5), jobs.levelOf(5)]).toEqual([false, 1])
  })

  it("says how many workers are given jobs, and when that changes", () => {
    const { jobs, other } = table()
    const seen = [other.membership(), other.changes()]
    expect(JobTable.membersIn(seen[0]!)).toBe(jobs.workers)
    jobs.resize(1)
    jobs.resize(jobs.workers)
    const now = [other.membership(), other.changes()]
    expect([JobTable.membersIn(now[0]!), now[0] === seen[0], now[1] === seen[1]]).toEqual([jobs.workers, false, false])
    expect(JobTable.haveDied(seen[1]!, now[1]!)).toBe(false)
  })

  it("has a job given back that was withdrawn before it was begun", () => {
    const { jobs } = table()
    jobs.enqueue(3, 0, 0, Infinity)
    expect(jobs.withdraw(3)).toBe(-1)
    expect(jobs.stageOf(3)).toBe(WITHDRAWN)
    expect(jobs.begin(3, 64)).toBe(DISCARDED)
    jobs.giveBack(3)
    expect(finished(jobs, 0)).toEqual([3])
    expect(jobs.stageOf(3)).toBe(OUTCOME)
  })

  it("tells a worker whose asker has gone, and no other job at that place", () => {
    const { jobs, other } = table()
    jobs.enqueue(3, 0, 0, Infinity)
    other.begin(3, JobTable.numberOf(2, 1))
    expect(other.isWithdrawn(3)).toBe(false)
    expect(jobs.withdraw(3)).toBe(2)
    expect(other.isWithdrawn(3)).toBe(true)
    other.settle(3, OUTCOME, 0)
    expect(jobs.withdraw(3)).toBe(-1)
    expect(finished(jobs, 0)).toEqual([3])
    jobs.free(3)
    jobs.enqueue(3, 0, 0, Infinity)
    other.begin(3, JobTable.numberOf(2, 1))
    expect(other.isWithdrawn(3)).toBe(false)
  })

  it("has a job condemned by its submitter or ended by its worker, and never both", () => {
    const { jobs, other } = table()
    const number = JobTable.numberOf(2, 1)
    for (const slot of [0, 1, 2]) {
      jobs.enqueue(slot, 0, 0, Infinity)
      other.begin(slot, number)
    }
    expect(jobs.condemn(0)).toBe(false)
    for (const slot of [0, 1, 2]) jobs.withdraw(slot)
    expect([jobs.condemn(0), jobs.stageOf(0), jobs.takerOf(0)]).toEqual([true, CONDEMNED, number])
    expect([other.write(0), other.again(0), other.isWithdrawn(0), jobs.withdraw(0)]).toEqual([false, false, false, -1])
    expect([other.write(1), jobs.condemn(1)]).toEqual([true, false])
    expect([other.again(2), jobs.condemn(2), jobs.stageOf(2)]).toEqual([true, false, WITHDRAWN])
    jobs.free(0)
    jobs.enqueue(0, 0, 0, Infinity)
    expect([other.begin(0, number), jobs.condemn(0)]).toEqual([BEGUN, false])
  })

  it("knows what an incarnation had that is no more", () => {
    const { jobs } = table()
    const [first, second] = [JobTable.numberOf(1, 1), JobTable.numberOf(1, 2)]
    const created = jobs.changes()
    jobs.started(first)
    const before = jobs.changes()
    expect([before === created, haveDied(created, before)]).toEqual([false, false])
    for (const slot of [0, 1, 2]) jobs.enqueue(slot, 0, 0, Infinity)
    jobs.begin(0, first)
    const living = new Int32Array(shape.workers)
    const areLost = (...slots: ReadonlyArray<number>) => slots.map((slot) => jobs.isLost(slot, living))
    jobs.living(living)
    expect([areLost(0), haveDied(before, jobs.changes())]).toEqual([[false], false])
    jobs.ended(first)
    jobs.ended(first)
    // Who died after the others were counted is lost the next time.
    expect([areLost(0), haveDied(before, jobs.changes())]).toEqual([[false], true])
    jobs.living(living)
    expect(areLost(0, 1, 3)).toEqual([true, false, false])
    jobs.started(second)
    jobs.begin(1, second)
    jobs.living(living)
    expect(areLost(0, 1)).toEqual([true, false])
    jobs.again(0)
    expect(jobs.begin(0, second)).toBe(BEGUN)
    expect([jobs.begunOf(0), jobs.begunOf(1), areLost(0)]).toEqual([2, 1, [false]])
  })

  it("leaves to the next submitter what one had taken and was not done with", () => {
    const { jobs, other } = table()
    const left = () => taken((into) => other.takeLeft(0, into))
    for (const slot of [0, 1, 2, 3]) {
      jobs.enqueue(slot, 0, 0, Infinity)
      jobs.begin(slot, 64)
    }
    for (const slot of [2, 0, 1]) jobs.settle(slot, OUTCOME, 0)
    expect(left()).toEqual([])
    expect(taken((into) => jobs.takeFinished(0, into))).toEqual([2, 0, 1])
    jobs.settle(3, OUTCOME, 0)
    expect(left()).toEqual([2, 0, 1])
    jobs.free(2)
    expect(left()).toEqual([0, 1])
    jobs.done(0, 2)
    jobs.enqueue(2, 0, 0, Infinity)
    jobs.begin(2, 64)
    jobs.settle(2, OUTCOME, 0)
    expect(left()).toEqual([0, 1])
    jobs.done(0, 0)
    expect([left(), finished(jobs, 0)]).toEqual([[], [3, 2]])
  })

  it("puts a job back only as long as somebody waits for it", () => {
    const { jobs, other } = table()
    for (const slot of [0, 1]) {
      jobs.enqueue(slot, 0, 0, Infinity)
      other.begin(slot, 64)
    }
    jobs.withdraw(0)
    other.again(0)
    other.again(1)
    expect([jobs.stageOf(0), jobs.stageOf(1)]).toEqual([WITHDRAWN, QUEUED])
  })

  it("has numbers of incarnations that wrap, and never one of nobody", () => {
    const numbers = new Set(Array.from({ length: 1023 }, (_, i) => JobTable.numberOf(0, i + 1)))
    expect(numbers.size).toBe(1023)
    expect(numbers.has(0)).toBe(false)
    expect(JobTable.numberOf(0, 1024)).toBe(JobTable.numberOf(0, 1))
    expect(JobTable.workerOf(JobTable.numberOf(63, 1023))).toBe(63)
  })

  it("counts generations that wrap", () => {
    const { jobs } = table()
    for (let i = 0; i < 5000; i++) {
      jobs.enqueue(0, 0, 0, Infinity)
      expect(jobs.begin(0, 64)).toBe(BEGUN)
      jobs.settle(0, OUTCOME + 3, 0)
      expect(finished(jobs, 0)).toEqual([0])
      jobs.free(0)
    }
  })

  it("keeps rooms apart and within the buffer", () => {
    const { jobs, sab } = table()
    expect(jobs.roomBytes).toBe(64)
    for (let slot = 0; slot < jobs.slots; slot++) {
      expect(jobs.roomOf(slot) % 8).toBe(0)
      jobs.region.u8.fill(slot, jobs.roomOf(slot), jobs.roomOf(slot) + jobs.roomBytes)
    }
    // Behind them is how long each may run.
    expect(jobs.roomOf(jobs.slots - 1) + jobs.roomBytes + jobs.slots * 8).toBe(sab.byteLength)
    for (let slot = 0; slot < jobs.slots; slot++) {
      expect(jobs.stageOf(slot)).toBe(FREE)
      expect(jobs.region.u8[jobs.roomOf(slot) + jobs.roomBytes - 1]).toBe(slot)
    }
    expect([jobs.has(-1), jobs.has(0), jobs.has(7), jobs.has(8)]).toEqual([false, true, true, false])
  })

  it("tells whether jobs are taken", () => {
    const { jobs, other } = table()
    expect(jobs.phase()).toBe(OPEN)
    jobs.setPhase(ENDED)
    expect(other.phase()).toBe(ENDED)
  })

  it.each([
    ["workers", 0],
    ["workers", 65],
    ["submitters", 0],
    ["submitters", 256],
    ["jobs", 3],
    ["jobs", 1 << 17],
    ["slotBytes", 64],
    ["slotBytes", 130]
  ])("refuses %s %d", (part, value) => {
    expect(() => JobTable.create({ ...shape, [part]: value })).toThrow(InvalidCapacity)
    expect(() => JobTable.create({ ...shape, [part]: value })).toThrow(`${part} ${value}`)
  })

  it("refuses more slots than one buffer can hold, and a buffer that is no table", () => {
    expect(() => JobTable.create({ submitters: 255, jobs: 1 << 16, slotBytes: 512, workers: 1 })).toThrow(/at most/)
    expect(() => new JobTable.JobTable(new SharedArrayBuffer(64))).toThrow(InvalidMemory)
    const { sab } = table()
    new Int32Array(sab)[MAGIC_CELL + 2] = 200
    expect(() => new JobTable.JobTable(sab)).toThrow(/does not fit/)
  })
})
