/**
 * Keeps what a fiber has sent or taken and the fiber's knowledge of it together.
 *
 * A fiber is interrupted between two of its steps, and a step that has used up the fiber's turn is followed by a pause. If a
 * message were taken in such a step, an interruption during the pause would lose it.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

// A fiber with shorter turns would pause before every attempt and never get to it.
const SHORTEST_TURN_OPS = 8

/** Whether the fiber pauses after this step: then it pauses before it. */
export const isLastOfTurn = (fiber: Fiber.Fiber<unknown, unknown>): boolean => {
  const { maxOpsBeforeYield, preventYield } = fiber.cache
  return fiber.currentOpCount + 1 >= maxOpsBeforeYield && !preventYield && maxOpsBeforeYield > SHORTEST_TURN_OPS
}

/** Whether {@link isLastOfTurn} cannot tell: the fiber may pause between a look in vain and waiting in line. */
export const hasShortTurns = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  fiber.cache.maxOpsBeforeYield <= SHORTEST_TURN_OPS && !fiber.cache.preventYield

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
