/**
 * The crash that ends an actor for good is logged as an error, with its stack.
 *
 * Output:
 *
 *     WARN WARN WARN ERROR
 *     the error has the stack of the last crash: true
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem } from "shared-nothing"
import { outcome, until, whenUp } from "./support.ts"

const Fragile = Actor.make("Fragile", [
  Rpc.make("Boom", { payload: { n: Schema.Int } }),
  Rpc.make("Ping", { success: Schema.Int })
])
const FragileLive = Fragile.toLayer(Effect.succeed(Fragile.of({
  Boom: ({ n }) => Effect.die(new Error(`boom ${n}`)),
  Ping: () => Effect.succeed(1)
})))

const levels: Array<string> = []
const causes: Array<string> = []
const logger = Logger.make(({ cause, logLevel }) => {
  levels.push(logLevel.toUpperCase())
  causes.push(Cause.pretty(cause))
})
const program = Effect.gen(function*() {
  const fragile = yield* Fragile.spawn("fragile")
  for (let n = 1; n <= 4; n++) {
    yield* fragile.tell.Boom({ n })
    yield* outcome(whenUp(fragile.ask.Ping()))
  }
  yield* until(Effect.sync(() => levels.includes("ERROR")))
  console.log(levels.join(" "))
  const last = causes.at(-1) ?? ""
  console.log(`the error has the stack of the last crash: ${/boom 4/.test(last) && /silentEnd\.ts/.test(last) || last}`)
})
const system = FragileLive.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([logger])))
await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(system)))
