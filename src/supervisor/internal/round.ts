/**
 * The restart of a group: who goes down with a child that has ended, in reverse, and who comes up again, in order.
 *
 * There is one round at a time, led by a fiber of its own, so that every operation of the supervisor goes on meanwhile. A child
 * that is in the round is nobody's restart: what ends of it while it is taken down is only told of. One that ends after it
 * was brought up, or does not come up, begins the round again with those whom *its* end concerns, which counts once more: for
 * one-for-all these are all of them, for rest-for-one those before it stay up. Whoever was told to stay down stays down; one that had ended
 * by itself comes up with the others, as in Erlang/OTP.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { monotonicMillisUnsafe } from "../Intensity.ts"
import * as Strategy from "../Strategy.ts"
import { begin } from "./life.ts"
import { type ChildState, type Ended, hasEnded, isUp, type Restore, type Round, type SupervisorState } from "./state.ts"
import { giveWay } from "./stop.ts"
import { allow } from "./verdict.ts"

/** Has a round answer the end of a child: the one that is going on, or one that begins now. */
export const join = (self: SupervisorState, ended: Ended): void => {
  const { child } = ended
  child.isInRound = true
  child.status = "restarting"
  if (self.round !== undefined) {
    self.round.ended.push(ended)
    Deferred.doneUnsafe(self.round.joined, Exit.void)
    return
  }
  self.round = { ended: [ended], joined: Deferred.makeUnsafe(), dueMillis: 0, fiber: undefined }
  // What ends while the supervisor starts is answered when all are up, as far as they come up.
  if (self.status !== "starting") proceed(self)
}

/** Leads the round that there is, if there is one and nobody leads it yet. */
export const proceed = (self: SupervisorState): void => {
  const { round } = self
  if (round === undefined || round.fiber !== undefined) return
  const whole = Effect.ensuring(
    Effect.uninterruptibleMask((restore) => lead(self, round, restore)),
    Effect.sync(() => {
      self.round = undefined
    })
  )
  const fiber = Effect.runForkWith(self.context)(whole)
  if (fiber.pollUnsafe() === undefined) round.fiber = fiber
}

const lead = Effect.fnUntraced(function*(self: SupervisorState, round: Round, restore: Restore) {
  while (round.ended.length > 0 && !hasEnded(self)) {
    round.joined = Deferred.makeUnsafe()
    const ended = take(self, round)
    if (ended === undefined) continue
    const members = Strategy.affected(self.policy.strategy, Array.from(self.children.values()), ended.child)
    for (const child of members) enter(child)
    const delay = yield* allow(self, ended, restore)
    // One that was told to stay down while its schedule was asked has no delay: the others come up without it.
    for (const child of members.toReversed()) {
      if (hasEnded(self)) return
      yield* giveWay(self, child, ended.child.spec.id)
    }
    yield* pause(self, round, delay ?? Duration.zero, restore)
    yield* bringUp(self, round, restore)
  }
})

// A backoff that is under way is not cut short by the end of another child, only made longer.
const pause = Effect.fnUntraced(function*(
  self: SupervisorState,
  round: Round,
  delay: Duration.Duration,
  restore: Restore
) {
  const now = monotonicMillisUnsafe(self.clock)
  round.dueMillis = Math.max(round.dueMillis, now + Duration.toMillis(delay))
  const left = round.dueMillis - now
  const wait = left > 0 ? Effect.raceFirst(Effect.sleep(left), Deferred.await(round.joined)) : Effect.yieldNow
  yield* Effect.exit(restore(wait))
})

/** The end that concerns most of the others; they all belong to one restart. */
const take = (self: SupervisorState, round: Round): Ended | undefined => {
  const all = round.ended.splice(0)
  const first = Strategy.foremost(Array.from(self.children.values()), all.map(({ child }) => child))
  return all.find(({ child }) => child === first)
}

const enter = (child: ChildState): void => {
  const isMember = isUp(child) && child.stop === undefined && child.status !== "starting"
  const hasEndedByItself = child.status === "stopped" && !child.isTerminated
  if (hasEndedByItself) child.status = "restarting"
  if (isMember || hasEndedByItself) child.isInRound = true
}

const bringUp = Effect.fnUntraced(function*(self: SupervisorState, round: Round, restore: Restore) {
  for (const child of Array.from(self.children.values())) {
    // One has ended, before or after it was brought up, or this one was told to stay down.
    if (hasEnded(self) || round.ended.length > 0) return
    if (!child.isInRound) continue
    child.restarts++
    // A start that fails is an end: it is judged where every end is, and joins this round.
    yield* Effect.exit(begin(self, child, restore))
  }
})
