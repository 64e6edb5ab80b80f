/** What actors have counted, asked of several threads at once: by the main thread and by a worker, also while one does not answer. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorStats, ActorSystem, ActorThread } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

const Counter = Actor.make("Counter", [
  Rpc.make("Add"),
  Rpc.make("Get", { success: Schema.Int }),
  Rpc.make("Report", { success: Schema.Array(Schema.Number) })
])

const CounterLive = Counter.toLayer(Effect.gen(function*() {
  const services = yield* Effect.context<ActorSystem.ActorSystem>()
  let count = 0
  return Counter.of({
    Add: () => Effect.sync(() => void count++),
    Get: () => Effect.sync(() => count),
    // What a worker sees.
    Report: () =>
      Effect.map(
        Effect.provideContext(Effect.all([Counter.stats, ActorSystem.stats]), services),
        ([{ actors, processed }, types]) => [actors, processed, types.length]
      )
  })
})).pipe(Layer.provide(ActorStats.layerTimes))

const Threads = ActorSystem.layerThreads({
  spawn: noThread,
  threads: 2,
  intensity: { restarts: 10, within: "1 second" }
})

const simulated = (program: Effect.Effect<void, unknown, ActorSystem.ActorSystem>) =>
  Simulation.check(
    { seeds: tries(20), worker: () => ActorThread.launch(CounterLive), faults: { portDelay: 2, lateWake: 10 } },
    Effect.provide(program, CounterLive.pipe(Layer.provideMerge(Threads)))
  )

const spawned = Effect.gen(function*() {
  const a = yield* Counter.spawn("a", { placement: { thread: 0 } })
  const b = yield* Counter.spawn("b", { placement: { thread: 1 } })
  const c = yield* Counter.spawn("c", { placement: "here" })
  for (const [i, ref] of [a, b, c].entries()) {
    for (let n = 0; n <= i; n++) yield* ref.tell.Add()
    yield* ref.ask.Get()
  }
  return { a, b, c }
})

describe("what actors on several threads count", () => {
  it.effect("is asked of all of them at once, by whichever thread, and goes on when their scope is over", () =>
    simulated(Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        const { a } = yield* spawned
        const { handlingTime, ...all } = yield* Counter.stats
        assert.deepInclude(all, { name: "Counter", actors: 3, processed: 9, pending: 0, failed: 0, missing: [] })
        assert.strictEqual(handlingTime!.count, 9)
        const each = yield* Counter.statsOfEach
        assert.deepStrictEqual(
          each.map((
            { handlingTime, key, processed, waitTime }
          ) => [key, processed, handlingTime!.count, waitTime!.count])
            .toSorted(([a], [b]) => String(a).localeCompare(String(b))),
          [["a", 2, 2, 2], ["b", 3, 3, 3], ["c", 4, 4, 4]]
        )
        assert.deepStrictEqual(yield* a.ask.Report(), [3, 9, 1])
      }))
      assert.deepInclude(yield* Counter.stats, { actors: 0, processed: 10 })
    })))

  it.effect("says which threads do not answer, within a second, and of one that has died what its next incarnation has done", () =>
    simulated(Effect.scoped(Effect.gen(function*() {
      const { b } = yield* spawned
      yield* Fault.stall("worker-1", "3 seconds")
      const before = yield* Clock.currentTimeMillis
      assert.deepInclude(yield* Counter.stats, { actors: 2, processed: 6, missing: ["worker-1"] })
      assert.isAtMost((yield* Clock.currentTimeMillis) - before, 1500)
      yield* Effect.sleep("5 seconds")
      assert.deepInclude(yield* Counter.stats, { actors: 3, processed: 9, missing: [] })
      yield* Fault.kill("worker-1")
      yield* Effect.sleep("5 seconds")
      assert.strictEqual(yield* b.ask.Get(), 0)
      assert.deepInclude(yield* Counter.stats, { actors: 3, processed: 7, missing: [] })
    }))))
})
