import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorControl, ActorSystem, ActorThread, Parcel } from "shared-nothing"
import { Simulation } from "shared-nothing/testing"
import { settle } from "../contract/eventually.ts"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

type Rhythm = "once" | "fixedDelay" | "fixedRate"

const Rhythm = Schema.Literals(["once", "fixedDelay", "fixedRate"])

const Session = Actor.make("Session", [
  /** Starts a timer of a key, which tells the text so many milliseconds later. */
  Rpc.make("Start", { payload: { key: Schema.String, rhythm: Rhythm, millis: Schema.Int, text: Schema.String } }),
  Rpc.make("Told", { payload: { text: Schema.String } }),
  Rpc.make("Cancel", { payload: { key: Schema.String } }),
  Rpc.make("CancelAll"),
  Rpc.make("IsActive", { payload: { key: Schema.String }, success: Schema.Boolean }),
  Rpc.make("Wait"),
  Rpc.make("Crash"),
  Rpc.make("Log", { success: Schema.Array(Schema.String) }),
  Rpc.make("Quiet")
])

interface World {
  readonly log: Array<string>
  gate: Deferred.Deferred<void>
}

const sessionOf = (world: World, quiet?: string) =>
  Session.toLayer(
    Effect.gen(function*() {
      const timers = yield* Session.timers
      const { incarnation } = yield* Actor.CurrentActor
      if (quiet !== undefined) yield* Session.receiveTimeout("Quiet", quiet as "1 second")
      return Session.of({
        Start: ({ key, millis, rhythm, text }) => timers[rhythm].Told(key, millis, { text }),
        Told: ({ text }) =>
          text === "again"
            ? Effect.andThen(
              timers.once.Told("key", 10, { text: "another" }),
              Effect.sync(() => void world.log.push(text))
            )
            : Effect.sync(() => void world.log.push(incarnation === 1 ? text : `${text} in ${incarnation}`)),
        Cancel: ({ key }) => timers.cancel(key),
        CancelAll: () => timers.cancelAll,
        IsActive: ({ key }) => timers.isActive(key),
        Wait: () => Deferred.await(world.gate),
        Crash: () => Effect.die(new Error("torn")),
        Log: () => Effect.succeed(world.log.slice()),
        Quiet: () => Effect.sync(() => void world.log.push("quiet"))
      })
    }),
    { shutdown: "brutalKill" }
  )

const inSession = <A, E>(
  body: (
    session: typeof Session.ref.Type,
    world: World,
    start: (rhythm: Rhythm, millis: number, text: string, key?: string) => Effect.Effect<void, unknown>
  ) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>,
  quiet?: string
) =>
  Effect.suspend(() => {
    const world: World = { log: [], gate: Deferred.makeUnsafe() }
    return Effect.gen(function*() {
      const session = yield* Session.spawn("s")
      yield* body(session, world, (rhythm, millis, text, key = "key") =>
        Effect.andThen(session.tell.Start({ key, rhythm, millis, text }), settle))
    }).pipe(
      Effect.scoped,
      Effect.provide(
        sessionOf(world, quiet).pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([])))
      )
    )
  })

const passing = (millis: number) => Effect.andThen(TestClock.adjust(millis), settle)

