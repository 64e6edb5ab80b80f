/**
 * How soon this library serves again after a crash.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import type { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import type { Measured, Params } from "../runner/Case.ts"
import * as Sampling from "../runner/Sampling.ts"
import { Receiver, receiverLive } from "./actors.ts"
import type * as Loops from "./loops.ts"
import { spawnWorker } from "./threads.ts"

// Crashes are logged, and a log line costs more than a restart.
const silent = Effect.provideService(References.MinimumLogLevel, "None")

/** Asks until there is an answer: an ask may meet an actor that is being restarted. */
const served = (ref: Loops.Ref, value: number): Effect.Effect<number> =>
  Effect.catchCause(ref.ask.Add({ value }), () => Effect.andThen(Effect.yieldNow, served(ref, value)))

const measure = (params: Params, ref: Loops.Ref, crash: Effect.Effect<unknown, unknown>): Effect.Effect<Measured> =>
  Effect.promise(() =>
    Sampling.measureAsks(params, (count, replies) =>
      Effect.runPromise(silent(Effect.gen(function*() {
        for (let value = 0; value < count; value++) {
          yield* crash
          replies.addReply(yield* served(ref, value))
        }
      }))))
  )

/** A handler that dies, and an ask behind it. */
export const actor = (params: Params): Promise<Measured> =>
  Effect.flatMap(Receiver.spawn("receiver"), (ref) => measure(params, ref, ref.tell.Crash())).pipe(
    Effect.scoped,
    Effect.provide(Layer.provideMerge(receiverLive("answers"), ActorSystem.layer)),
    silent,
    Effect.runPromise
  )

/** A thread that is terminated from outside, and asks until its actor lives on a new one. */
export const thread = (params: Params): Promise<Measured> => {
  let worker: Worker | undefined
  const threads = ActorSystem.layerThreads({
    spawn: () => worker = spawnWorker("answers"),
    threads: 1,
    intensity: { restarts: 1_000, within: "1 second" }
  })
  return Effect.flatMap(
    Receiver.spawn("receiver", { placement: { thread: 0 } }),
    (ref) => measure(params, ref, Effect.promise(() => worker!.terminate()))
  ).pipe(Effect.scoped, Effect.provide(threads), silent, Effect.runPromise)
}
