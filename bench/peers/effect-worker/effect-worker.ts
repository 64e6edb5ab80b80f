/**
 * Effect's `Worker.send` over a Node worker thread, without `effect/rpc`.
 */
import * as NodeWorker from "@effect/platform-node/NodeWorker"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as EffectWorker from "effect/workers/Worker"
import { Worker } from "node:worker_threads"
import type { Measured, Params, Tally } from "../../runner/Case.ts"
import * as Sampling from "../../runner/Sampling.ts"

const layer = NodeWorker.layer(() => new Worker(new URL("./effect-worker.worker.ts", import.meta.url)))

/** What travels to the worker: messages, and a question for what has been received. */
export type Request = Sampling.Message | "tally"

/** Sends everything at once, then asks what came. */
export const tell = (params: Params): Promise<Measured> =>
  Effect.gen(function*() {
    const platform = yield* EffectWorker.WorkerPlatform
    const worker = yield* platform.spawn<Tally, Request>(0)
    let received: Tally = { count: 0, checksum: 0 }
    let replied = Deferred.makeUnsafe<void>()
    yield* Effect.forkScoped(worker.run((tally) => {
      received = tally
      return Deferred.succeed(replied, undefined)
    }))
    const tally = Effect.gen(function*() {
      replied = Deferred.makeUnsafe()
      yield* worker.send("tally")
      yield* Deferred.await(replied)
    })
    yield* tally
    const once = Effect.gen(function*() {
      const start = performance.now()
      for (let id = 0; id < params.count; id++) yield* worker.send(Sampling.message(id))
      yield* tally
      return Sampling.nanosEach(performance.now() - start, params.count)
    })
    const samples = yield* Effect.promise(() => Sampling.sample(params, () => Effect.runPromise(once)))
    return {
      samples,
      received,
      expected: Sampling.expectedTally(params.count, params.samples + params.warmups)
    }
  }).pipe(Effect.scoped, Effect.provide(layer), Effect.runPromise)
