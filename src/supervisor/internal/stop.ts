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
import { forceLimitMillis } from "../Child.ts"
import { about, type ChildState, publish, putDown, type SupervisorState, tell } from "./state.ts"

/** Stops a child and waits until it is down or given up on; at once when it is down already. */
export const stopChild = (self: SupervisorState, child: ChildState): Effect.Effect<void> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      if (child.stop !== undefined) return restore(Deferred.await(child.stop))
      if (child.fiber === undefined) return Effect.void
      const stop = Deferred.makeUnsafe<void>()
      child.stop = stop
      child.status = "stopping"
      return Effect.andThen(
        Effect.forkDetach(Effect.ensuring(takeDown(self, child, child.fiber), Deferred.succeed(stop, undefined)), {
          startImmediately: true,
          uninterruptible: true
        }),
        restore(Deferred.await(stop))
      )
    })
  )

const takeDown = Effect.fnUntraced(function*(
  self: SupervisorState,
  child: ChildState,
  fiber: Fiber.Fiber<unknown, unknown>
) {
  const { shutdownMillis } = child.spec
  const ask = child.running?.stop
  let how: "stopped" | "forced" | "abandoned" = "stopped"
  let ended = false
  if (ask !== undefined && shutdownMillis > 0) {
    const asking = yield* Effect.forkDetach(
      Effect.tapCause(ask, (cause) =>
        Effect.andThen(
          Effect.sync(() => fiber.interruptUnsafe()),
          tell(Effect.logWarning(`${nameOf(self, child)} could not be asked to stop`, cause))
        )),
      { startImmediately: true }
    )
    ended = yield* endsWithin(child, fiber, shutdownMillis)
    if (!ended) {
      how = "forced"
      asking.interruptUnsafe()
      fiber.interruptUnsafe()
      ended = yield* endsWithin(child, fiber, forceLimitMillis)
    }
  } else {
    fiber.interruptUnsafe()
    ended = yield* endsWithin(child, fiber, shutdownMillis > 0 ? shutdownMillis : forceLimitMillis)
  }
  if (ended) {
    putDown(self, child)
  } else {
    how = "abandoned"
    child.status = "abandoned"
    yield* tell(Effect.logWarning(`${nameOf(self, child)} did not stop and was abandoned`))
  }
  publish(self, { _tag: "ChildStopped", ...about(self, child), how })
})

const nameOf = (self: SupervisorState, child: ChildState): string =>
  `child "${child.spec.id}" of supervisor "${self.name}"`

/** Waits for a child's fiber, at most this long. An end at the very last moment, told by the state, counts. */
const endsWithin = (child: ChildState, fiber: Fiber.Fiber<unknown, unknown>, millis: number): Effect.Effect<boolean> =>
  Effect.interruptible(
    millis === Infinity
      ? Effect.as(Fiber.await(fiber), true)
      : Effect.map(
        Effect.timeoutOption(Fiber.await(fiber), Duration.millis(millis)),
        (exit) => Option.isSome(exit) || child.fiber !== fiber
      )
  )

/** Begins the end of the supervisor with this exit, once; later calls change nothing. Does not wait. */
export const finish = (
  self: SupervisorState,
  exit: Exit.Exit<void, unknown>,
  endedBy?: string
): Effect.Effect<void> =>
  Effect.uninterruptible(Effect.suspend(() => {
    if (self.status === "stopping" || self.status === "stopped") return Effect.void
    self.status = "stopping"
    self.endedBy = endedBy
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
