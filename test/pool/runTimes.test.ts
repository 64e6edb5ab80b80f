/** How long the run of a job may take, on real threads: jobs that hold their thread, and jobs that wait behind them. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import { Worker } from "node:worker_threads"
import { type ActorError, Pool } from "shared-nothing"
import { Jobs } from "../fixtures/jobs.ts"

const spawn = () => new Worker(new URL("../fixtures/jobs.worker.ts", import.meta.url), { stdout: true, stderr: true })

/** The test of a pool of one worker that no crash ends. */
const within = <A, E>(
  program: Effect.Effect<A, E, Pool.Pool<"Jobs"> | Scope.Scope>,
  options: Partial<Pool.PoolOptions> = {}
) => {
  const intensity = { restarts: 0, within: "1 minute" } as const
  const layer = Pool.layer(Jobs, {
    spawn,
    threads: 1,
    readyTimeout: "1 minute",
    grace: "100 millis",
    intensity,
    ...options
  })
  return Effect.scoped(program).pipe(Effect.provide(Layer.provideMerge(layer, Logger.layer([]))))
}

const forever = { timeout: "Infinity" } as const

const runOf = (error: ActorError.AskError) =>
  error._tag === "AskTimeout" && error.run !== undefined ? error.run : assert.fail(String(error))

describe("the time of a run on a thread", () => {
  it.live("is over for a job that holds its thread, which is replaced, and nothing else is lost", () =>
    within(
      Effect.gen(function*() {
        const jobs = yield* Pool.ref(Jobs)
        const before = yield* jobs.ask.Where({ runTimeout: "1 minute" })
        const spinning = yield* Effect.forkChild(Effect.flip(jobs.ask.Spin({ ...forever, runTimeout: "200 millis" })))
        const queued = yield* Effect.forEach(
          [1, 2, 3],
          (n) => Effect.forkChild(jobs.ask.Echo({ n }, { ...forever, runTimeout: "1 minute" }))
        )
        assert.isAtLeast(runOf(yield* Fiber.join(spinning)).ranMillis, 200)
        assert.deepStrictEqual(yield* Effect.forEach(queued, (fiber) => Fiber.join(fiber)), [1, 2, 3])
        assert.notStrictEqual((yield* jobs.ask.Where({ runTimeout: "1 minute" })).threadId, before.threadId)
        // One that was told as well, by the default of its pool.
        yield* jobs.tell.Spin()
        assert.strictEqual(yield* jobs.ask.Echo({ n: 4 }, { ...forever, runTimeout: "1 minute" }), 4)
        assert.strictEqual(yield* jobs.depth, 0)
      }),
      { runTimeout: "300 millis" }
    ))

  it.live("is none of the time in the queue, however long that is", () =>
    within(
      Effect.gen(function*() {
        const jobs = yield* Pool.ref(Jobs)
        yield* jobs.tell.Block({ millis: 1_500 })
        const limited = { ...forever, runTimeout: "1 second" } as const
        const asked = Effect.forEach([1, 2, 3], (n) => Effect.timed(jobs.ask.Echo({ n }, limited)), {
          concurrency: "unbounded"
        })
        for (const [took, n] of yield* asked) {
          assert.include([1, 2, 3], n)
          assert.isAtLeast(Duration.toMillis(took), 1_000)
        }
        // The same ask is too late for a time that goes in the queue, too.
        yield* jobs.tell.Block({ millis: 1_500 })
        const late = yield* Effect.flip(jobs.ask.Echo({ n: 4 }, { timeout: "1 second" }))
        assert.strictEqual(late._tag === "AskTimeout" && late.run, undefined)
      }),
      { grace: "10 seconds" }
    ))

  it.live("tells callbacks as well", () =>
    within(
      Effect.gen(function*() {
        const jobs = yield* Pool.ref(Jobs)
        const error = yield* Effect.flip(
          Effect.callback<number, ActorError.AskError>((resume) => {
            jobs.askUnsafe.Wait({ millis: 600_000 }, resume, { ...forever, runTimeout: "50 millis" })
          })
        )
        assert.isAtLeast(runOf(error).ranMillis, 50)
        assert.strictEqual(yield* jobs.ask.Interrupted(), 1)
      }),
      { grace: "10 seconds" }
    ))
})
