/**
 * How long a fiber waits at an end of a channel, at most.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { steady } from "../../thread/kernel/Steady.ts"

/** Calls `expired` after a time, by the fiber's own clock, unless the answer is called before. */
export const startTimer = (
  fiber: Fiber.Fiber<unknown, unknown>,
  duration: Duration.Duration,
  expired: () => void
): () => void => {
  const timer = Effect.runForkWith(fiber.context)(steady(Effect.sleep(duration)))
  timer.addObserver((exit) => {
    if (exit._tag === "Success") expired()
  })
  return () => timer.interruptUnsafe()
}
