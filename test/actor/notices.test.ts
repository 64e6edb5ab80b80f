/** What an actor is told by its own thread, the ends of others and ticks, beside what senders tell it. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorControl, ActorSystem, ActorThread } from "shared-nothing"
import { Simulation } from "shared-nothing/testing"
import { settle } from "../contract/eventually.ts"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

const Member = Actor.make("Member", [Rpc.make("Stay")])
const MemberLive = Member.toLayer(Effect.succeed(Member.of({ Stay: () => Effect.void })))

const Host = Actor.make("Host", [
  Rpc.make("Watch", { payload: { who: Member.ref } }),
  Rpc.make("Wait"),
  Rpc.make("Note", { payload: { n: Schema.Int } }),
  Rpc.make("Left"),
  Rpc.make("Tick")
])

describe("what an actor is told by its thread", () => {
  for (const overflow of ["fail", "dropNewest", "dropOldest"] as const) {
    it.effect(`takes no room that senders want, with ${overflow}`, () => {
      const log: Array<string> = []
      const gate = Deferred.makeUnsafe<void>()
      const note = (what: string) => Effect.sync(() => void log.push(what))
      const HostLive = Host.toLayer(
        Effect.gen(function*() {
          const { watch } = yield* Host.watcher
          yield* Host.tick("Tick", "1 second")
          return Host.of({
            Watch: ({ who }) => watch.Left(who),
            Wait: () => Deferred.await(gate),
            Note: ({ n }) => note(`note ${n}`),
            Left: () => note("left"),
            Tick: () => note("tick")
          })
        }),
        { mailbox: { capacity: 2, overflow } }
      )
      return Effect.gen(function*() {
        const members = yield* Effect.forEach(["a", "b", "c"], (key) => Member.spawn(key))
        const host = yield* Host.spawn("h", { shutdown: "brutalKill" })
        for (const who of members) {
          yield* host.tell.Watch({ who })
          yield* settle
        }
        yield* host.tell.Wait()
        yield* settle
        yield* Effect.forEach(members, ActorControl.kill)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(
          [1, 2].map((n) => host.tellUnsafe.Note({ n })),
          [true, true]
        )
        if (overflow === "fail") assert.isFalse(host.tellUnsafe.Note({ n: 3 }))
        yield* Deferred.succeed(gate, undefined)
        yield* settle
        assert.deepStrictEqual(log, ["left", "left", "left", "tick", "note 1", "note 2"])
        assert.strictEqual(yield* host.depth, 0)
        // The room is that of before.
        assert.deepStrictEqual(
          [4, 5, 6].map((n) => host.tellUnsafe.Note({ n })),
          [true, true, overflow !== "fail"]
        )
      }).pipe(
        Effect.scoped,
        Effect.provide(Layer.mergeAll(MemberLive, HostLive).pipe(Layer.provideMerge(ActorSystem.layer)))
      )
    })
  }
})

const Pulse = Actor.make("Pulse", [
  Rpc.make("Crash"),
  Rpc.make("Beat"),
  Rpc.make("Beats", { success: Schema.Array(Schema.Int) })
])

/** Incarnations of a pulse, each of whose first tick waits behind a crash. */
const PulseLive = Pulse.toLayer(
  Effect.gen(function*() {
    const { incarnation } = yield* Actor.CurrentActor
    const beats: Array<number> = []
    yield* Pulse.tick("Beat", incarnation === 1 ? "10 millis" : "1 hour")
    return Pulse.of({
      Crash: () => Effect.andThen(Effect.sleep(100), Effect.die("crash")),
      Beat: () => Effect.sync(() => void beats.push(incarnation)),
      Beats: () => Effect.succeed(beats)
    })
  }),
  { mailbox: { survives: true } }
)

describe("a tick that waits at a crash", () => {
  it.effect("goes with its incarnation, also from a mailbox that survives", () =>
    Simulation.check(
      { seeds: tries(10), worker: () => ActorThread.launch(PulseLive) },
      Effect.gen(function*() {
        const pulse = yield* Pulse.spawn("p")
        yield* pulse.tell.Crash()
        yield* Effect.sleep("1 second")
        assert.strictEqual((yield* ActorControl.ping(pulse)).restarts, 1)
        assert.deepStrictEqual(yield* pulse.ask.Beats(), [])
      }).pipe(
        Effect.scoped,
        Effect.provide(ActorSystem.layerThreads({ spawn: noThread, threads: 1 }))
      )
    ))
})
