/**
 * A pool that the actors of all threads use: their jobs go to its workers and back past the main thread, which has made it.
 *
 * Output:
 *
 *     a: a9f74d1e, 8825e765
 *     b: 8825e765
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Worker } from "node:worker_threads"
import { ActorSystem, Pool } from "shared-nothing"
import { Hashing, Order } from "./protocol.ts"

const HashingPool = Pool.layer(Hashing, {
  spawn: () => new Worker(new URL("./hashing.worker.ts", import.meta.url)),
  threads: 2
})

const Threads = ActorSystem.layerThreads({
  spawn: () => new Worker(new URL("./order.worker.ts", import.meta.url)),
  threads: 2
})

const program = Effect.gen(function*() {
  const [a, b] = [yield* Order.spawn("a"), yield* Order.spawn("b")]
  const receipts = yield* Effect.all([
    a.ask.Receipt({ lines: ["tea", "milk"] }),
    b.ask.Receipt({ lines: ["milk"] })
  ], { concurrency: 2 })
  yield* Console.log(`a: ${receipts[0].join(", ")}`)
  yield* Console.log(`b: ${receipts[1].join(", ")}`)
})

// The pool first: the threads look for it while they start.
await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Threads.pipe(Layer.provideMerge(HashingPool)))))
