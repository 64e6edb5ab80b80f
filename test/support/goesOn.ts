import * as Layer from "effect/Layer"
import { ActorSystem } from "shared-nothing"

/** Below the layer of a system: a test whose system gives up looks on. */
export const goesOn: Layer.Layer<never> = Layer.succeed(ActorSystem.EndsProgram, false)
