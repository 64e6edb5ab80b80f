/**
 * A pool with more work than it has room for: what is urgent is begun first, and the oldest of what is least urgent is given up, which who asked is told at once.
 *
 * Output:
 *
 *     page 1: MailboxFull
 *     page 2: MailboxFull
 *     page 3 is rendered, as number 2
 *     page 4 is shown, as number 1
 *     page 5 is rendered, as number 3
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { Pages } from "./protocol.ts"

const program = Effect.gen(function*() {
  const pages = yield* Pool.ref(Pages)
  // The only worker is busy for a second.
  yield* Effect.forkChild(pages.ask.Warm(), { startImmediately: true })
  const wanted = [
    pages.ask.Archive({ page: 1 }),
    pages.ask.Render({ page: 2 }),
    pages.ask.Render({ page: 3 }),
    // No room: the archive has to wait for another day, and then the page that was asked for first.
    pages.ask.Preview({ page: 4 }),
    pages.ask.Render({ page: 5 })
  ]
  const told = yield* Effect.forEach(
    wanted,
    (ask, i) => ask.pipe(Effect.catch((error) => Effect.succeed(`page ${i + 1}: ${error._tag}`))),
    { concurrency: "unbounded" }
  )
  for (const line of told) yield* Console.log(line)
})

await Effect.runPromise(program.pipe(Effect.provide(Pool.layer(Pages, {
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: 1,
  // The job that runs, and three that wait.
  queue: { capacity: 4, overflow: "dropOldest" }
}))))
