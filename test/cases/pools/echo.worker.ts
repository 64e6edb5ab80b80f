import * as Effect from "effect/Effect"
import { ActorThread } from "shared-nothing"
import { Echo } from "./echo.ts"

ActorThread.launch(Echo.toLayer(Effect.succeed(Echo.of({ Ping: () => Effect.succeed(1) }))))
