/**
 * How long a job may run, however long it has waited: a pattern that would take years is given up after a second, and what waits for longer than that behind it is done.
 *
 * Output:
 *
 *     ^a*!$: true
 *     ^(a+)+$: given up after 1000 ms
 *     ^a*$: false, after more than a second
 *     a!$: true, after more than a second
 *     the pool goes on: no restart was counted
 */
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Result from "effect/Result"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { Matching } from "./protocol.ts"

const text = `${"a".repeat(50)}!`
const patterns = ["^a*!$", "^(a+)+$", "^a*$", "a!$"]

const program = Effect.gen(function*() {
  const matching = yield* Pool.ref(Matching)
  // Each has the time of the pool for its run, and all the time that it takes to come to a worker.
  const test = (pattern: string) => Effect.timed(Effect.result(matching.ask.Test({ pattern, text })))
  const outcomes = yield* Pool.forEach(matching, patterns, test)
  for (const [i, [took, outcome]] of outcomes.entries()) {
    const said = Result.match(outcome, {
      onSuccess: (matches) => Duration.toSeconds(took) > 1 ? `${matches}, after more than a second` : `${matches}`,
      onFailure: (error) =>
        error._tag === "AskTimeout" && error.run !== undefined ? `given up after ${error.timeoutMillis} ms` : error._tag
    })
    yield* Console.log(`${patterns[i]}: ${said}`)
  }
  // One job has another limit, and the next one none.
  const quick = matching.ask.Test({ pattern: "^a*!$", text }, { runTimeout: "10 seconds" })
  const any = matching.ask.Test({ pattern: "^a*!$", text }, { runTimeout: "Infinity" })
  if ((yield* quick) && (yield* any)) yield* Console.log("the pool goes on: no restart was counted")
})

const MatchingPool = Pool.layer(Matching, {
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: 1,
  runTimeout: "1 second",
  grace: "50 millis",
  intensity: { restarts: 0, within: "1 minute" }
})

await Effect.runPromise(
  program.pipe(
    Effect.provide(MatchingPool),
    // That the thread was replaced is a warning.
    Effect.provideService(References.MinimumLogLevel, "None")
  )
)
