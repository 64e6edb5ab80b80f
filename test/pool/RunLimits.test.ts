/** How long jobs may run, as the thread finds out that has submitted them: each limit is over once, never too early, and leaves nothing behind. */
import { describe, expect, it } from "vitest"
import type { Deadline, Deadlines } from "../../src/actor/kernel/Deadlines.ts"
import { create, JobTable, numberOf, OUTCOME } from "../../src/memory/JobTable.ts"
import { type Overrun, RunLimits, startAt } from "../../src/pool/internal/runLimits.ts"
import { runMillisOf } from "../../src/pool/kernel/JobOptions.ts"

const number = numberOf(0, 1)

const stage = (beginsAt = 0) => {
  let now = beginsAt
  const table = new JobTable(create({ submitters: 1, jobs: 4, slotBytes: 128, workers: 1 }))
  const watched = new Map<Deadline, number>()
  const over: Array<readonly [number, Overrun]> = []
  const deadlines = {
    now: () => now,
    add: (deadline: Deadline, millis: number) => void watched.set(deadline, now + millis),
    remove: (deadline: Deadline) => void watched.delete(deadline)
  } as unknown as Deadlines
  const limits = new RunLimits({
    table,
    deadlines,
    sharesTime: true,
    over: (slot, overrun) => void over.push([slot, overrun])
  })
  let looks = 0
  /** Lets the time pass, and what is due expire. */
  const pass = (until: number): void => {
    for (;;) {
      const due = [...watched].sort(([, one], [, other]) => one - other)[0]
      if (due === undefined || due[1] > until) break
      now = Math.max(now, due[1])
      watched.delete(due[0])
      looks++
      due[0].expire()
    }
    now = until
  }
  const submit = (slot: number, limitMillis: number): void => {
    table.enqueue(slot, 0, 0, Infinity, NaN, 0, 0, limitMillis)
    limits.watch(slot, limitMillis, NaN)
  }
  const run = (slot: number): void => {
    table.begin(slot, number)
    table.setStart(slot, startAt(now))
  }
  return { limits, looks: () => looks, over, pass, run, submit, table, watched }
}

describe("limits of runs", () => {
  it("are over when the run has taken so long, however long the job has waited", () => {
    const { over, pass, run, submit, watched } = stage()
    submit(1, 200)
    pass(1_010)
    run(1)
    pass(1_209)
    expect(over).toEqual([])
    pass(1_210)
    expect(over).toEqual([[1, { limitMillis: 200, ranMillis: 200, waitedMillis: 1_010 }]])
    expect(watched.size).toBe(0)
  })

  it("are never over too early where times are no whole milliseconds, nor more than two too late", () => {
    for (let i = 0; i < 50; i++) {
      const begin = 100 + i / 50
      const { over, pass, run, submit } = stage(99.3)
      submit(0, 30)
      pass(begin)
      run(0)
      pass(begin + 29.99)
      expect(over).toEqual([])
      pass(begin + 32)
      expect(over.length).toBe(1)
    }
  })

  it("hold over the place at which the number of a time wraps, and at 0", () => {
    for (const from of [2 ** 31 - 50, 2 ** 32 - 50, -50]) {
      const { over, pass, run, submit } = stage(from)
      submit(0, 100)
      run(0)
      pass(from + 99)
      expect(over).toEqual([])
      pass(from + 102)
      expect(over.length).toBe(1)
    }
    expect([startAt(0), startAt(2 ** 32), startAt(-0.5)]).toEqual([1, 1, 1])
  })

  it("hold for the longest that there is, and begin anew for another run", () => {
    const longest = runMillisOf("24 days")
    const { over, pass, run, submit, table } = stage()
    submit(0, longest)
    pass(longest - 1)
    run(0)
    pass(1.5 * longest)
    // Its thread has died.
    table.again(0)
    pass(1.6 * longest)
    run(0)
    pass(2.6 * longest - 1)
    expect(over).toEqual([])
    pass(2.6 * longest + 2)
    expect(over.map(([, { ranMillis }]) => Math.abs(ranMillis - longest) <= 2)).toEqual([true])
  })

  it("are looked at no more often than every ten milliseconds while the job waits", () => {
    const { looks, over, pass, run, submit } = stage()
    submit(0, 1)
    pass(1_000)
    expect(looks()).toBeLessThan(102)
    run(0)
    pass(1_012)
    expect(over.length).toBe(1)
  })

  it("are none any more once the job has ended, is given up, or its slot has another one", () => {
    const { limits, over, pass, run, submit, table, watched } = stage()
    for (const slot of [0, 1, 2, 3]) submit(slot, 50)
    run(0)
    table.settle(0, OUTCOME, 0)
    table.withdraw(1)
    limits.forget(2)
    limits.forget(2)
    run(3)
    pass(40)
    table.again(3)
    pass(200)
    expect([over, watched.size]).toEqual([[], 1])
    limits.clear()
    limits.forget(3)
    expect(watched.size).toBe(0)
  })

  it("are whole milliseconds, rounded up, of more than zero and up to 24 days", () => {
    const values = [1, 0.2, "1 second", "24 days", "Infinity", Infinity, "24.1 days", 0, -1, NaN, "soon"]
    expect(values.map((value) => runMillisOf(value as never))).toEqual([
      1,
      1,
      1_000,
      2_073_600_000,
      0,
      0,
      NaN,
      NaN,
      NaN,
      NaN,
      NaN
    ])
  })
})
