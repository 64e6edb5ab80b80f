/** Mailboxes that survive, on real threads that are killed: the promises that the simulation holds by seeds, once as it really is. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { Journal } from "../fixtures/surviving.ts"
import { until } from "../support/until.ts"
import { fixture, quiet, within } from "../system/threads.ts"

describe("a mailbox that survives", () => {
  it.live("keeps its messages when its thread is killed in the middle of a handler, and the asks among them", () => {
    const begun = new Int32Array(new SharedArrayBuffer(4))
    const workers: Array<Worker> = []
    const threads = ActorSystem.layerThreads({
      spawn: () => {
        const worker = new Worker(fixture("surviving"), { ...quiet, workerData: begun })
        workers.push(worker)
        return worker
      },
      threads: 1,
      readyTimeout: "1 minute"
    })
    return within(
      threads,
      Effect.gen(function*() {
        const journal = yield* Journal.spawn("j", { placement: { thread: 0 } })
        yield* journal.tell.Note({ n: 1 })
        yield* journal.tell.Stick({ n: 2 })
        const asked = yield* Effect.forkChild(journal.ask.Enter({ n: 3 }, { timeout: "1 minute" }), {
          startImmediately: true
        })
        yield* journal.tell.Note({ n: 4 })
        // Two is in hand, and holds the thread.
        yield* until(() => Atomics.load(begun, 0) === 2, () => "two was not begun")
        yield* Effect.promise(() => workers[0]!.terminate())
        assert.strictEqual(yield* Fiber.join(asked), 3)
        yield* until(() => Atomics.load(begun, 0) === 5, () => `${begun[0]} were begun`)
        // One was done with; two had been begun once.
        assert.deepStrictEqual(yield* journal.ask.Lines(), ["2 for the time 2", "3 for the time 1", "4 for the time 1"])
      })
    )
  })
})
