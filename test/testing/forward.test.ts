/** Messages that only the actor can answer that has them: jobs of a pool, and what lies in a mailbox that survives. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, ActorThread, Pool, PoolThread } from "shared-nothing"
import { Simulation } from "shared-nothing/testing"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

const Work = Actor.make("Work", [
  Rpc.make("Hand", { success: Schema.Unknown }),
  Rpc.make("Do", { success: Schema.Int })
])

const WorkLive = (options: Actor.BehaviourOptions) =>
  Work.toLayer(
    Effect.gen(function*() {
      const self = yield* Work.self
      return Work.of({ Hand: () => Actor.forward(self.ask.Hand()), Do: () => Effect.succeed(1) })
    }),
    options
  )

const refuses = (work: Actor.Ref<typeof Work>) =>
  Effect.gen(function*() {
    assert.include(String(yield* Effect.exit(work.ask.Hand())), "its message cannot be handed on to Work/")
    assert.strictEqual(yield* Effect.retry(work.ask.Do(), { times: 20 }), 1)
  })

describe("a message that only one can answer is not handed on", () => {
  it.effect("by a worker of a pool", () =>
    Simulation.check(
      { seeds: tries(4), worker: () => PoolThread.launch(WorkLive({})) },
      Effect.scoped(Effect.flatMap(Pool.make(Work, { spawn: noThread, threads: 1 }), refuses))
    ))

  it.effect("by an actor whose mailbox survives its thread", () =>
    Simulation.check(
      { seeds: tries(4), worker: () => ActorThread.launch(WorkLive({ mailbox: { survives: true } })) },
      Effect.gen(function*() {
        yield* refuses(yield* Work.spawn("a"))
      }).pipe(Effect.scoped, Effect.provide(ActorSystem.layerThreads({ spawn: noThread, threads: 1 })))
    ))
})
