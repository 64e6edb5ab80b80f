/** A pool without threads, for unit tests of what uses one. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorSystem, Pool } from "shared-nothing"
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

// For layers that have more to say of themselves.
const answers = Smithy.of({
  Forge: ({ edge }) => Effect.succeed(edge),
  Temper: ({ millis }) => Effect.as(Effect.sleep(millis), millis),
  Sparks: ({ count }) => Stream.range(1, count),
  Lie: () => Effect.succeed(1),
  Break: () => Effect.die(new Error("cracked")),
  Both: ({ edge }) => Effect.succeed(edge)
})

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

  it.effect("a job that breaks concerns no other: what waits is done in order of sending once its worker is up again", () =>
    Effect.gen(function*() {
      const jobs = yield* smithy
      const done: Array<string> = []
      const ask = <A, E>(name: string, job: Effect.Effect<A, E>) =>
        Effect.forkChild(Effect.map(Effect.exit(job), ({ _tag }) => done.push(`${name} ${_tag}`)), {
          startImmediately: true
        })
      yield* ask("temper", jobs.ask.Temper({ millis: 1000 }))
      yield* ask("break", jobs.ask.Break())
      yield* ask("first", jobs.ask.Forge({ edge: 1 }))
      yield* jobs.tell.Break()
      yield* ask("sparks", Stream.runCollect(jobs.ask.Sparks({ count: 2 })))
      yield* ask("second", jobs.ask.Forge({ edge: 2 }))
      assert.strictEqual(yield* jobs.depth, 6)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(done, [
        "temper Success",
        "break Failure",
        "first Success",
        "sparks Success",
        "second Success"
      ])
      assert.strictEqual(yield* jobs.depth, 0)
    }).pipe(Effect.provide(Layer.provide(StandIn.pool(Smithy, SmithyLive, { workers: 1 }), AnvilLive))))

  it.effect("a worker that is built again has no job meanwhile", () => {
    let builds = 0
    const live = Smithy.toLayer(Effect.gen(function*() {
      if (++builds > 2) yield* Effect.sleep("3 seconds")
      return { ...answers, Forge: ({ edge }: { readonly edge: number }) => Effect.succeed(edge) }
    }))
    return Effect.gen(function*() {
      const jobs = yield* smithy
      yield* Effect.exit(jobs.ask.Break())
      // The other one is free.
      assert.strictEqual(yield* jobs.ask.Forge({ edge: 7 }), 7)
      yield* Effect.exit(jobs.ask.Break())
      const inTime = yield* Effect.forkChild(jobs.ask.Forge({ edge: 8 }, { timeout: "Infinity" }))
      const late = yield* Effect.forkChild(Effect.flip(jobs.ask.Forge({ edge: 9 }, { timeout: "1 second" })))
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(late)
      assert.strictEqual(error._tag === "AskTimeout" && `${error.actor} ${error.timeoutMillis}`, "Smithy/pool 1000")
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Fiber.join(inTime), 8)
    }).pipe(Effect.provide(StandIn.pool(Smithy, live, { workers: 2 })))
  })

  it.effect("a job that nobody waits for any more is not begun, or interrupted", () => {
    const begun: Array<number> = []
    const ended: Array<number> = []
    const live = StandIn.fromTable(Smithy, {
      Temper: ({ millis }) =>
        Effect.onInterrupt(
          Effect.andThen(Effect.sync(() => begun.push(millis)), Effect.as(Effect.sleep(millis), millis)),
          () => Effect.sync(() => ended.push(millis))
        ),
      Sparks: ({ count }) => Stream.fromEffect(Effect.sync(() => begun.push(count)))
    })
    return Effect.gen(function*() {
      const jobs = yield* smithy
      const ask = (millis: number) =>
        Effect.forkChild(jobs.ask.Temper({ millis }, { timeout: "Infinity" }), { startImmediately: true })
      const running = yield* ask(1000)
      const waiting = yield* ask(2000)
      const last = yield* ask(3000)
      const stream = Stream.runCollect(jobs.ask.Sparks({ count: 4000 }, { timeout: "1 second" }))
      const late = yield* Effect.forkChild(Effect.flip(stream), { startImmediately: true })
      const gone = yield* Effect.forkChild(stream, { startImmediately: true })
      yield* TestClock.adjust(1)
      yield* Fiber.interrupt(gone)
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(running)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(late))._tag, "AskTimeout")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(last), 3000)
      assert.deepStrictEqual([begun, ended], [[1000, 3000], [1000]])
    }).pipe(Effect.provide(StandIn.pool(Smithy, live, { workers: 1 })))
  })

  it.effect("a job is for the first worker that is free, however long the others take", () =>
    Effect.gen(function*() {
      const jobs = yield* smithy
      const ask = (millis: number) => Effect.forkChild(jobs.ask.Temper({ millis }, { timeout: "Infinity" }))
      const long = yield* ask(3_600_000)
      const short = yield* ask(1000)
      const next = yield* ask(1001)
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual([yield* Fiber.join(short), yield* Fiber.join(next)], [1000, 1001])
      yield* Fiber.interrupt(long)
    }).pipe(Effect.provide(Layer.provide(StandIn.pool(Smithy, SmithyLive, { workers: 2 }), AnvilLive))))

  const Forger = Actor.make("Forger", [Rpc.make("Hi")])
  const ForgerLive = Forger.toLayer(Effect.succeed({ Hi: () => Effect.void }))
  const Program = Layer.provideMerge(
    Layer.mergeAll(ForgerLive, Smithy.toLayer(Effect.sync(() => answers))),
    ActorSystem.layer
  )

  it.effect("is not in the system of the program, wherever it stands", () => {
    const live = Smithy.toLayer(Effect.sync(() => answers))
    const Same = Layer.provideMerge(Layer.mergeAll(ForgerLive, live), ActorSystem.layer)
    const pool = StandIn.pool(Smithy, live, { workers: 1 })
    const program = Effect.scoped(Effect.gen(function*() {
      yield* Forger.spawn("a")
      assert.isTrue(Option.isNone(yield* Smithy.lookup("worker-0")))
      const stats = yield* ActorSystem.stats
      assert.deepStrictEqual(stats.filter(({ actors }) => actors > 0).map(({ name }) => name), ["Forger"])
      const jobs = yield* smithy
      for (let n = 0; n < 6; n++) {
        const exit = yield* Effect.exit(jobs.ask.Break())
        assert.include(Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "", "cracked")
      }
    }))
    return Effect.gen(function*() {
      for (
        const layer of [
          Layer.mergeAll(pool, Program),
          Layer.mergeAll(Program, pool),
          Layer.mergeAll(pool, Same),
          Layer.mergeAll(Same, pool),
          Layer.provideMerge(pool, Same)
        ]
      ) yield* Effect.provide(program, layer, { local: true })
    })
  })

  it.effect("has its behaviours as a worker has them", () => {
    const helped: Array<string> = []
    const Helper = Actor.make("Helper", [Rpc.make("Die")])
    const HelperLive = Helper.toLayer(Effect.succeed({ Die: () => Effect.die(new Error("helper died")) }), {
      supervision: { restart: "temporary" }
    })
    const live = Smithy.toLayer(
      Effect.gen(function*() {
        const helper = yield* Helper.spawn("helper")
        const worker = yield* Pool.CurrentWorker
        return {
          ...answers,
          Both: () =>
            Effect.gen(function*() {
              assert.isUndefined(worker)
              yield* Effect.exit(helper.ask.Die())
              const error = yield* Effect.exit(helper.ask.Die())
              helped.push(Exit.isFailure(error) ? String(Cause.squash(error.cause)) : "")
              return 1
            })
        }
      }),
      { supervision: { decide: (cause) => Cause.hasDies(cause) ? "stop" : "resume" } }
    )
    return Effect.gen(function*() {
      const jobs = yield* smithy
      assert.strictEqual(yield* jobs.ask.Both({ edge: 1 }), 1)
      // A helper that is temporary stays away after its crash.
      assert.include(helped[0], "has stopped")
      // One that ends by what its behaviour says has a successor.
      yield* Effect.exit(jobs.ask.Break())
      assert.strictEqual(yield* jobs.ask.Both({ edge: 1 }), 1)
    }).pipe(Effect.provide(StandIn.pool(Smithy, Layer.provideMerge(live, HelperLive), { workers: 1 })))
  })

  it.effect("refuses what a pool refuses", () =>
    Effect.gen(function*() {
      const stashed = Smithy.toLayer(Effect.as(Smithy.stash({ capacity: 1 }), answers))
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(StandIn.pool(Smithy, stashed))))
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.propertyVal(error, "_tag", "SpawnFailed")
      assert.include(String((error as { readonly cause?: unknown }).cause), "pool is true, expected none")
      const other = yield* Effect.exit(Effect.scoped(Layer.build(StandIn.pool(Smithy, ForgerLive))))
      assert.propertyVal(Exit.isFailure(other) ? Cause.squash(other.cause) : undefined, "_tag", "BehaviourNotFound")
    }))

  it.effect("refuses options of a job that make no sense, and ignores its limit", () =>
    Effect.gen(function*() {
      const jobs = yield* smithy
      for (const options of [{ priority: "urgent" as never }, { runTimeout: 0 }, { runTimeout: "soon" as never }]) {
        const exit = yield* Effect.exit(jobs.ask.Forge({ edge: 1 }, options))
        assert.propertyVal(Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined, "_tag", "InvalidOptions")
      }
      const limited = yield* Effect.forkChild(jobs.ask.Temper({ millis: 1000 }, { runTimeout: 1 }))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(limited), 1000)
    }).pipe(Effect.provide(SmithyTest)))
})
