/** What every worker thread of the pool runs. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Pool, PoolThread } from "shared-nothing"
import { Primes, TooLarge } from "./protocol.ts"

const MOST = 1_000_000_000

const isPrime = (n: number): boolean => {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return n > 1
}

const PrimesLive = Primes.toLayer(Effect.gen(function*() {
  const primes = yield* Pool.ref(Primes)
  return Primes.of({
    Behind: ({ number }) =>
      number > MOST
        ? Effect.fail(new TooLarge({ most: MOST }))
        : Stream.iterate(number + 1, (n) => n + 1).pipe(Stream.filter(isPrime)),
    // A job may read a stream of its own pool: its worker goes on with others meanwhile.
    Sum: ({ count }) => Effect.orDie(Stream.runSum(Stream.take(primes.ask.Behind({ number: 0 }), count)))
  })
}))

PoolThread.launch(PrimesLive)
