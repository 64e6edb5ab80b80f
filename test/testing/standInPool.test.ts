/** A pool without threads, for unit tests of what uses one. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Actor, Pool } from "shared-nothing"
import { StandIn } from "shared-nothing/testing"

class Blunt extends Schema.TaggedError<Blunt>("test/standInPool/Blunt")("Blunt", { edge: Schema.Int }) {}

const Smithy = Actor.make("Smithy", [
  Rpc.make("Forge", { payload: { edge: Schema.Int }, success: Schema.Int, error: Blunt }),
  Rpc.make("Temper", { payload: { millis: Schema.Int }, success: Schema.Int }),
  Rpc.make("Sparks", { payload: { count: Schema.Int }, success: Schema.Int, stream: true }),
  Rpc.make("Lie", { success: Schema.Int }),
  Rpc.make("Break"),
  Rpc.make("Both", { payload: { edge: Schema.Int }, success: Schema.Int })
])

class Anvil extends Context.Service<Anvil, { readonly weight: number }>()("test/standInPool/Anvil") {}

// As the file of its worker would launch it: with its own pool, and a service.
const SmithyLive = Smithy.toLayer(Effect.gen(function*() {
  const own = yield* Pool.ref(Smithy)
  const { weight } = yield* Anvil
  return Smithy.of({
    Forge: ({ edge }) => edge < 0 ? Effect.fail(new Blunt({ edge })) : Effect.succeed(edge * weight),
    Temper: ({ millis }) => Effect.as(Effect.sleep(millis), millis),
    Sparks: ({ count }) => Stream.range(1, count),
    Lie: () => Effect.succeed("no number" as unknown as number),
    Break: () => Effect.die(new Error("cracked")),
    Both: ({ edge }) =>
      Effect.map(
        Effect.all([own.ask.Forge({ edge }), own.ask.Forge({ edge })], { concurrency: 2 }),
        ([a, b]) => a + b
      ).pipe(Effect.orDie)
  })
}))

const AnvilLive = Layer.succeed(Anvil, { weight: 10 })
const SmithyTest = Layer.provide(StandIn.pool(Smithy, SmithyLive, { workers: 3 }), AnvilLive)
const smithy = Pool.ref(Smithy)

describe("a stand-in for a pool", () => {
  it.effect("has the jobs of Pool.ref done by a layer, on this thread", () =>
    Effect.gen(function*() {
      const jobs = yield* smithy
      assert.strictEqual(yield* jobs.ask.Forge({ edge: 2 }), 20)
      assert.strictEqual(yield* jobs.ask.Forge({ edge: 3 }, { key: "ada", priority: "high" }), 30)
      const error = yield* Effect.flip(jobs.ask.Forge({ edge: -1 }))
      assert.instanceOf(error, Blunt)
      yield* jobs.tell.Temper({ millis: 0 }, { key: "ada" })
      assert.isTrue(jobs.tellUnsafe.Temper({ millis: 0 }))
      assert.deepStrictEqual(yield* Stream.runCollect(jobs.ask.Sparks({ count: 3 })), [1, 2, 3])
      assert.strictEqual(`${jobs.name}/${jobs.key}`, "Smithy/pool")
    }).pipe(Effect.provide(SmithyTest)))

  it.effect("checks payloads and replies, as between threads", () =>
    Effect.gen(function*() {
      const jobs = yield* smithy
      const invalid = yield* Effect.flip(jobs.ask.Forge({ edge: "sharp" as unknown as number }))
      assert.strictEqual(invalid._tag, "InvalidPayload")
      const exit = yield* Effect.exit(jobs.ask.Lie())
      assert.include(Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "", "the reply to Lie")
    }).pipe(Effect.provide(SmithyTest)))

  it.effect("does as many jobs at once as it has workers, and the others when one is free, by the clock of the test", () =>
    Effect.gen(function*() {
      const jobs = yield* smithy
      const done: Array<number> = []
      const asking = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3, 4], (n) => Effect.map(jobs.ask.Temper({ millis: 1000 }), () => done.push(n)), {
          concurrency: "unbounded"
        })
      )
      yield* Effect.yieldNow
      assert.strictEqual(yield* jobs.depth, 4)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(done, [1, 2, 3])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(asking)
      assert.deepStrictEqual(done, [1, 2, 3, 4])
      const late = yield* Effect.forkChild(Effect.flip(jobs.ask.Temper({ millis: 1000 }, { timeout: "10 millis" })))
      yield* TestClock.adjust("10 millis")
      assert.strictEqual((yield* Fiber.join(late))._tag, "AskTimeout")
      assert.strictEqual(yield* jobs.depth, 0)
    }).pipe(Effect.provide(SmithyTest)))

  it.effect("goes on however often a job breaks", () =>
    Effect.gen(function*() {
      const jobs = yield* smithy
      for (let n = 0; n < 30; n++) {
        const exit = yield* Effect.exit(jobs.ask.Break())
        assert.include(Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "", "cracked")
      }
      assert.strictEqual(yield* jobs.ask.Forge({ edge: 2 }), 20)
    }).pipe(Effect.provide(SmithyTest)))

  it.effect("is the pool of its own handlers, too", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* (yield* smithy).ask.Both({ edge: 2 }), 40)
    }).pipe(Effect.provide(SmithyTest)))

  it.effect("does the jobs of a collection", () =>
    Effect.gen(function*() {
      const jobs = yield* smithy
      const forged = Pool.map(jobs, [1, 2, 3, 4, 5], (edge) => jobs.ask.Forge({ edge }))
      assert.deepStrictEqual(yield* Stream.runCollect(forged), [10, 20, 30, 40, 50])
    }).pipe(Effect.provide(SmithyTest)))

  it.effect("answers from a table, and is watched by a spy", () => {
    const { calls, layer } = StandIn.spy(
      StandIn.fromTable(Smithy, { Forge: ({ edge }) => Effect.succeed(edge) })
    )
    return Effect.gen(function*() {
      const jobs = yield* smithy
      assert.strictEqual(yield* jobs.ask.Forge({ edge: 7 }), 7)
      assert.deepStrictEqual(calls.map(({ payload, tag }) => [tag, payload]), [["Forge", { edge: 7 }]])
      const exit = yield* Effect.exit(jobs.ask.Break())
      assert.include(Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "", "has no answer to Break")
    }).pipe(Effect.provide(StandIn.pool(Smithy, layer)))
  })

  it.effect("ends with its scope, also in the middle of a job that waits", () =>
    Effect.gen(function*() {
      const jobs = yield* Effect.scoped(Effect.gen(function*() {
        const context = yield* Layer.build(SmithyTest)
        const jobs = yield* Effect.provideContext(smithy, context)
        yield* jobs.tell.Temper({ millis: 3_600_000 })
        return jobs
      }))
      const error = yield* Effect.flip(jobs.ask.Forge({ edge: 1 }))
      assert.strictEqual(error._tag, "ActorStopped")
    }))

  it.effect("needs a worker, and says so", () =>
    Effect.gen(function*() {
      for (const workers of [0, 1.5, NaN, "4" as unknown as number]) {
        const layer = StandIn.pool(Smithy, StandIn.fromTable(Smithy, {}), { workers })
        const exit = yield* Effect.exit(Effect.scoped(Layer.build(layer)))
        const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.instanceOf(defect, RangeError)
      }
    }))
})
