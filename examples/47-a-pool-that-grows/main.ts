/**
 * A pool has more workers while there is more to do, and fewer afterwards. The entries of an account stay in order, whoever writes them.
 *
 * Output:
 *
 *     1 worker
 *     3 workers
 *     1 worker
 *     8 accounts, 400 entries, each account in order
 *     Pool.resize Journal/pool: threads is 4, expected an integer from 1 to 3
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { Journal } from "./protocol.ts"

const JournalPool = Pool.layer(Journal, {
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: { min: 1, max: 3 }
})

const program = Effect.gen(function*() {
  const journal = yield* Pool.ref(Journal)
  const say = Effect.flatMap(
    Pool.stats(journal),
    ({ size }) => Console.log(size === 1 ? "1 worker" : `${size} workers`)
  )
  const accounts = Array.from({ length: 8 }, (_, i) => ({ account: `account-${i}`, written: [] as Array<number> }))

  /** Sends all entries without waiting for one before the next. */
  const write = Effect.forEach(
    accounts,
    ({ account, written }) =>
      Effect.forEach(
        Array.from({ length: 50 }, (_, entry) => entry),
        (entry) => Effect.tap(journal.ask.Write({ account, entry }), () => Effect.sync(() => written.push(entry))),
        {
          concurrency: 10
        }
      ),
    { concurrency: "unbounded" }
  )

  const resize = Effect.gen(function*() {
    yield* say
    yield* Pool.resize(journal, 3)
    yield* say
    yield* Pool.resize(journal, 1)
    yield* say
  })
  yield* Effect.all([write, resize], { concurrency: "unbounded" })

  const isInOrder = accounts.every(({ written }) => written.every((entry, i) => entry === i))
  const count = accounts.reduce((sum, { written }) => sum + written.length, 0)
  yield* Console.log(
    `${accounts.length} accounts, ${count} entries, ${isInOrder ? "each account in order" : "mixed up"}`
  )

  // What the pool was not made for is refused.
  yield* Effect.catchTag(Pool.resize(journal, 4), "InvalidOptions", ({ message }) => Console.log(message))
})

await Effect.runPromise(program.pipe(Effect.provide(JournalPool)))
