import * as Effect from "effect/Effect"
import { ActorThread } from "shared-nothing"
import { Greeter } from "./protocol.ts"

const GreeterLive = Greeter.toLayer(
  Effect.succeed(Greeter.of({ Greet: ({ name }) => Effect.succeed(`hello, ${name}`) }))
)

ActorThread.launch(GreeterLive)
