/**
 * A message of a pool that is answered with a stream: a worker makes it as far as it is read, and a little ahead.
 *
 * Output:
 *
 *     behind 100: 101, 103, 107, 109, 113
 *     two at once: 1009 and 10007
 *     the sum of the first ten: 129
 *     refused: up to 1000000000
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { Primes } from "./protocol.ts"

const program = Effect.gen(function*() {
  const primes = yield* Pool.ref(Primes)

  // It never ends. Who reads no further ends it, and no worker computes what nobody wants.
  const five = yield* primes.ask.Behind({ number: 100 }, { bufferSize: 8 }).pipe(Stream.take(5), Stream.runCollect)
  yield* Console.log(`behind 100: ${five.join(", ")}`)

  const firstBehind = (number: number) => Stream.runHead(primes.ask.Behind({ number }))
  const both = yield* Effect.all([firstBehind(1_000), firstBehind(10_000)], { concurrency: 2 })
  yield* Console.log(`two at once: ${both.map(Option.getOrThrow).join(" and ")}`)

  yield* Console.log(`the sum of the first ten: ${yield* primes.ask.Sum({ count: 10 })}`)

  yield* Stream.runDrain(primes.ask.Behind({ number: 2_000_000_000 })).pipe(
    Effect.catchTag("TooLarge", ({ most }) => Console.log(`refused: up to ${most}`))
  )
})

const PrimesPool = Pool.layer(Primes, { spawn: () => new Worker(new URL("./worker.ts", import.meta.url)), threads: 2 })

await Effect.runPromise(program.pipe(Effect.provide(PrimesPool)))
