/** What the worker thread runs. It reads its environment as the main thread would: by `Config`, and by `workerData`. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import { workerData } from "node:worker_threads"
import { ActorThread } from "shared-nothing"
import { Greeter } from "./protocol.ts"

const { city } = workerData as { readonly city: string }

const GreeterLive = Greeter.toLayer(Effect.gen(function*() {
  // What is missing here fails the build, which the spawn is told.
  const greeting = yield* Effect.orDie(Config.String("GREETING"))
  const level = yield* References.MinimumLogLevel
  return Greeter.of({
    Greet: ({ name }) => Effect.succeed(`${greeting}, ${name} of ${city} (log level ${level})`)
  })
}))

// Services of the main thread end there: a logger, a log level, a tracer of a worker are provided in its own layer.
ActorThread.launch(GreeterLive.pipe(Layer.provide(Layer.succeed(References.MinimumLogLevel, "Warn"))))
