/**
 * Has the immutable values (`wire/Val`) of this thread frozen, for tests and development.
 *
 * A `Val` is frozen where it is sent and where it is read, with all that is in it. Who changes it then, as the compiler forbids, gets a `TypeError` in that
 * line. Without this nothing is frozen, and a message costs nothing for it. The test kit freezes by itself, on every thread.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { carriageOf } from "../wire/kernel/ThreadCarriage.ts"
import { CurrentThread } from "./kernel/CurrentThread.ts"

/**
 * Freezes until the scope closes; what is frozen stays so.
 *
 * **Gotchas** Bytes cannot be frozen: of these only the types say that they are readonly.
 */
export const freeze: Effect.Effect<void, never, Scope.Scope> = Effect.flatMap(CurrentThread, (thread) => {
  const { freezing } = carriageOf(thread)
  return Effect.acquireRelease(
    Effect.sync(() => void freezing.holders++),
    () => Effect.sync(() => void freezing.holders--)
  )
})

/** The same as a layer: beside the behaviours of a worker's file, or of a system. */
export const layer: Layer.Layer<never> = Layer.effectDiscard(freeze)
