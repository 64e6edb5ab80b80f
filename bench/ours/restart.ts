/**
 * How soon this library serves again after a crash.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as References from "effect/References"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import type { SystemEvent } from "shared-nothing/actor/SystemEvent"
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

const measure = (
  params: Params,
  ref: Loops.Ref,
  crash: Effect.Effect<unknown, unknown>,
  prepare?: () => Promise<void>
): Effect.Effect<Measured> =>
  Effect.promise(() =>
    Sampling.measureAsks(params, (count, replies) =>
      Effect.runPromise(silent(Effect.gen(function*() {
        for (let value = 0; value < count; value++) {
          yield* crash
          replies.addReply(yield* served(ref, value))
        }
      }))), prepare)
  )

/** A handler that dies, and an ask behind it. */
export const actor = (params: Params): Promise<Measured> =>
  Effect.flatMap(Receiver.spawn("receiver"), (ref) => measure(params, ref, ref.tell.Crash())).pipe(
    Effect.scoped,
    Effect.provide(Layer.provideMerge(receiverLive("answers"), ActorSystem.layer)),
    silent,
    Effect.runPromise
  )

/** A thread that is terminated from outside, and asks until its actor lives on a new one, or on one of so many that stand by. */
export const thread =
  (standby: number, spawn: () => Worker = () => spawnWorker("answers")) => (params: Params): Promise<Measured> => {
    const workers: Array<Worker> = []
    const threads = ActorSystem.layerThreads({
      spawn: () => {
        const worker = spawn()
        workers.push(worker)
        return worker
      },
      threads: 1,
      standby,
      intensity: { restarts: 1_000, within: "1 second" }
    })
    return Effect.gen(function*() {
      const ref = yield* Receiver.spawn("receiver", { placement: { thread: 0 } })
      const events = yield* PubSub.subscribe((yield* ActorSystem.ActorSystem).events)
      const heard = (tag: SystemEvent["_tag"]): Effect.Effect<void> =>
        Effect.flatMap(PubSub.take(events), ({ _tag }) => _tag === tag ? Effect.void : heard(tag))
      // Whoever asks meanwhile takes a core from the thread that starts.
      const end = Effect.andThen(Effect.promise(() => workers.shift()!.terminate()), heard("ThreadRestarted"))
      // The reserve is full before a thread ends.
      const prepare = () => Effect.runPromise(heard("ThreadStandsBy"))
      return yield* measure(params, ref, end, standby === 0 ? undefined : prepare)
    }).pipe(Effect.scoped, Effect.provide(threads), silent, Effect.runPromise)
  }

/** The same without a reserve, of a worker whose file is one module. */
export const bundled = (file: () => Promise<URL>) => async (params: Params): Promise<Measured> => {
  const url = await file()
  return thread(0, () => new Worker(url, { argv: ["answers"] }))(params)
}
