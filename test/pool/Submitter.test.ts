/** The side of a pool that submits, by itself: what it does when others have ended the pool. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Deadlines } from "../../src/actor/kernel/Deadlines.ts"
import { ENDED, numberOf, OUTCOME } from "../../src/memory/JobTable.ts"
import { Job } from "../../src/pool/internal/job.ts"
import { createMemory, HOST_OWNER, inject, openMemory, ownerOf, rowOf } from "../../src/pool/internal/memory.ts"
import { Submitter } from "../../src/pool/internal/submitter.ts"
import { thread } from "../../src/thread/kernel/CurrentThread.ts"
import { Jobs } from "../fixtures/jobs.ts"

const made = Effect.gen(function*() {
  const context = yield* Effect.context<never>()
  const clock = yield* Clock.Clock
  const memory = createMemory({ workers: 1, capacity: 2, arenaBytes: 65_536 })
  const host = openMemory(thread, memory, HOST_OWNER)
  const access = openMemory(thread, memory, ownerOf(0, 1))
  const overdue: Array<readonly [number, string]> = []
  const submitter = new Submitter(access, {
    name: "Jobs/pool",
    row: rowOf(0),
    capacity: 2,
    deadlines: new Deadlines(context, clock, thread, () => {}),
    messages: Jobs.protocol.messages,
    attempts: Jobs.protocol.messages.map(() => 1),
    put: (slot) => inject(access, slot),
    watch: () => {},
    whyDown: () => ({ thread: "worker-0", reason: "it has ended" }),
    graceMillis: 1000,
    overdue: (number, tag) => overdue.push([number, tag]),
    failed: () => {}
  })
  return { host, overdue, submitter }
})

describe("Submitter", () => {
  it.effect("hears of the end of the pool once, settles what it has and is at rest", () =>
    Effect.gen(function*() {
      const { host, submitter } = yield* made
      const echo = Jobs.protocol.messages[0]!
      assert.strictEqual(submitter.submit(echo, { n: 1 }, undefined), 0)
      assert.deepStrictEqual([submitter.depth, submitter.isReady()], [1, false])
      host.table.setPhase(ENDED)
      assert.isTrue(submitter.isReady())
      assert.isTrue(submitter.poll())
      // Whoever is ready for ever never sleeps.
      assert.deepStrictEqual([submitter.isReady(), submitter.depth, submitter.isBusy], [false, 0, false])
      assert.strictEqual(submitter.ended?._tag, "Stopped")
      assert.notStrictEqual(submitter.submit(echo, { n: 2 }, undefined), 0)
    }))

  it.effect("has who holds a job replaced that nobody waits for any more, when its grace is over", () =>
    Effect.gen(function*() {
      const { host: { table }, overdue, submitter } = yield* made
      const number = numberOf(0, 1)
      table.started(number)
      const echo = Jobs.protocol.messages[0]!
      const [held, done] = [0, 1].map((n) => {
        const job = new Job(submitter, echo, { n }, undefined, Infinity, () => {}, undefined)
        submitter.submit(echo, { n }, job)
        return job
      }) as [Job, Job]
      for (const { slot } of [held, done]) table.begin(slot, number)
      held.withdraw()
      done.withdraw()
      yield* TestClock.adjust(999)
      assert.isTrue(table.write(done.slot))
      table.settle(done.slot, OUTCOME, 0)
      submitter.poll()
      assert.deepStrictEqual([overdue, submitter.outstanding], [[], 1])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(overdue, [[number, "Echo"]])
      // Its worker comes too late.
      assert.isFalse(table.write(held.slot))
      assert.strictEqual(submitter.outstanding, 1)
      table.ended(number)
      submitter.poll()
      assert.strictEqual(submitter.outstanding, 0)
    }))

  it.effect("gives the same grace to another worker that has begun the job since", () =>
    Effect.gen(function*() {
      const { host: { table }, overdue, submitter } = yield* made
      const echo = Jobs.protocol.messages[0]!
      const job = new Job(submitter, echo, { n: 1 }, undefined, Infinity, () => {}, undefined)
      submitter.submit(echo, { n: 1 }, job)
      const [first, second] = [numberOf(0, 1), numberOf(0, 2)]
      table.started(second)
      table.begin(job.slot, first)
      job.withdraw()
      table.again(job.slot)
      table.begin(job.slot, second)
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual([overdue, table.isWithdrawn(job.slot)], [[], true])
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(overdue, [[second, "Echo"]])
    }))

  it.effect("looks again for room in the arena that others have, of which nobody tells it", () =>
    Effect.gen(function*() {
      const { host, submitter } = yield* made
      const reverse = Jobs.protocol.messages.find(({ tag }) => tag === "Reverse")!
      const taken = host.arena.allocate(65_536)
      const outcomes: Array<unknown> = []
      submitter.wait({
        index: reverse.index,
        payload: { bytes: new Uint8Array(10_000) },
        span: undefined,
        ask: undefined,
        done: (refusal) => outcomes.push(refusal),
        abandoned: false
      })
      assert.deepStrictEqual([submitter.depth, submitter.isReady()], [1, true])
      submitter.poll()
      assert.deepStrictEqual(outcomes, [])
      host.arena.release(taken)
      submitter.poll()
      assert.deepStrictEqual([outcomes, submitter.outstanding, submitter.isReady()], [[undefined], 1, false])
    }))
})
