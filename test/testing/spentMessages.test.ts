/** A message in a mailbox that survives, whose handler ends its thread each time. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Actor, ActorSystem, ActorThread } from "shared-nothing"
import { Simulation } from "shared-nothing/testing"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

const Bomb = Actor.make("Bomb", [
  Rpc.make("Open", { payload: { n: Schema.Int } }),
  Rpc.make("Opened", { success: Schema.Array(Schema.Int) })
])

const BombLive = Bomb.toLayer(
  Effect.sync(() => {
    const opened: Array<number> = []
    return Bomb.of({
      Open: ({ n }) => Effect.sync(() => n === 2 ? process.exit(1) : void opened.push(n)),
      Opened: () => Effect.sync(() => opened.slice())
    })
  }),
  { mailbox: { survives: true }, supervision: { redeliver: { attempts: 2 } } }
)

const Threads = ActorSystem.layerThreads({
  spawn: noThread,
  threads: 1,
  intensity: { restarts: 2, within: "1 minute" }
})

describe("a message that ends its thread each time", () => {
  it.effect("is set aside after its attempts, and what is behind it is handled", () =>
    Simulation.check(
      { seeds: tries(50), worker: () => ActorThread.launch(BombLive), faults: { portDelay: 2, lateWake: 10 } },
      Effect.gen(function*() {
        const aside: Array<unknown> = []
        const { events } = yield* ActorSystem.ActorSystem
        yield* Effect.forkScoped(
          Stream.runForEach(Stream.fromPubSub(events), (event) =>
            Effect.sync(() => {
              if (event._tag === "MessageSetAside") aside.push([event.message, event.payload, event.attempts])
            })),
          { startImmediately: true }
        )
        const bomb = yield* Bomb.spawn("b")
        for (const n of [1, 2, 3]) yield* bomb.tell.Open({ n })
        const opened = yield* bomb.ask.Opened(undefined, { timeout: "1 hour" })
        assert.deepStrictEqual(opened, [3])
        yield* Effect.sleep("1 second")
        assert.deepStrictEqual(aside, [["Open", { n: 2 }, 2]])
      }).pipe(Effect.scoped, Effect.provide(Threads))
    ))
})
