/**
 * A worker handles many short messages, 2 ms each, for longer than its heartbeat may be silent: all are handled, the
 * thread lives.
 *
 * Output:
 *
 *     handled 1000 of 1000
 *     threads that ended: 0
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { isMainThread } from "node:worker_threads"
import { Actor, ActorThread } from "shared-nothing"
import { watching } from "../../support/events.ts"
import { runIn, threads, whenUp } from "./support.ts"

const messages = 1000
const Press = Actor.make("Press", [
  Rpc.make("Print", { payload: { page: Schema.Int } }),
  Rpc.make("Printed", { success: Schema.Int })
])
const PressLive = Press.toLayer(Effect.sync(() => {
  let printed = 0
  return Press.of({
    Print: () =>
      Effect.sync(() => {
        const end = performance.now() + 2
        while (performance.now() < end);
        printed++
      }),
    Printed: () => Effect.sync(() => printed)
  })
}))

if (!isMainThread) ActorThread.launch(PressLive)
else {
  const program = Effect.gen(function*() {
    const events = yield* watching
    const press = yield* Press.spawn("press")
    for (let page = 0; page < messages; page++) yield* press.tell.Print({ page })
    const printed = yield* whenUp(press.ask.Printed(undefined, { timeout: "1 minute" }))
    console.log(`handled ${printed} of ${messages}`)
    console.log(`threads that ended: ${events.filter((event) => event._tag === "ThreadEnded").length}`)
  })
  await runIn(threads(import.meta.url, { heartbeat: { interval: "20 millis", timeout: "700 millis" } }), program)
}
