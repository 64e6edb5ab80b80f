/**
 * An actor on this thread: a protocol, a behaviour with private state, a reference to ask.
 *
 * Output:
 *
 *     Hello, Ada! You are guest 1.
 *     Hello, Grace! You are guest 2.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem } from "shared-nothing"

const Greeter = Actor.make("Greeter", [
  Rpc.make("Greet", { payload: { name: Schema.String }, success: Schema.String })
])

const GreeterLive = Greeter.toLayer(() => {
  let guests = 0
  return Greeter.of({
    Greet: ({ name }) => Effect.sync(() => `Hello, ${name}! You are guest ${++guests}.`)
  })
})

const program = Effect.gen(function*() {
  const greeter = yield* Greeter.spawn("door")
  yield* Console.log(yield* greeter.ask.Greet({ name: "Ada" }))
  yield* Console.log(yield* greeter.ask.Greet({ name: "Grace" }))
})

const Local = GreeterLive.pipe(Layer.provideMerge(ActorSystem.layer))

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Local)))
