/**
 * Taking children and supervisors down.
 *
 * Every stop runs in a fiber of its own, so that one who asked for it and lost patience does not leave it half done; asking
 * again waits for the same stop. The child's own fiber closes the incarnation's scope in every case: stopping is asking,
 * waiting, interrupting that fiber, and waiting again, each wait with its limit.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Scope from "effect/Scope"
import { forceLimitMillis } from "../ChildSpec.ts"
import { about, type ChildState, hasEnded, isUp, publish, putDown, type SupervisorState, tell } from "./state.ts"

/** How a child has come down. */
export type How = "stopped" | "forced" | "abandoned"

/** Stops a child and waits until it is down or given up on; at once when it is down already. */
export const stopChild = (self: SupervisorState, child: ChildState): Effect.Effect<void> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      child.isTerminated = true
      if (child.stop !== undefined) return restore(Deferred.await(child.stop))
      if (!isUp(child) && !child.isInRound) return Effect.void
      const stop = Deferred.makeUnsafe<void>()
      child.stop = stop
      child.status = "stopping"
      return Effect.andThen(
        Effect.forkDetach(Effect.ensuring(stopForGood(self, child), Deferred.succeed(stop, undefined)), {
          startImmediately: true,
          uninterruptible: true
        }),
        restore(Deferred.await(stop))
      )
    })
  )

const stopForGood = Effect.fnUntraced(function*(self: SupervisorState, child: ChildState) {
  // One that a round has taken down, and would bring up again, has no fiber; it may have something that outlives incarnations.
  const fiber = fiberOf(self, child) ?? (yield* Effect.forkDetach(releaseHeld(child), { startImmediately: true }))
  yield* isDown(self, child, yield* bringDown(self, child, fiber, child.running?.stop, child.spec.shutdownMillis))
})

/** A child that was told to stop is down, or given up on. */
export const isDown = (self: SupervisorState, child: ChildState, how: How): Effect.Effect<void> => {
  if (how === "abandoned") child.status = how
  else putDown(self, child)
  const tells = Effect.sync(() => publish(self, { _tag: "ChildStopped", ...about(self, child), how }))
  return how === "abandoned" ? Effect.andThen(abandoned(self, child), tells) : tells
}

/** Has a fiber wait for the end of a child that is up, if none does. */
const fiberOf = (self: SupervisorState, child: ChildState): Fiber.Fiber<unknown, unknown> | undefined =>
  child.fiber ?? (child.running === undefined ? undefined : self.attend(child))

/** Takes a child down because of a sibling; unless it is temporary, the round brings it up again. */
export const giveWay = (self: SupervisorState, child: ChildState, sibling: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { running } = child
    const fiber = child.isInRound ? fiberOf(self, child) : undefined
    if (fiber === undefined) return Effect.void
    // It has ended by itself, and is about to be down.
    if (child.status === "restarting") return Effect.asVoid(Fiber.await(fiber))
    const isTemporary = child.spec.restart === "temporary"
    child.status = "stopping"
    const { shutdownMillis } = child.spec
    const down = isTemporary ? undefined : running?.renewal?.down(shutdownMillis)
    // An identity that is kept has its own way to give up an incarnation, by force too, which takes a moment more.
    const bringingDown = down === undefined
      ? bringDown(self, child, fiber, running?.stop, shutdownMillis)
      : bringDown(self, child, fiber, down, shutdownMillis + forceLimitMillis)
    return Effect.flatMap(bringingDown, (how) => {
      // Somebody has told it meanwhile to stay down, and sees to that.
      if (child.stop !== undefined) return Effect.void
      if (how === "abandoned") {
        child.isInRound = false
        child.status = how
        // A stop that is over, and has had no effect: when it ends after all, nothing follows from it.
        child.stop = Deferred.makeUnsafe()
        Deferred.doneUnsafe(child.stop, Exit.void)
      } else if (isTemporary) putDown(self, child)
      else child.status = "restarting"
      publish(
        self,
        isTemporary || how === "abandoned"
          ? { _tag: "ChildStopped", ...about(self, child), how }
          : { _tag: "ChildTakenDown", ...about(self, child), sibling, how }
      )
      return how === "abandoned" ? abandoned(self, child) : Effect.void
    })
  })

/** Closes the scope that outlives the incarnations of a child, if it has one: it is down for good. */
export const releaseHeld = (child: ChildState): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { held } = child
    child.held = undefined
    return held === undefined ? Effect.void : Scope.close(held.scope, Exit.void)
  })

/** Asks the incarnation to end, and closes its scope over it when it has not in time. */
const bringDown = Effect.fnUntraced(function*(
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

const abandoned = (self: SupervisorState, child: ChildState): Effect.Effect<void> =>
  tell(Effect.logWarning(`${nameOf(self, child)} did not stop and was abandoned`))

const nameOf = (self: SupervisorState, child: ChildState): string =>
  `child "${child.spec.id}" of supervisor "${self.name}"`

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

/** Begins the end of the supervisor with this exit, once; later calls change nothing. Does not wait. */
export const finish = (
  self: SupervisorState,
  exit: Exit.Exit<void, unknown>,
  endedBy?: string
): Effect.Effect<void> =>
  Effect.uninterruptible(Effect.suspend(() => {
    if (hasEnded(self)) return Effect.void
    self.status = "stopping"
    self.endedBy = endedBy
    // It waits out a backoff, or for a child, which is being stopped.
    self.round?.fiber?.interruptUnsafe()
    return Effect.asVoid(
      Effect.forkDetach(stopChildren(self, exit), { startImmediately: true, uninterruptible: true })
    )
  }))

const stopChildren = Effect.fnUntraced(function*(self: SupervisorState, exit: Exit.Exit<void, unknown>) {
  yield* Effect.forEach(Array.from(self.children.values()).reverse(), (child) => stopChild(self, child), {
    concurrency: self.policy.stopOrder === "together" ? "unbounded" : 1,
    discard: true
  })
  self.status = "stopped"
  PubSub.endUnsafe(self.events, Exit.void)
  Deferred.doneUnsafe(self.exit, Exit.succeed(exit))
})

/** Ends the supervisor and waits until its last child is down. */
export const stopSupervisor = (self: SupervisorState): Effect.Effect<void> =>
  Effect.andThen(finish(self, Exit.void), Effect.asVoid(Deferred.await(self.exit)))
