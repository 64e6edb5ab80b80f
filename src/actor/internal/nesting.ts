/**
 * How deep what actors do may nest on one stack: an ask that is answered at once by a handler that asks, a build that spawns, an end that ends children.
 *
 * Each is done at once, inside of the other, as long as there are few; one that would be deeper has a turn of its own, so that no chain of actors is too
 * long for the stack.
 */
import * as Effect from "effect/Effect"

/** How many nest before the next one takes a turn of its own. */
export const MAX_INLINE = 32

/**
 * Begins an effect in a turn of its own, and ends it in another: whoever waits for it may be what others wait for, and all of them go on when it is over,
 * each on the stack of the one before.
 */
export const apart = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.andThen(Effect.yieldNow, Effect.ensuring(effect, Effect.yieldNow))
