/** A name over several threads, of an actor that has ended for everybody while what it holds is not free. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem, ActorThread } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"

const Lock = Actor.make("Lock", [Rpc.make("Ping")])
const Nest = Actor.make("Nest", [Rpc.make("Cycle")])

let gate: Deferred.Deferred<void>
let holders = 0
/** The first one holds what it has until the gate is open. */
const held = Effect.suspend(() => holders++ === 0 ? Deferred.await(gate) : Effect.void)

const LockLive = Lock.toLayer(Effect.gen(function*() {
  const { key } = yield* Actor.CurrentActor
  if (key === "unbuilt") yield* Effect.uninterruptible(held)
  else yield* Effect.addFinalizer(() => held)
  return Lock.of({ Ping: () => Effect.void })
}))
const NestLive = Nest.toLayer(Effect.gen(function*() {
  const system = yield* ActorSystem.ActorSystem
  return Nest.of({
    Cycle: () =>
      Effect.scoped(Effect.asVoid(Lock.spawn("nested"))).pipe(
        Effect.provideService(ActorSystem.ActorSystem, system),
        Effect.orDie
      )
  })
}))

const Threads = ActorSystem.layerThreads({
  spawn: () => {
    throw new Error("no real thread is started in a simulation")
  },
  threads: 2,
  ring: { capacityBytes: 4096 }
})

/** How the actor comes to its end, on the first thread, in no less than five seconds. */
const ends = {
  "its scope has closed": ["closed", Effect.scoped(Lock.spawn("closed", { placement: { thread: 0 } }))],
  "its build was given up": [
    "unbuilt",
    Effect.flip(Effect.scoped(Lock.spawn("unbuilt", { placement: { thread: 0 } })))
  ],
  "it was spawned inside of its thread": [
    "nested",
    Effect.scoped(
      Effect.flatMap(
        Nest.spawn("nest", { placement: { thread: 0 } }),
        (nest) => nest.ask.Cycle(undefined, { timeout: "1 minute" })
      )
    )
  ]
} as const

const releases = {
  "what it holds is free": Effect.suspend(() => Deferred.succeed(gate, undefined)),
  "its thread is lost": Fault.kill("worker-0")
} as const

describe("a name is taken", () => {
  for (const [how, [key, end]] of Object.entries(ends)) {
    for (const [when, release] of Object.entries(releases)) {
      it.effect(`on every thread after ${how}, until ${when}`, () =>
        Effect.asVoid(Simulation.check(
          { seeds: 5, worker: () => ActorThread.launch(Layer.mergeAll(LockLive, NestLive)) },
          Effect.gen(function*() {
            gate = yield* Deferred.make<void>()
            holders = 0
            yield* end
            const again = Lock.spawn(key, { placement: { thread: 1 } })
            assert.strictEqual((yield* Effect.flip(Effect.scoped(again)))._tag, "NameTaken")
            yield* release
            const life = yield* Scope.make()
            yield* Effect.retry(Scope.provide(again, life), { schedule: Schedule.spaced("10 millis"), times: 100 })
            yield* Scope.close(life, Exit.void)
          }).pipe(Effect.scoped, Effect.provide([Threads, Logger.layer([])]))
        )))
    }
  }
})
