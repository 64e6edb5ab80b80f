/** The side of a pool that submits, by itself: what it does when others have ended the pool. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Deadlines } from "../../src/actor/kernel/Deadlines.ts"
import { ENDED, numberOf, OUTCOME, QUEUED } from "../../src/memory/JobTable.ts"
import { Job } from "../../src/pool/internal/job.ts"
import { createMemory, HOST_OWNER, inject, openMemory, ownerOf, rowOf } from "../../src/pool/internal/memory.ts"
import { PoolRecipient } from "../../src/pool/internal/poolRecipient.ts"
import { Submitter } from "../../src/pool/internal/submitter.ts"
import { thread } from "../../src/thread/kernel/CurrentThread.ts"
import { Jobs } from "../fixtures/jobs.ts"

const made = Effect.gen(function*() {
  const context = yield* Effect.context<never>()
  const clock = yield* Clock.Clock
  const memory = createMemory({ workers: 1, capacity: 2, arenaBytes: 65_536 })
  const host = openMemory(thread, memory, HOST_OWNER)
  const overdue: Array<readonly [number, string]> = []
  /** The submitter of an incarnation of the worker. */
  const open = (incarnation: number) => {
    const access = openMemory(thread, memory, ownerOf(0, incarnation))
    return new Submitter(access, {
      name: "Jobs/pool",
      row: rowOf(0),
      capacity: 2,
      deadlines: new Deadlines(context, clock, thread, () => {}),
      messages: Jobs.protocol.messages,
      attempts: Jobs.protocol.messages.map(() => 1),
      put: (slot) => inject(access, slot),
      watch: () => {},
      whyDown: () => ({ thread: "worker-9", reason: "it has ended" }),
      graceMillis: 1000,
      overdue: (number, tag) => overdue.push([number, tag]),
      failed: () => {}
    })
  }
  return { host, open, overdue, submitter: open(1) }
})

const echo = Jobs.protocol.messages[0]!

/** An asker, and what it has been told. */
const asking = (submitter: Submitter, n: number, then: () => void = () => {}) => {
  const told: Array<string> = []
  const job = new Job(
    submitter,
    echo,
    { n },
    undefined,
    Infinity,
    (exit) => {
      told.push(exit._tag === "Success" ? "answered" : (Cause.squash(exit.cause) as { readonly _tag: string })._tag)
      then()
    },
    undefined
  )
  assert.strictEqual(submitter.submit(echo, { n }, job), 0)
  return { job, told }
}

describe("Submitter", () => {
  it.effect("hears of the end of the pool once, settles what it has and is at rest", () =>
    Effect.gen(function*() {
      const { host, submitter } = yield* made
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
      const { job: held } = asking(submitter, 1)
      const { job: done } = asking(submitter, 2)
      for (const { slot } of [held, done]) table.begin(slot, number)
      held.withdraw()
      done.withdraw()
      yield* TestClock.adjust(999)
      assert.isTrue(table.write(done.slot))
      table.settle(done.slot, OUTCOME, 0)
      assert.deepStrictEqual(overdue, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(overdue, [[number, "Echo"]])
      submitter.poll()
      assert.strictEqual(submitter.outstanding, 1)
      // Its worker comes too late.
      assert.isFalse(table.write(held.slot))
      assert.strictEqual(submitter.outstanding, 1)
      table.ended(number)
      submitter.poll()
      assert.strictEqual(submitter.outstanding, 0)
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

  it.effect("finds what the one before it had taken back and was not done with when it died", () =>
    Effect.gen(function*() {
      const { host, open, submitter } = yield* made
      const number = numberOf(0, 1)
      host.table.started(number)
      for (const { job: { slot } } of [asking(submitter, 1), asking(submitter, 2)]) {
        host.table.begin(slot, number)
        host.table.settle(slot, OUTCOME, 0)
      }
      const into = new Int32Array(2)
      assert.strictEqual(host.table.takeFinished(rowOf(0), into), 2)
      const next = open(2)
      assert.deepStrictEqual([next.outstanding, next.isReady()], [0, false])
      asking(next, 3)
      asking(next, 4)
      assert.strictEqual(next.outstanding, 2)
    }))

  it.effect("does not take the job that a lost one has left its slot to for that one", () =>
    Effect.gen(function*() {
      const { host, submitter } = yield* made
      const number = numberOf(0, 1)
      host.table.started(number)
      const later: Array<ReturnType<typeof asking>> = []
      const first = asking(submitter, 1, () => {
        later.push(asking(submitter, 3), asking(submitter, 4))
        second.job.withdraw()
      })
      const second = asking(submitter, 2)
      for (const { job } of [first, second]) host.table.begin(job.slot, number)
      host.table.ended(number)
      submitter.poll()
      assert.deepStrictEqual([first.told, second.told], [["ThreadLost"], []])
      assert.deepStrictEqual(later.map(({ job }) => host.table.stageOf(job.slot)), [QUEUED, QUEUED])
    }))

  it.effect("tells who waits what saying why it is refused has thrown", () =>
    Effect.gen(function*() {
      const { host, submitter } = yield* made
      const recipient = new PoolRecipient(host, submitter, {
        protocol: Jobs.protocol,
        key: "pool",
        capacity: 2,
        waits: true,
        seatOf: () => undefined
      })
      const outcomes: Array<unknown> = []
      let reads = 0
      recipient.waitForRoom({
        index: echo.index,
        payload: {
          get n() {
            if (reads++ < 2) return "no number"
            throw new Error("read once too often")
          }
        },
        span: undefined,
        ask: undefined,
        done: (refusal) => outcomes.push(refusal),
        died: (defect) => outcomes.push(defect),
        abandoned: false
      })
      assert.deepStrictEqual(outcomes.map(String), ["Error: read once too often"])
      assert.strictEqual(recipient.depth(), 0)
    }))
})
