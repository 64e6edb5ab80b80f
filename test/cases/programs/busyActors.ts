/**
 * Fifty actors with a full queue of half a millisecond each: no thread ends, and the timers of that thread go on meanwhile.
 *
 * Output:
 *
 *     threads that ended: 0
 *     timers fired while the actors worked: true
 *     handled 10000
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { isMainThread } from "node:worker_threads"
import { Actor, ActorThread } from "shared-nothing"
import { watching } from "../../support/events.ts"
import { runIn, threads, until } from "./support.ts"

const actors = 50
const each = 200
const Busy = Actor.make("Busy", [Rpc.make("Work")])
const Foreman = Actor.make("Foreman", [
  Rpc.make("Report", { success: Schema.Struct({ handled: Schema.Int, longestMillis: Schema.Number }) })
])

let handled = 0
let longestMillis = 0
const BusyLive = Busy.toLayer(Effect.succeed(Busy.of({
  Work: () =>
    Effect.sync(() => {
      const end = performance.now() + 0.25
      while (performance.now() < end);
      handled++
    })
})))
const ForemanLive = Foreman.toLayer(Effect.succeed(Foreman.of({
  Report: () => Effect.sync(() => ({ handled, longestMillis }))
})))

if (!isMainThread) {
  let last = performance.now()
  setInterval(() => {
    const now = performance.now()
    longestMillis = Math.max(longestMillis, now - last)
    last = now
  }, 5).unref()
  ActorThread.launch(Layer.merge(BusyLive, ForemanLive))
} else {
  const program = Effect.gen(function*() {
    const events = yield* watching
    const foreman = yield* Foreman.spawn("foreman")
    const busy = yield* Effect.forEach(Array.from({ length: actors }, (_, i) => i), (i) => Busy.spawn(`busy ${i}`))
    yield* Effect.forEach(busy, (one) => Effect.replicateEffect(one.tell.Work(), each), { concurrency: actors })
    const report = foreman.ask.Report(undefined, { timeout: "1 minute" })
    yield* until(Effect.map(report, (said) => said.handled === actors * each))
    const said = yield* report
    console.log(`threads that ended: ${events.filter((event) => event._tag === "ThreadEnded").length}`)
    console.log(`timers fired while the actors worked: ${said.longestMillis < 1000 || said.longestMillis}`)
    console.log(`handled ${said.handled}`)
  })
  await runIn(threads(import.meta.url), program)
}
