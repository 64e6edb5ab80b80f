/**
 * Taking children and supervisors down.
 *
 * Every stop runs in a fiber of its own, so that one who asked for it and lost patience does not leave it half done; asking
 * again waits for the same stop. The child's own fiber closes the incarnation's scope in every case: stopping is asking,
 * waiting, interrupting that fiber, and waiting again (`down.ts`). Children that are stopped at the same time share what they can
 * (`together.ts`).
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as PubSub from "effect/PubSub"
import { forceLimitMillis } from "../ChildSpec.ts"
import { abandoned, bringDown, fiberOf, isDown, releaseHeld } from "./down.ts"
import { about, type ChildState, hasEnded, isUp, publish, putDown, type SupervisorState } from "./state.ts"
import { isLeftAlone, stopTogether } from "./together.ts"

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
  const how = yield* bringDown(self, child, fiber, child.running?.stop, child.spec.shutdownMillis)
  yield* isDown(self, child, how)
})

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
  const children = Array.from(self.children.values()).reverse()
  const isTogether = self.policy.stopOrder === "together"
  const alone = isTogether ? children.filter(isLeftAlone) : []
  const others = isTogether ? children.filter((child) => !isLeftAlone(child)) : children
  const together = yield* Effect.forkDetach(stopTogether(self, alone), { startImmediately: true })
  yield* Effect.forEach(others, (child) => stopChild(self, child), {
    concurrency: isTogether ? "unbounded" : 1,
    discard: true
  })
  yield* Fiber.await(together)
  self.status = "stopped"
  PubSub.endUnsafe(self.events, Exit.void)
  Deferred.doneUnsafe(self.exit, Exit.succeed(exit))
})

/** Ends the supervisor and waits until its last child is down. */
export const stopSupervisor = (self: SupervisorState): Effect.Effect<void> =>
  Effect.andThen(finish(self, Exit.void), Effect.asVoid(Deferred.await(self.exit)))