describe("a timer", () => {
  it.effect("that comes once is told at its time, with what it says, and is over when that is handled", () =>
    inSession((session, { log }, start) =>
      Effect.gen(function*() {
        yield* start("once", 100, "now")
        yield* passing(99)
        assert.deepStrictEqual([log, yield* session.ask.IsActive({ key: "key" })], [[], true])
        yield* passing(1)
        assert.deepStrictEqual([log, yield* session.ask.IsActive({ key: "key" })], [["now"], false])
        yield* passing(1000)
        assert.deepStrictEqual(log, ["now"])
      })
    ))

  it.effect("with a fixed delay comes so long after the last one was handled", () =>
    inSession((session, world, start) =>
      Effect.gen(function*() {
        yield* start("fixedDelay", 100, "beat")
        yield* passing(100)
        yield* session.tell.Wait()
        yield* passing(250)
        assert.deepStrictEqual([world.log, yield* session.depth], [["beat"], 2])
        yield* Deferred.succeed(world.gate, undefined)
        yield* settle
        assert.deepStrictEqual(world.log, ["beat", "beat"])
        yield* passing(99)
        assert.strictEqual(world.log.length, 2)
        yield* passing(1)
        assert.strictEqual(world.log.length, 3)
      })
    ))

  it.effect("with a fixed rate keeps its times, and makes up for none", () =>
    inSession((session, world, start) =>
      Effect.gen(function*() {
        yield* start("fixedRate", 100, "beat")
        yield* passing(100)
        yield* session.tell.Wait()
        yield* settle
        for (let i = 0; i < 5; i++) yield* passing(50)
        assert.deepStrictEqual([world.log, yield* session.depth], [["beat"], 2])
        yield* Deferred.succeed(world.gate, undefined)
        yield* settle
        // 350 milliseconds have gone: one waited, and the next comes at 400.
        assert.strictEqual(world.log.length, 2)
        yield* passing(49)
        assert.strictEqual(world.log.length, 2)
        yield* passing(1)
        assert.strictEqual(world.log.length, 3)
        for (let i = 0; i < 3; i++) yield* passing(100)
        assert.strictEqual(world.log.length, 6)
        yield* passing(99)
        assert.strictEqual(world.log.length, 6)
      })
    ))

  for (const how of ["started again", "cancelled", "cancelled with all"] as const) {
    it.effect(`that is ${how} takes back what waits in the mailbox`, () =>
      inSession((session, world, start) =>
        Effect.gen(function*() {
          yield* start("once", 100, "stale")
          yield* session.tell.Wait()
          yield* settle
          // In front of what is due by then.
          if (how === "started again") yield* start("once", 500, "fresh")
          if (how === "cancelled") yield* session.tell.Cancel({ key: "key" })
          if (how === "cancelled with all") yield* session.tell.CancelAll()
          yield* passing(100)
          assert.strictEqual(yield* session.depth, 3)
          yield* Deferred.succeed(world.gate, undefined)
          yield* settle
          assert.deepStrictEqual([world.log, yield* session.depth], [[], 0])
          yield* passing(500)
          assert.deepStrictEqual(world.log, how === "started again" ? ["fresh"] : [])
          assert.isFalse(yield* session.ask.IsActive({ key: "key" }))
        })
      ))
  }

  it.effect("may be started anew by its own message", () =>
    inSession((session, { log }, start) =>
      Effect.gen(function*() {
        yield* start("once", 10, "again")
        yield* passing(10)
        assert.deepStrictEqual([log, yield* session.ask.IsActive({ key: "key" })], [["again"], true])
        yield* passing(10)
        assert.deepStrictEqual([log, yield* session.ask.IsActive({ key: "key" })], [["again", "another"], false])
      })
    ))

  it.effect("has a key of its own: others go on", () =>
    inSession((session, { log }, start) =>
      Effect.gen(function*() {
        yield* start("once", 10, "one", "a")
        yield* start("fixedRate", 20, "two", "b")
        yield* session.tell.Cancel({ key: "a" })
        yield* session.tell.Cancel({ key: "nobody" })
        yield* passing(20)
        assert.deepStrictEqual(log, ["two"])
      })
    ))

  it.effect("ends with its incarnation, also when it is due", () =>
    inSession((session, world, start) =>
      Effect.gen(function*() {
        yield* start("fixedRate", 10, "old", "a")
        yield* start("once", 10, "old", "b")
        yield* session.tell.Wait()
        yield* settle
        yield* session.tell.Crash()
        yield* passing(10)
        // One at hand, the crash, and two that are due behind it.
        assert.strictEqual(yield* session.depth, 4)
        yield* Deferred.succeed(world.gate, undefined)
        yield* settle
        assert.strictEqual((yield* ActorControl.ping(session)).restarts, 1)
        yield* passing(100)
        assert.deepStrictEqual([world.log, yield* session.depth], [[], 0])
      })
    ))

  it.effect("tells an actor nothing more that ends, and one that is paused when it goes on", () =>
    inSession((session, { log }, start) =>
      Effect.gen(function*() {
        yield* start("fixedRate", 10, "beat")
        yield* ActorControl.pause(session)
        yield* passing(35)
        assert.deepStrictEqual(log, [])
        yield* ActorControl.resume(session)
        yield* settle
        assert.deepStrictEqual(log, ["beat"])
        yield* passing(5)
        assert.deepStrictEqual(log, ["beat", "beat"])
        yield* ActorControl.stop(session)
        yield* passing(100)
        assert.deepStrictEqual(log, ["beat", "beat"])
      })
    ))

  it.effect("that makes no sense is a defect of the handler that starts it", () =>
    Effect.gen(function*() {
      const Bad = Actor.make("Bad", [
        Rpc.make("Later", { payload: { millis: Schema.Number, n: Schema.Number }, success: Schema.Void }),
        Rpc.make("Carry", { success: Schema.Void }),
        Rpc.make("Count", { payload: { n: Schema.Int } }),
        Rpc.make("Move", { payload: { parcel: Parcel.Unique } })
      ])
      const BadLive = Bad.toLayer(Effect.map(Bad.timers, ({ once }) =>
        Bad.of({
          Later: ({ millis, n }) => once.Count("key", millis, { n }),
          Carry: () => once.Move("key", 1, {} as never),
          Count: () => Effect.void,
          Move: () => Effect.void
        })))
      yield* Effect.gen(function*() {
        const bad = yield* Bad.spawn("b")
        const zero = yield* Effect.exit(bad.ask.Later({ millis: 0, n: 1 }))
        assert.include(String(zero), "Bad.timers: Count is 0, expected a duration above zero")
        const half = yield* Effect.exit(
          Effect.retry(bad.ask.Later({ millis: 1, n: 0.5 }), { while: (e) => e._tag === "ActorRestarting" })
        )
        assert.include(String(half), "the payload of Count to Bad.timers breaks its schema")
        const moved = yield* Effect.exit(Effect.retry(bad.ask.Carry(), { while: (e) => e._tag === "ActorRestarting" }))
        assert.include(String(moved), "expected a message that nothing moves with")
      }).pipe(
        Effect.scoped,
        Effect.provide(BadLive.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([]))))
      )
    }))
})

