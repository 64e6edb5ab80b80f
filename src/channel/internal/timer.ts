/**
 * How long a fiber waits at an end of a channel, at most.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/** Calls `expired` after a time, by the fiber's own clock, unless the answer is called before. */
export const startTimer = (
  fiber: Fiber.Fiber<unknown, unknown>,
  duration: Duration.Duration,
  expired: () => void
): () => void => {
  const timer = Effect.runForkWith(fiber.context)(Effect.sleep(duration))
  timer.addObserver((exit) => {
    if (exit._tag === "Success") expired()
  })
  return () => timer.interruptUnsafe()
}
