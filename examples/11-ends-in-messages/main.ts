/**
 * Questions whose answers are streams: each question carries the sending end of a channel of its own, and the thread that
 * answers closes it when it is done. A dead thread closes it too.
 *
 * Output:
 *
 *     2 3 5 7 11 13 17 19 23 29
 *     101 103 107 109
 *     the end is over there: EndMoved
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import { SharedChannel } from "shared-nothing"
import { Query, Sieve } from "./protocol.ts"

const program = Effect.gen(function*() {
  const queries = yield* SharedChannel.make(Query, { kind: "mpsc" })
  yield* Sieve.start({
    spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
    ends: { queries: queries.receiver }
  })

  const ask = Effect.fn(function*(from: number, to: number) {
    const primes = yield* SharedChannel.make(Schema.Int, { kind: "spsc", capacity: 4 })
    yield* queries.sender.send({ from, to, primes: primes.sender })
    const gone = yield* Effect.flip(primes.sender.send(1))
    return { gone: gone._tag, primes: yield* Stream.runCollect(primes.receiver.stream) }
  }, Effect.scoped)

  const [small, large] = yield* Effect.all([ask(1, 30), ask(100, 110)], { concurrency: 2 })
  yield* Console.log(small.primes.join(" "))
  yield* Console.log(large.primes.join(" "))
  yield* Console.log(`the end is over there: ${large.gone}`)
})

await Effect.runPromise(Effect.scoped(program))
