/** Which job a worker takes next, and who is woken for it, in simulations. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Actor, Pool, PoolThread } from "shared-nothing"
import { Simulation } from "shared-nothing/testing"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

const Work = Actor.make("Work", [
  /** Submits itself so often, unless there was a stop. */
  Rpc.make("Again", { payload: { times: Schema.Int } }),
  /** Says how often that was by then. */
  Rpc.make("Stop", { success: Schema.Int }),
  Rpc.make("Rest", { payload: { millis: Schema.Int } }),
  Rpc.make("Boom"),
  /** Waits for a job of another pool, after a time, and says how many did at once by then. */
  Rpc.make("Wait", { payload: { after: Schema.Int }, success: Schema.Int })
])

/** A pool of its own, for what jobs of the other one wait for. */
const Slow = Actor.make("Slow", [Rpc.make("Rest", { payload: { millis: Schema.Int } })])

const SlowLive = Slow.toLayer(Effect.succeed(Slow.of({ Rest: ({ millis }) => Effect.sleep(millis) })))

const WorkLive = Layer.unwrap(Effect.sync(() => {
  let isStopped = false
  let times = 0
  let waiting = 0
  let most = 0
  return Work.toLayer(Effect.gen(function*() {
    const slow = yield* Pool.ref(Slow)
    return Work.of({
      Again: (job) =>
        Effect.gen(function*() {
          const work = yield* Pool.ref(Work)
          times++
          if (!isStopped && job.times > 0) yield* Effect.orDie(work.tell.Again({ times: job.times - 1 }))
        }),
      Stop: () =>
        Effect.sync(() => {
          isStopped = true
          return times
        }),
      Rest: ({ millis }) => Effect.sleep(millis),
      Boom: () => Effect.die(new Error("boom")),
      Wait: ({ after }) =>
        Effect.gen(function*() {
          if (after > 0) yield* Effect.sleep(after)
          most = Math.max(most, ++waiting)
          yield* Effect.orDie(slow.ask.Rest({ millis: 1000 }, { timeout: "Infinity" }))
          waiting--
          return most
        })
    })
  }))
}))

const Both = Layer.mergeAll(WorkLive.pipe(Layer.provide(Pool.layerJoin(Slow))), SlowLive)

const working = (
  name: string,
  threads: number,
  body: (work: Actor.Ref<typeof Work>) => Effect.Effect<unknown, unknown, Scope.Scope>
) =>
  it.effect(name, () =>
    Simulation.check(
      {
        name,
        seeds: tries(8),
        faults: { portDelay: 2, lateWake: 10 },
        worker: () => PoolThread.launch(Both)
      },
      Effect.scoped(Effect.gen(function*() {
        yield* Pool.make(Slow, { spawn: noThread, threads: 1, concurrency: 200 })
        yield* body(yield* Pool.make(Work, { spawn: noThread, threads }))
      }))
    ))

describe("a worker of a pool", () => {
  working("is not kept from jobs of others by a job that submits itself for ever", 1, (work) =>
    Effect.gen(function*() {
      const [, times] = yield* Effect.all([work.tell.Again({ times: 2000 }), work.ask.Stop({ timeout: "1 minute" })])
      assert.isBelow(times, 1000)
    }))

  working("takes what waits as soon as its handler waits for another pool", 1, (work) =>
    Effect.gen(function*() {
      const waiting = yield* Effect.forkChild(work.ask.Wait({ after: 20 }, { timeout: "1 minute" }))
      yield* Effect.sleep(1)
      yield* work.ask.Rest({ millis: 0 }, { timeout: "500 millis" })
      yield* Fiber.join(waiting)
    }))

  working("sleeps while all wait in handlers, whatever waits for them", 2, (work) =>
    Effect.gen(function*() {
      const rests = Array.from({ length: 4 }, () => work.ask.Rest({ millis: 1000 }, { timeout: "1 minute" }))
      yield* Effect.all(rests, { concurrency: "unbounded" })
    }))

  working(
    "has another one woken for what it leaves, so that a burst of jobs wakes all",
    4,
    (work) =>
      Effect.gen(function*() {
        // All sleep by then.
        yield* Effect.sleep(100)
        const before = yield* Clock.currentTimeMillis
        const rests = Array.from({ length: 4 }, () => work.ask.Rest({ millis: 10_000 }, { timeout: "1 minute" }))
        yield* Effect.all(rests, { concurrency: "unbounded" })
        assert.isBelow((yield* Clock.currentTimeMillis) - before, 11_000)
      })
  )

  working("goes on behind jobs that crash, whatever it has taken by then", 1, (work) =>
    Effect.gen(function*() {
      const jobs = [0, 1, 2, 3, 4].flatMap(() => [
        Effect.map(Effect.exit(work.ask.Boom({ timeout: "1 minute" })), Exit.isFailure),
        Effect.as(work.ask.Rest({ millis: 0 }, { timeout: "1 minute" }), true)
      ])
      const ended = yield* Effect.all(jobs, { concurrency: "unbounded" })
      assert.strictEqual(ended.filter((isRight) => isRight).length, 10)
    }))

  working("goes on with others while handlers wait, up to a number", 1, (work) =>
    Effect.gen(function*() {
      const waits = Array.from({ length: 400 }, () => work.ask.Wait({ after: 0 }, { timeout: "1 minute" }))
      const most = Math.max(...(yield* Effect.all(waits, { concurrency: "unbounded" })))
      assert.isAtLeast(most, 32)
      assert.isAtMost(most, 64)
    }))
})
