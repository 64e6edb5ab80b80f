/** What every worker thread runs. */
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import { ActorThread } from "shared-nothing"
import { ReaderLive } from "./readers.ts"

// The crash is in the log otherwise.
ActorThread.launch(ReaderLive.pipe(Layer.provide(Layer.succeed(References.MinimumLogLevel, "None"))))
