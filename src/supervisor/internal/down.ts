/**
 * How one child comes down: it is asked, waited for, its fiber interrupted, and waited for again, each wait with its limit.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { forceLimitMillis } from "../ChildSpec.ts"
import { about, type ChildState, publish, putDown, type SupervisorState, tell } from "./state.ts"

/** How a child has come down. */
export type How = "stopped" | "forced" | "abandoned"

/** Has a fiber wait for the end of a child that is up, if none does. */
export const fiberOf = (self: SupervisorState, child: ChildState): Fiber.Fiber<unknown, unknown> | undefined =>
  child.fiber ?? (child.running === undefined ? undefined : self.attend(child))

/** Asks the incarnation to end, and closes its scope over it when it has not in time. */
export const bringDown = Effect.fnUntraced(function*(
  self: SupervisorState,
  child: ChildState,
  fiber: Fiber.Fiber<unknown, unknown>,
  ask: Effect.Effect<unknown, unknown> | undefined,
  shutdownMillis: number
): Effect.fn.Return<How> {
  if (ask === undefined || shutdownMillis === 0) {
    fiber.interruptUnsafe()
    const ended = yield* endsWithin(child, fiber, shutdownMillis > 0 ? shutdownMillis : forceLimitMillis)
    return ended ? "stopped" : "abandoned"
  }
  const asking = yield* Effect.forkDetach(
    Effect.tapCause(ask, (cause) =>
      Effect.andThen(
        Effect.sync(() => fiber.interruptUnsafe()),
        tell(Effect.logWarning(`${nameOf(self, child)} could not be asked to stop`, cause))
      )),
    { startImmediately: true }
  )
  if (yield* endsWithin(child, fiber, shutdownMillis)) return "stopped"
  asking.interruptUnsafe()
  fiber.interruptUnsafe()
  return (yield* endsWithin(child, fiber, forceLimitMillis)) ? "forced" : "abandoned"
})

/** Brings a child down whose time is over: interrupts the fiber that waits for its end, which releases what it holds. */
export const force = (self: SupervisorState, child: ChildState): Effect.Effect<How> =>
  Effect.suspend(() => {
    const fiber = fiberOf(self, child)
    if (fiber === undefined) return Effect.succeed("stopped")
    fiber.interruptUnsafe()
    return Effect.map(endsWithin(child, fiber, forceLimitMillis), (ended) => ended ? "forced" : "abandoned")
  })

/** Waits for a fiber, at most this long. An end at the very last moment, told by the state, counts. */
const endsWithin = (
  child: ChildState,
  fiber: Fiber.Fiber<unknown, unknown>,
  millis: number
): Effect.Effect<boolean> => {
  const leads = child.fiber === fiber
  return Effect.interruptible(
    millis === Infinity
      ? Effect.as(Fiber.await(fiber), true)
      : Effect.map(
        Effect.timeoutOption(Fiber.await(fiber), Duration.millis(millis)),
        (exit) => Option.isSome(exit) || (leads && child.fiber !== fiber)
      )
  )
}

/** A child that was told to stop is down, or given up on. */
export const isDown = (self: SupervisorState, child: ChildState, how: How): Effect.Effect<void> => {
  if (how === "abandoned") child.status = how
  else putDown(self, child)
  publish(self, { _tag: "ChildStopped", ...about(self, child), how })
  return how === "abandoned" ? abandoned(self, child) : Effect.void
}

/** Releases what outlives the incarnations of a child, if there is something: it is down for good. */
export const releaseHeld = (
  child: ChildState,
  exit: Exit.Exit<unknown, unknown> = Exit.void
): Effect.Effect<unknown> =>
  Effect.uninterruptible(Effect.suspend(() => {
    const { renewal, scope } = child
    child.renewal = undefined
    child.scope = undefined
    const closing = scope === undefined ? undefined : Scope.closeUnsafe(scope, exit)
    // A scope that was made for a later incarnation does not hold what the first one has acquired.
    const end = () => renewal?.unattended?.end() ?? Effect.void
    return closing === undefined ? end() : Effect.andThen(closing, Effect.suspend(end))
  }))

/** Says that a child was given up on. */
export const abandoned = (self: SupervisorState, child: ChildState): Effect.Effect<void> =>
  tell(Effect.logWarning(`${nameOf(self, child)} did not stop and was abandoned`))

const nameOf = (self: SupervisorState, child: ChildState): string =>
  `child "${child.spec.id}" of supervisor "${self.name}"`
