/**
 * How long an ask waits for its reply when the call does not say.
 *
 * **Example** (Waiting longer in one part of a program)
 *
 * ```ts
 * import { ActorRef } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 *
 * const slow = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
 *   Effect.provideService(effect, ActorRef.DefaultAskTimeout, "1 minute")
 * ```
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Fiber from "effect/Fiber"

/** The default deadline of asks: 5 seconds unless provided otherwise. `"Infinity"` waits for ever. */
export const DefaultAskTimeout = Context.Reference<Duration.Input>("shared-nothing/actor/DefaultAskTimeout", {
  defaultValue: () => "5 seconds"
})

// What was worked out last, of values that never change: the same on every thread, so no thread's state.
let lastInput: Duration.Input | undefined
let lastMillis = 0

/**
 * A duration in milliseconds; the text asked for last is not worked out again.
 *
 * **Errors** Throws for a value that is no duration, each time.
 */
export const toMillis = (input: Duration.Input): number => {
  if (input === lastInput) return lastMillis
  const millis = Duration.toMillis(Duration.fromInputUnsafe(input))
  if (typeof input === "string") {
    lastInput = input
    lastMillis = millis
  }
  return millis
}

/** The deadline of one ask in milliseconds. */
export const timeoutMillis = (fiber: Fiber.Fiber<unknown, unknown>, timeout: Duration.Input | undefined): number =>
  toMillis(timeout ?? fiber.getRef(DefaultAskTimeout))
