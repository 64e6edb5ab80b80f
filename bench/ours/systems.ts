/**
 * Systems of many worker threads: their start, what they hold, what an ask of two of them takes, and their end.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import type { Measured, Params } from "../runner/Case.ts"
import { measureThreadsOf, type Threads } from "../runner/ManyThreads.ts"
import * as Sampling from "../runner/Sampling.ts"
import { Receiver } from "./actors.ts"

const layer = (file: URL, threads: number) =>
  ActorSystem.layerThreads({
    spawn: () => new Worker(file, { argv: ["answers"] }),
    threads,
    readyTimeout: "5 minutes"
  })

const receivers = (threads: number) =>
  Effect.forEach(
    Array.from({ length: threads }, (_, thread) => thread),
    (thread) => Receiver.spawn(`receiver-${thread}`, { placement: { thread } })
  )

const open = async (file: URL, threads: number): Promise<Threads> => {
  const scope = Scope.makeUnsafe()
  const context = await Effect.runPromise(Layer.buildWithScope(layer(file, threads), scope))
  const run = Effect.runPromiseWith(Context.add(context, Scope.Scope, scope))
  return {
    ask: async (replies) => {
      for (const [value, ref] of (await run(receivers(threads))).entries()) {
        replies.addReply(await run(ref.ask.Add({ value })))
      }
    },
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

/** As many threads as the count of the case says. */
export const measure =
  (figure: "start" | "memory" | "release", file: () => Promise<URL>) => async (params: Params): Promise<Measured> => {
    const url = await file()
    return measureThreadsOf(params, figure, (threads) => open(url, threads))
  }

/** Asks to two of so many threads in turn, all of which have been asked once; no more threads than asks. */
export const ask = (threads: number, file: () => Promise<URL>) => async (params: Params): Promise<Measured> => {
  const url = await file()
  const count = Math.min(threads, params.count)
  return Effect.gen(function*() {
    const refs = yield* receivers(count)
    for (const ref of refs) yield* ref.ask.Add({ value: 0 })
    return yield* Effect.promise(() =>
      Sampling.measureLatencies(params, (latencies, replies) =>
        Effect.runPromise(Effect.gen(function*() {
          for (let value = 0; value < latencies.length; value++) {
            const before = performance.now()
            replies.addReply(yield* Effect.orDie(refs[value % 2]!.ask.Add({ value })))
            latencies[value] = performance.now() - before
          }
        })))
    )
  }).pipe(Effect.scoped, Effect.provide(layer(url, count)), Effect.runPromise)
}
