/** Answers each query on the end that came with it, and closes that. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Sieve } from "./protocol.ts"

const isPrime = (n: number): boolean => {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false
  return n > 1
}

Sieve.launch(({ queries }) =>
  Stream.runForEach(queries.stream, ({ from, primes, to }) =>
    Effect.gen(function*() {
      for (let n = from; n <= to; n++) if (isPrime(n)) yield* primes.send(n)
      yield* primes.close
    }).pipe(
      // Who asked may have closed its end: then nobody wants the rest.
      Effect.catchTag("ChannelClosed", () => primes.close),
      Effect.orDie
    ))
)
