/**
 * A pool to which only so many jobs are given a minute, and only so many at once: Effect's own limits, around the asks.
 *
 * Output:
 *
 *     8 of 12 are let in; the others: RateLimitExceeded
 *     2 of 6 at once, and all are done
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { Hashing } from "./25-a-pool-of-workers/protocol.ts"

const texts = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => `text ${i}`)

const rate = Effect.gen(function*() {
  const hashing = yield* Pool.ref(Hashing)
  const withLimiter = yield* RateLimiter.makeWithRateLimiter
  // With `onExceeded: "delay"` the others would be asked as soon as the rate allows.
  const limited = withLimiter({ key: "hashing", limit: 8, window: "1 minute", onExceeded: "fail" })
  const outcomes = yield* Effect.forEach(
    texts(12),
    (text) => Effect.result(limited(hashing.ask.Sha256({ text, rounds: 10 }))),
    { concurrency: "unbounded" }
  )
  const refused = outcomes.filter(Result.isFailure).map(({ failure }) => failure)
  const why = new Set(refused.map((error) => error._tag === "RateLimiterError" ? error.reason._tag : error._tag))
  yield* Console.log(`${12 - refused.length} of 12 are let in; the others: ${[...why].join(", ")}`)
})

const atOnce = Effect.gen(function*() {
  const hashing = yield* Pool.ref(Hashing)
  const permits = yield* Semaphore.make(2)
  let running = 0
  let most = 0
  const ask = (text: string) =>
    Effect.suspend(() => {
      most = Math.max(most, ++running)
      return hashing.ask.Sha256({ text, rounds: 100 })
    }).pipe(Effect.ensuring(Effect.sync(() => void running--)))
  const digests = yield* Effect.forEach(texts(6), (text) => permits.withPermit(ask(text)), { concurrency: "unbounded" })
  yield* Console.log(`${most} of ${digests.length} at once, and all are done`)
})

const HashingPool = Pool.layer(Hashing, {
  spawn: () => new Worker(new URL("./25-a-pool-of-workers/worker.ts", import.meta.url))
})
const Limits = RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))

await Effect.runPromise(Effect.andThen(rate, atOnce).pipe(Effect.provide([HashingPool, Limits])))
