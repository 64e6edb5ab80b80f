/** A system, its threads and all, as the child of a supervisor. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, ActorThread, Child, Supervisor } from "shared-nothing"
import { Simulation } from "shared-nothing/testing"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

const Bomb = Actor.make("Bomb", [Rpc.make("Tick", { success: Schema.Int }), Rpc.make("Explode")])
const BombLive = Bomb.toLayer(
  Effect.succeed(Bomb.of({
    Tick: () => Effect.succeed(1),
    Explode: () => Effect.sync(() => process.exit(3))
  }))
)

const Threads = Child.layer(
  "threads",
  ActorSystem.layerThreads({ spawn: noThread, threads: 2, intensity: { restarts: 0, within: "1 second" } })
)

describe("a group of threads below a supervisor", () => {
  it.effect("is built again when it has used up its restarts, as often as the supervisor allows; then that gives up, and says why", () =>
    Simulation.check(
      { seeds: tries(20), worker: () => ActorThread.launch(BombLive) },
      Effect.gen(function*() {
        const top = yield* Supervisor.make("top", {
          strategy: "one-for-one",
          intensity: { restarts: 2, within: "1 minute" },
          children: [Threads, Child.effect("beside", Effect.never)]
        })
        for (const restarts of [0, 1, 2]) {
          assert.strictEqual((yield* top.child("threads")).restarts, restarts)
          yield* Effect.gen(function*() {
            const bomb = yield* Bomb.spawn("b")
            assert.strictEqual(yield* bomb.ask.Tick(), 1)
            yield* bomb.tell.Explode()
            yield* bomb.down
          }).pipe(Effect.scoped, Effect.provideContext(yield* top.get(Threads)))
          yield* Effect.sleep("1 second")
          if (restarts < 2) assert.strictEqual((yield* top.child("beside")).restarts, 0)
        }
        const exit = yield* top.exit
        assert.match(String(exit), /SystemGaveUp: threads has given up/)
      }).pipe(Effect.scoped)
    ))
})
