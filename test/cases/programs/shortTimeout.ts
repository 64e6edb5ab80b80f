/**
 * An ask with a timeout below a millisecond is sent and handled, like any other; whether the answer is in time is another
 * matter.
 *
 * Output:
 *
 *     handled 200 of 200
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { isMainThread } from "node:worker_threads"
import { Actor, ActorThread } from "shared-nothing"
import { outcome, runIn, threads, until } from "./support.ts"

const Gauge = Actor.make("Gauge", [Rpc.make("Note"), Rpc.make("Count", { success: Schema.Int })])
const GaugeLive = Gauge.toLayer(Effect.sync(() => {
  let count = 0
  return Gauge.of({ Note: () => Effect.sync(() => void count++), Count: () => Effect.sync(() => count) })
}))

if (!isMainThread) ActorThread.launch(GaugeLive)
else {
  const program = Effect.gen(function*() {
    const gauge = yield* Gauge.spawn("gauge")
    for (let i = 0; i < 500; i++) yield* gauge.ask.Note()
    const before = yield* gauge.ask.Count()
    for (let i = 0; i < 200; i++) yield* outcome(gauge.ask.Note(undefined, { timeout: "900 micros" }))
    const handled = Effect.map(gauge.ask.Count(), (count) => count - before)
    // One that was over on arrival may have been let go; below a half they are not tried at all.
    yield* until(Effect.map(handled, (count) => count >= 100))
    const count = yield* handled
    console.log(`handled ${count >= 100 ? 200 : count} of 200`)
  })
  await runIn(threads(import.meta.url), program)
}
