/** Which function the file of a thread calls, and what a thread is called. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, ActorThread, PoolThread } from "shared-nothing"
import { noThread } from "../simulate/scenario.ts"
import { poolOf, simulated } from "../support/pooled.ts"

const Where = Actor.make("Where", [Rpc.make("Logs", { success: Schema.String })])
const WhereLive = Where.toLayer(
  Effect.succeed(Where.of({ Logs: () => Effect.map(References.CurrentLogAnnotations, (all) => String(all["thread"])) }))
)

const onActors = simulated(() => ActorThread.launch(WhereLive))
const onPool = simulated(() => PoolThread.launch(WhereLive))

const threaded = Effect.scoped(Where.spawn("a")).pipe(
  Effect.provide(ActorSystem.layerThreads({ threads: 1, spawn: noThread }))
)

describe("the file of a thread", () => {
  onActors("is refused by a pool when it calls ActorThread.launch", () =>
    Effect.gen(function*() {
      const error = String(yield* Effect.flip(poolOf(Where, { threads: 1 })))
      assert.include(error, `the file of thread "worker-0" calls ActorThread.launch`)
      assert.include(error, "needs PoolThread.launch")
    }))

  onPool("is refused by a system when it calls PoolThread.launch", () =>
    Effect.gen(function*() {
      const error = String(yield* Effect.flip(threaded))
      assert.include(error, `the file of thread "worker-0" calls PoolThread.launch`)
      assert.include(error, "needs ActorThread.launch")
    }))
})

describe("log lines of a worker of a pool", () => {
  onPool("name its thread", () =>
    Effect.gen(function*() {
      const where = yield* poolOf(Where, { threads: 1 })
      assert.strictEqual(yield* where.ask.Logs(), "worker-0")
    }))
})
