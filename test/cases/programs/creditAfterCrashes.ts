/**
 * Asks of another thread wait in the mailbox of an actor when it crashes. Once they are settled, their credit is back.
 *
 * Output:
 *
 *     depth 0 after 4 crashes
 *     a tell: done
 *     an ask: 1
 */
import * as Effect from "effect/Effect"
import { isMainThread } from "node:worker_threads"
import { ActorThread } from "shared-nothing"
import { Probe, probeLive } from "./probe.ts"
import { outcome, outcomeSoon, runIn, threads, until, whenUp } from "./support.ts"

if (!isMainThread) {
  ActorThread.launch(probeLive({
    mailbox: { capacity: 8 },
    supervision: { intensity: { restarts: 1000, within: "1 minute" } }
  }))
} else {
  const program = Effect.gen(function*() {
    const probe = yield* Probe.spawn("probe")
    for (let round = 0; round < 4; round++) {
      yield* probe.tell.Crash({ afterMillis: 50 })
      yield* Effect.forEach([1, 2], () => outcome(probe.ask.Count()), { concurrency: 2 })
      yield* whenUp(probe.ask.Count())
    }
    yield* until(Effect.map(probe.depth, (depth) => depth === 0))
    console.log(`depth ${yield* probe.depth} after 4 crashes`)
    console.log("a tell:", yield* outcomeSoon(probe.tell.Note({ n: 1 })))
    console.log("an ask:", yield* outcomeSoon(probe.ask.Count()))
  })
  await runIn(threads(import.meta.url), program)
}
