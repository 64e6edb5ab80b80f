/**
 * Waiting for a condition on real threads: poll it to a deadline and report the state when it is missed.
 *
 * The deadline says that something is broken, not that it is slow: a machine that does ten other things at once must not
 * reach it.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"

const PATIENCE_MILLIS = 60_000

/**
 * Lets real time pass. For tests in which the pause itself is the subject: the moment of a fault, the cost of idling, a gap
 * between messages. Never to wait for something: that is a condition.
 */
export const elapse = (millis: number): Effect.Effect<void> => Effect.sleep(millis)

/** Polls `condition` until it holds; fails with `state` after a minute, or `withinMillis` when that is longer. */
export const until = (
  condition: () => boolean,
  state: () => unknown,
  withinMillis = PATIENCE_MILLIS
): Effect.Effect<void> => untilEffect(Effect.sync(condition), Effect.sync(state), withinMillis)

/** The same for a condition that is an effect. */
export const untilEffect = <E, R, E2, R2>(
  condition: Effect.Effect<boolean, E, R>,
  state: Effect.Effect<unknown, E2, R2>,
  withinMillis = PATIENCE_MILLIS
): Effect.Effect<void, E | E2, R | R2> =>
  Effect.gen(function*() {
    const deadline = performance.now() + Math.max(withinMillis, PATIENCE_MILLIS)
    while (!(yield* condition)) {
      if (performance.now() > deadline) assert.fail(`not reached: ${JSON.stringify(yield* state)}`)
      yield* Effect.sleep(2)
    }
  })
