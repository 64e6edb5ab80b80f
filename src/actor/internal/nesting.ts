/**
 * How deep what actors do may nest on one stack: an ask that is answered at once by a handler that asks, a build that spawns, an end that ends children, a handler
 * that is interrupted and waits for one that is interrupted by that.
 *
 * Each is done at once, inside of the other, as long as there are few; one that would be deeper has a turn of its own, so that no chain of actors is too
 * long for the stack.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Dispatcher } from "../kernel/Dispatcher.ts"

/** How many nest before the next one takes a turn of its own. */
export const MAX_INLINE = 32

/**
 * Begins an effect in a turn of its own, and ends it in another: whoever waits for it may be what others wait for, and all of them go on when it is over,
 * each on the stack of the one before.
 */
export const apart = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.andThen(Effect.yieldNow, Effect.ensuring(effect, Effect.yieldNow))

/** Where fibers are interrupted. */
export interface Nesting {
  /** How much is under way inside of each other on this stack. */
  inlineDepth: number
  readonly dispatcher: Dispatcher
  fault(where: string, defect: unknown): void
}

const always = (): boolean => true

/** Interrupts a fiber, which may wait for others that are interrupted by that; in a turn of its own, if it is still wanted then, when there are many of them. */
export const interrupt = (
  host: Nesting,
  fiber: Fiber.Fiber<unknown, unknown>,
  isWanted: () => boolean = always
): void => {
  if (host.inlineDepth >= MAX_INLINE) {
    return host.dispatcher.enqueue({
      run: () => isWanted() ? fiber.interruptUnsafe() : undefined,
      failed: (defect) => host.fault("what was interrupted", defect)
    })
  }
  host.inlineDepth++
  fiber.interruptUnsafe()
  host.inlineDepth--
}
