/**
 * A pool has more workers while there is more to do, and fewer afterwards: by hand, and then by itself. A worker that is worn is made anew. The entries of an account stay in order, whoever writes them.
 *
 * Output:
 *
 *     1 worker
 *     3 workers
 *     1 worker
 *     8 accounts, 400 entries, each account in order
 *     Pool.resize Journal/pool: threads is 4, expected an integer from 1 to 3
 *     from 1 to 2: waiting
 *     from 2 to 3: waiting
 *     from 3 to 2: idle
 *     from 2 to 1: idle
 *     worker-0 was made anew: jobs
 *     worker-0 was made anew: jobs
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { Journal } from "./protocol.ts"

const JournalPool = Pool.layer(Journal, {
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  // By hand: without `adapt: false` the pool decides itself.
  threads: { min: 1, max: 3, adapt: false }
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

/** The same protocol in a pool that looks itself what there is to do; quicker than it would have to be. */
const SizingPool = Pool.layer(Journal, {
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: { min: 1, max: 3, idle: "1 second", adapt: { cooldown: "100 millis" } }
})

const sizing = Effect.gen(function*() {
  const journal = yield* Pool.ref(Journal)
  yield* Effect.forkScoped(
    Stream.runForEach(Pool.events(journal), (event) =>
      event._tag === "Resized"
        ? Console.log(`from ${event.from} to ${event.to}: ${event.why}`)
        : Effect.void),
    { startImmediately: true }
  )
  const has = (workers: number) =>
    Effect.repeat(Pool.stats(journal), {
      until: ({ size }) => size === workers,
      schedule: Schedule.spaced("10 millis")
    })
  const work = Effect.forEach(Array.from({ length: 12 }), () => Effect.forever(journal.ask.Audit()), {
    concurrency: "unbounded"
  })
  yield* Effect.raceFirst(work, has(3))
  yield* has(1)
})

await Effect.runPromise(Effect.scoped(sizing).pipe(Effect.provide(SizingPool)))

/** A worker that has done a thousand jobs makes room for one that stands by. */
const RecyclingPool = Pool.layer(Journal, {
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: 1,
  standby: 1,
  recycle: { jobs: 1000, heapBytes: 512 * 1024 * 1024 }
})

const recycling = Effect.gen(function*() {
  const journal = yield* Pool.ref(Journal)
  const recycled = Stream.filter(Pool.events(journal), (event) => event._tag === "WorkerRecycled")
  const heard = yield* Effect.forkScoped(
    Stream.runForEach(
      Stream.take(recycled, 2),
      (event) => Console.log(`worker-${event.place} was made anew: ${event.why}`)
    ),
    { startImmediately: true }
  )
  const work = Effect.forever(journal.ask.Write({ account: "a", entry: 1 }))
  yield* Effect.raceFirst(work, Fiber.join(heard))
})

await Effect.runPromise(Effect.scoped(recycling).pipe(Effect.provide(RecyclingPool)))