describe("a receive timeout", () => {
  it.effect("comes each time that no message has come for so long", () =>
    inSession((session, { log }) =>
      Effect.gen(function*() {
        yield* passing(60)
        yield* session.tell.Told({ text: "hello" })
        yield* settle
        yield* passing(99)
        assert.deepStrictEqual(log, ["hello"])
        yield* passing(1)
        assert.deepStrictEqual(log, ["hello", "quiet"])
        yield* passing(100)
        assert.deepStrictEqual(log, ["hello", "quiet", "quiet"])
      }), "100 millis"))

  it.effect("does not come while a handler runs, nor before its time afterwards", () =>
    inSession((session, world) =>
      Effect.gen(function*() {
        yield* session.tell.Wait()
        yield* passing(1000)
        assert.deepStrictEqual(world.log, [])
        yield* Deferred.succeed(world.gate, undefined)
        yield* passing(200)
        assert.deepStrictEqual(world.log, ["quiet", "quiet"].slice(0, world.log.length))
        assert.isAtLeast(world.log.length, 1)
        yield* ActorControl.stop(session)
        yield* passing(1000)
        assert.isAtMost(world.log.length, 2)
      }), "100 millis"))
})

describe("timers on threads that are simulated", () => {
  it.effect("come in virtual time, and end with their incarnation", () => {
    const world: World = { log: [], gate: Deferred.makeUnsafe() }
    return Simulation.check(
      { seeds: tries(30), worker: () => ActorThread.launch(sessionOf(world)) },
      Effect.gen(function*() {
        world.log.length = 0
        const session = yield* Session.spawn("s", { placement: { thread: 0 } })
        yield* session.tell.Start({ key: "a", rhythm: "fixedRate", millis: 100, text: "rate" })
        yield* session.tell.Start({ key: "b", rhythm: "once", millis: 250, text: "once" })
        yield* Effect.sleep(360)
        assert.deepStrictEqual(yield* session.ask.Log(), ["rate", "rate", "once", "rate"])
        yield* session.tell.Crash()
        yield* Effect.sleep("1 second")
        assert.strictEqual((yield* session.ask.Log()).length, 4)
      }).pipe(
        Effect.scoped,
        Effect.provide([ActorSystem.layerThreads({ spawn: noThread, threads: 1 }), Logger.layer([])])
      )
    )
  })
})
