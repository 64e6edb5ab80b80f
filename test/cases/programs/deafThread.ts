/**
 * A worker reports uncaught exceptions, as error reporters do, and one comes. Its actors are answered afterwards, by it or
 * by the thread that replaces it.
 *
 * Output:
 *
 *     before: 1
 *     after: 1
 *     a new actor: 1
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { isMainThread } from "node:worker_threads"
import { Actor, ActorThread } from "shared-nothing"
import { outcomeSoon, runIn, threads, whenUp } from "./support.ts"

const Odd = Actor.make("Odd", [Rpc.make("Die"), Rpc.make("Throw"), Rpc.make("Ping", { success: Schema.Int })])
const OddLive = Odd.toLayer(Effect.succeed(Odd.of({
  Die: () => Effect.die(Object.create(null)),
  Throw: () =>
    Effect.sync(() => {
      setImmediate(() => {
        throw new Error("nobody catches this")
      })
    }),
  Ping: () => Effect.succeed(1)
})))

if (!isMainThread) {
  process.on("uncaughtException", () => {})
  ActorThread.launch(OddLive)
} else {
  const program = Effect.gen(function*() {
    const odd = yield* Odd.spawn("odd")
    const neighbour = yield* Odd.spawn("neighbour")
    const ping = (ref: typeof neighbour) => outcomeSoon(whenUp(ref.ask.Ping(undefined, { timeout: "5 seconds" })))
    console.log("before:", yield* ping(neighbour))
    yield* outcomeSoon(odd.ask.Die())
    yield* outcomeSoon(odd.ask.Throw())
    console.log("after:", yield* ping(neighbour))
    console.log("a new actor:", yield* ping(yield* Odd.spawn("new")))
  })
  await runIn(threads(import.meta.url, { heartbeat: { interval: "20 millis", timeout: "500 millis" } }), program)
}
