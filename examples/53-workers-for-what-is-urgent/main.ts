/**
 * However much there is to archive, one worker of two is there for what somebody looks at.
 *
 * Output:
 *
 *     page 4 is shown
 *     page 1 is archived
 *     page 2 is archived
 *     page 3 is archived
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { Pages } from "./protocol.ts"

// Of what is low one runs at a time.
const queue = { allowance: { low: 1 } }

const program = Effect.gen(function*() {
  const pages = yield* Pool.ref(Pages)
  const asked = [
    pages.ask.Archive({ page: 1 }),
    pages.ask.Archive({ page: 2 }),
    pages.ask.Archive({ page: 3 }),
    // Both workers would archive for a while.
    pages.ask.Preview({ page: 4 })
  ]
  yield* Effect.forEach(asked, (ask) => Effect.flatMap(ask, Console.log), { concurrency: "unbounded" })
})

await Effect.runPromise(program.pipe(Effect.provide(Pool.layer(Pages, {
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: 2,
  queue
}))))
