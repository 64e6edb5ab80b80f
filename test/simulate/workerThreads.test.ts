/** Scenarios of worker threads that have no origin elsewhere, in simulations: real threads are in `test/faults` and `test/thread`. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, ActorThread } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { eventually, inSimulation } from "../contract/eventually.ts"
import { at, noThread } from "./scenario.ts"

const Clerk = Actor.make("Clerk", [Rpc.make("File", { payload: { n: Schema.Int }, success: Schema.Int })])

let filed = 0
/** So many are answered; the next one keeps the actor busy for ever. */
let answers = 0
const ClerkLive = Clerk.toLayer(Effect.succeed(Clerk.of({
  File: ({ n }) => Effect.suspend(() => ++filed > answers ? Effect.never : Effect.succeed(n))
})))

const Threads = ActorSystem.layerThreads({
  spawn: noThread,
  threads: 1,
  intensity: { restarts: 3, within: "1 minute" }
})

describe("threads", () => {
  it.effect("W07 a thousand asks that wait for a thread which is terminated are each settled, once, and none is forgotten", () =>
    Simulation.check(
      { seeds: 5, worker: () => ActorThread.launch(ClerkLive) },
      Effect.gen(function*() {
        filed = 0
        answers = 33
        const clerk = yield* Clerk.spawn("c", at(0))
        let settled = 0
        const asks = Array.from({ length: 1_000 }, (_, n) =>
          Effect.tap(
            Effect.result(clerk.ask.File({ n }, { timeout: "1 hour" })),
            () => Effect.sync(() => void settled++)
          ))
        const asking = yield* Effect.forkScoped(Effect.all(asks, { concurrency: "unbounded" }))
        yield* eventually(Effect.sync(() => filed), (filed) => filed > 33, "33 filed")
        answers = Infinity
        yield* Fault.kill("worker-0")
        const results = yield* Fiber.join(asking)
        const failed = results.filter(Result.isFailure).map(({ failure }) => failure._tag)
        assert.strictEqual(settled, 1_000)
        assert.include(failed, "ThreadLost")
        // Those that never were on the thread are safe to ask again, and were asked again where that is promised.
        assert.deepStrictEqual(failed.filter((tag) => tag !== "ThreadLost" && tag !== "ActorRestarting"), [])
        for (const [n, result] of results.entries()) if (Result.isSuccess(result)) assert.strictEqual(result.success, n)
      }).pipe(Effect.scoped, Effect.provide(Threads), inSimulation)
    ))

  it.effect("W09 a thread that never comes up again is tried as often as the intensity says, and who waits for it is told", () => {
    let started = 0
    let isBroken = false
    const Module = Layer.suspend(() => {
      started++
      return isBroken ? Layer.effectDiscard(Effect.die(new Error("a bad module"))) : ClerkLive
    })
    return Simulation.check(
      { seeds: 5, worker: () => ActorThread.launch(Module) },
      Effect.gen(function*() {
        const escalation = yield* Effect.forkScoped(ActorSystem.escalation, { startImmediately: true })
        const clerk = yield* Clerk.spawn("c", at(0))
        assert.strictEqual(started, 1)
        isBroken = true
        const asking = yield* Effect.forkScoped(Effect.exit(clerk.ask.File({ n: 1 }, { timeout: "1 hour" })), {
          startImmediately: true
        })
        yield* Fault.kill("worker-0")
        const told = yield* Effect.exit(clerk.ask.File({ n: 2 }, { timeout: "1 hour" }))
        yield* Fiber.join(escalation)
        assert.isTrue(Exit.isFailure(yield* Fiber.join(asking)))
        assert.isTrue(Exit.isFailure(told))
        assert.strictEqual(started, 1 + 3)
        assert.strictEqual((yield* Effect.flip(Clerk.spawn("late")))._tag, "SpawnLost")
      }).pipe(
        Effect.scoped,
        Effect.provide(Layer.suspend(() => {
          started = 0
          answers = 0
          isBroken = false
          return Threads
        })),
        inSimulation
      )
    )
  })
})
