/** Messages that nobody will handle are counted, each once, whoever is left to do it. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as PubSub from "effect/PubSub"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, ActorThread } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { eventually, inSimulation, settle } from "../contract/eventually.ts"

const Keeper = Actor.make("Keeper", [
  Rpc.make("Note", { payload: { n: Schema.Int } }),
  /** Tells itself so many notes, and never ends. */
  Rpc.make("Hold", { payload: { notes: Schema.Int } }),
  Rpc.make("Enter", { success: Schema.Void })
])
const Clerk = Actor.make("Clerk", [
  Rpc.make("Send", { payload: { keeper: Keeper.ref, notes: Schema.Int }, success: Schema.Void }),
  /** Has an ask wait that nobody answers. */
  Rpc.make("Enter", { payload: { keeper: Keeper.ref } })
])

let held: Deferred.Deferred<void>

/** It ends with its thread, and not only its incarnation. */
const KeeperLive = Keeper.toLayer(
  Effect.gen(function*() {
    const self = yield* Keeper.self
    return Keeper.of({
      Note: () => Effect.void,
      Hold: ({ notes }) =>
        Effect.gen(function*() {
          for (let n = 0; n < notes; n++) yield* Effect.orDie(self.tell.Note({ n }))
          yield* Deferred.succeed(held, undefined)
          return yield* Effect.never
        }),
      Enter: () => Effect.void
    })
  }),
  { mailbox: { survives: true }, supervision: { restart: "temporary" } }
)
const ClerkLive = Clerk.toLayer(Effect.succeed(Clerk.of({
  Send: ({ keeper, notes }) =>
    Effect.gen(function*() {
      for (let n = 0; n < notes; n++) yield* Effect.orDie(keeper.tell.Note({ n }))
    }),
  Enter: ({ keeper }) => Effect.ignore(keeper.ask.Enter(undefined, { timeout: "1 hour" }))
})))

const Threads = ActorSystem.layerThreads({
  spawn: () => {
    throw new Error("no real thread is started in a simulation")
  },
  threads: 2,
  ring: { capacityBytes: 4096 }
})

const simulated = (program: Effect.Effect<unknown, unknown, ActorSystem.ActorSystem>) =>
  Effect.asVoid(Simulation.check(
    { seeds: 5, worker: () => ActorThread.launch(Layer.mergeAll(KeeperLive, ClerkLive)) },
    Effect.gen(function*() {
      held = yield* Deferred.make<void>()
      yield* program
    }).pipe(Effect.provide([Threads, Logger.layer([])]), inSimulation)
  ))

/** Waits until so many are counted, and looks again when all is quiet. */
const isDropped = (messages: number) =>
  Effect.gen(function*() {
    const { droppedMessages } = yield* ActorSystem.ActorSystem
    yield* eventually(droppedMessages, (dropped) => dropped >= messages, `${messages} dropped messages`)
    yield* settle
    assert.strictEqual(yield* droppedMessages, messages)
  })

/** How many messages a thread had not read when it was killed. */
const unreadOf = (thread: string) =>
  Effect.gen(function*() {
    const events = yield* PubSub.subscribe((yield* ActorSystem.ActorSystem).events)
    yield* Fault.kill(thread)
    while (true) {
      const event = yield* PubSub.take(events)
      if (event._tag === "ThreadEnded" && event.thread === thread) return event.unread
    }
  })

describe("what nobody will handle is counted", () => {
  it.effect("with a thread that dies: messages it had not read, and not what opened the way to their actor", () =>
    simulated(Effect.scoped(Effect.gen(function*() {
      const clerk = yield* Clerk.spawn("c", { placement: { thread: 0 } })
      const keeper = yield* Keeper.spawn("k", { placement: { thread: 1 } })
      yield* Fault.holdRings("worker-0", "1 hour")
      for (let n = 0; n < 3; n++) yield* clerk.tell.Enter({ keeper })
      assert.strictEqual(yield* unreadOf("worker-0"), 3)
    }))))

  it.effect("with an actor whose mailbox survives: what lies in it of threads that have died, and of its own", () =>
    simulated(Effect.scoped(Effect.gen(function*() {
      const keeper = yield* Keeper.spawn("k", { placement: { thread: 0 } })
      const clerk = yield* Clerk.spawn("c", { placement: { thread: 1 } })
      yield* keeper.tell.Hold({ notes: 2 })
      yield* Deferred.await(held)
      yield* clerk.ask.Send({ keeper, notes: 3 })
      yield* clerk.tell.Enter({ keeper })
      yield* settle
      yield* unreadOf("worker-1")
      yield* isDropped(0)
      yield* unreadOf("worker-0")
      // The one in hand, two of its own, and three of the clerk, whose ask nobody waits for.
      yield* isDropped(6)
    }))))

  it.effect("by who has sent it, where that lives", () =>
    simulated(Effect.scoped(Effect.gen(function*() {
      const keeper = yield* Keeper.spawn("k", { placement: { thread: 0 } })
      const clerk = yield* Clerk.spawn("c", { placement: { thread: 1 } })
      yield* keeper.tell.Hold({ notes: 2 })
      yield* Deferred.await(held)
      yield* clerk.ask.Send({ keeper, notes: 3 })
      yield* unreadOf("worker-0")
      yield* isDropped(6)
      yield* unreadOf("worker-1")
      yield* isDropped(6)
    }))))
})
