import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorSystem, ActorThread } from "shared-nothing"
import { Probe, Simulation, StandIn, TestSystem } from "shared-nothing/testing"

const Bell = Actor.make("Bell", [
  Rpc.make("Ring", { payload: { times: Schema.Int } }),
  Rpc.make("Hush"),
  Rpc.make("Rings", { success: Schema.Int })
])

const Sexton = Actor.make("Sexton", [
  Rpc.make("Wake", { payload: { bell: Bell.ref } }),
  Rpc.make("Count", { payload: { bell: Bell.ref }, success: Schema.Int })
])

const SextonLive = Sexton.toLayer(Effect.succeed(Sexton.of({
  Wake: ({ bell }) =>
    Effect.gen(function*() {
      yield* Effect.sleep("1 minute")
      yield* Effect.orDie(bell.tell.Ring({ times: 3 }))
      yield* Effect.orDie(bell.tell.Hush())
    }),
  Count: ({ bell }) => Effect.orDie(bell.ask.Rings())
})))

const Test = TestSystem.layer(SextonLive)

describe("Probe", () => {
  it.effect("expects messages in order, and lets the time of a test pass while it waits", () =>
    Effect.gen(function*() {
      const bell = yield* Probe.make(Bell)
      const sexton = yield* Sexton.spawn("s")
      yield* sexton.tell.Wake({ bell: bell.ref })
      yield* bell.expectNone("59 seconds")
      assert.deepStrictEqual(yield* bell.expect("Ring", { times: 3 }), { times: 3 })
      yield* bell.expect("Hush")
      yield* bell.expectNone()
    }).pipe(Effect.provide(Test)))

  it.effect("says what has arrived instead, and when", () =>
    Effect.gen(function*() {
      const bell = yield* Probe.make(Bell, { key: "big" })
      yield* TestClock.adjust("1500 millis")
      yield* bell.ref.tell.Ring({ times: 7 })
      const error = yield* Effect.flip(bell.expect("Ring", { times: 3 }))
      assert.strictEqual(
        error.message,
        `Probe of Bell/big expected Ring with {"times":3}; what has arrived:\n  1.500 s  Ring {"times":7}`
      )
      const missing = yield* Effect.flip(bell.inAnyOrder(["Hush", "Ring"]))
      assert.include(missing.message, "expected Hush, Ring in any order")
    }).pipe(Effect.provide(Test)))

  it.effect("takes messages in any order, or fishes for one", () =>
    Effect.gen(function*() {
      const bell = yield* Probe.make(Bell)
      yield* bell.ref.tell.Ring({ times: 1 })
      yield* bell.ref.tell.Hush()
      assert.deepStrictEqual((yield* bell.inAnyOrder(["Hush", "Ring"])).map(({ tag }) => tag), ["Ring", "Hush"])
      yield* bell.ref.tell.Ring({ times: 1 })
      yield* bell.ref.tell.Ring({ times: 2 })
      assert.deepStrictEqual(yield* bell.fishFor("Ring", ({ times }) => times === 2), { times: 2 })
      assert.deepStrictEqual(yield* bell.left, [])
    }).pipe(Effect.provide(Test)))

  it.effect("answers from a table", () =>
    Effect.gen(function*() {
      const bell = yield* Probe.make(Bell, { answers: { Rings: () => Effect.succeed(12) } })
      const sexton = yield* Sexton.spawn("s")
      assert.strictEqual(yield* sexton.ask.Count({ bell: bell.ref }), 12)
      yield* bell.expect("Rings")
    }).pipe(Effect.provide(Test)))

  it.effect("expects the end of an actor, and says why it ended", () =>
    Effect.gen(function*() {
      const bell = yield* Probe.make(Bell)
      const sexton = yield* Effect.scoped(Sexton.spawn("s"))
      assert.strictEqual((yield* bell.expectDown(sexton))._tag, "Stopped")
      const other = yield* Sexton.spawn("t")
      assert.include((yield* Effect.flip(bell.expectDown(other))).message, "expected the end of Sexton/t")
    }).pipe(Effect.provide(Test)))

  it.effect("is sent messages from other threads", () =>
    Simulation.check(
      { seeds: 20, worker: () => ActorThread.launch(SextonLive) },
      Effect.gen(function*() {
        const bell = yield* Probe.make(Bell)
        const sexton = yield* Sexton.spawn("s")
        yield* sexton.tell.Wake({ bell: bell.ref })
        yield* bell.expect("Ring", { times: 3 }, "2 minutes")
        yield* bell.expect("Hush")
      }).pipe(Effect.provide(ActorSystem.layerThreads({
        spawn: () => {
          throw new Error("no real thread is started in a simulation")
        },
        threads: 1,
        ring: { capacityBytes: 4096 }
      })))
    ))
})

describe("StandIn", () => {
  it.effect("answers from a table, and is a defect for what is not in it", () =>
    Effect.gen(function*() {
      const bell = yield* Bell.spawn("b")
      assert.strictEqual(yield* bell.ask.Rings(), 4)
      assert.include(String(yield* Effect.exit(bell.ask.Hush())), "the stand-in for Bell has no answer to Hush")
    }).pipe(Effect.provide(TestSystem.layer(StandIn.fromTable(Bell, { Rings: () => Effect.succeed(4) })))))

  it.effect("spies on the real behaviour", () => {
    const { calls, layer } = StandIn.spy(SextonLive)
    return Effect.gen(function*() {
      const bell = yield* Probe.make(Bell, { answers: { Rings: () => Effect.succeed(2) } })
      const sexton = yield* Sexton.spawn("s")
      yield* sexton.ask.Count({ bell: bell.ref })
      assert.deepStrictEqual(calls.map(({ actor, exit, tag }) => [actor, tag, exit]), [[
        "Sexton/s",
        "Count",
        Exit.succeed(2)
      ]])
    }).pipe(Effect.provide(TestSystem.layer(layer)))
  })
})

describe("TestSystem", () => {
  it.effect("keeps events and logs, and releases what never ends without waiting", () =>
    Effect.gen(function*() {
      const Stuck = Actor.make("Stuck", [Rpc.make("Die")])
      const StuckLive = Stuck.toLayer(Effect.gen(function*() {
        yield* Effect.addFinalizer(() => Effect.never)
        return Stuck.of({ Die: () => Effect.die(new Error("oh")) })
      }))
      const [events, logs] = yield* Effect.gen(function*() {
        const stuck = yield* Stuck.spawn("a")
        const dying = yield* Effect.forkChild(Effect.exit(stuck.ask.Die()))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(dying)
        const test = yield* TestSystem.TestSystem
        return [yield* test.events, yield* test.logs] as const
      }).pipe(Effect.scoped, Effect.provide(TestSystem.layer(StuckLive)))
      assert.include(events.map(({ _tag }) => _tag), "ActorEnded")
      assert.isAbove(logs.length, 0)
    }))
})
