/** What follows from the end of a child: whether there is a next incarnation, and when. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { textOf } from "../../runtime/Text.ts"
import { Backoff } from "../Backoff.ts"
import { monotonicMillisUnsafe } from "../Intensity.ts"
import * as Restart from "../Restart.ts"
import * as Strategy from "../Strategy.ts"
import { RestartLimitReached } from "../SupervisorError.ts"
import {
  about,
  type ChildState,
  type Ended,
  publish,
  type Restore,
  type SupervisorState,
  tell,
  toldToStop,
  windowOf
} from "./state.ts"
import { finish } from "./stop.ts"

/** What to do about an end; nothing when there is no next incarnation. */
export const judge = Effect.fnUntraced(function*(
  self: SupervisorState,
  child: ChildState,
  exit: Exit.Exit<unknown, unknown>,
  { directive, why }: { readonly directive: Restart.Directive | undefined; readonly why: string | undefined }
): Effect.fn.Return<"restart" | "resume" | undefined> {
  const cause = causeOf(exit)
  if (Exit.isFailure(exit)) child.lastCause = cause
  const verdict = yield* Effect.exit(
    Effect.sync(() => known(Restart.directiveFor(child.spec.restart, exit, deciderOf(self, child, directive))))
  )
  if (Exit.isFailure(verdict)) return yield* escalate(self, child, Cause.combine(cause, verdict.cause))
  if (verdict.value === "escalate") return yield* escalate(self, child, cause)
  if (verdict.value !== "stop") return verdict.value
  yield* logEnd(self, child, exit, `${endOf(why)} and stays down`, Effect.logError)
  if (child.spec.significant && Strategy.endsWith(self.policy.autoShutdown, significantLeft(self, child))) {
    publish(self, { _tag: "AutoShutdown", ...about(self, child) })
    yield* finish(self, Exit.void, child.spec.id)
  }
  return undefined
})

// What the child itself has said comes before the decider of the supervisor, and that of its spec before both.
const deciderOf = (
  self: SupervisorState,
  { spec }: ChildState,
  said: Restart.Directive | undefined
): Restart.Decider => spec.decide ?? ((cause) => said ?? self.policy.decide(cause))

const significantLeft = (self: SupervisorState, but: ChildState): number => {
  let left = 0
  for (const child of self.children.values()) {
    if (child !== but && child.spec.significant && child.status !== "stopped" && child.status !== "abandoned") left++
  }
  return left
}

const endOf = (why: string | undefined): string => why === undefined ? "ended" : `ended (${why})`

const logEnd = (
  self: SupervisorState,
  child: ChildState,
  exit: Exit.Exit<unknown, unknown>,
  text: string,
  level: typeof Effect.logWarning = Effect.logWarning
): Effect.Effect<void> =>
  tell(
    (Restart.isAbnormal(exit) ? level : Effect.logDebug)(`${nameOf(self, child)} ${text}`, causeOf(exit))
  )

/** The delay before the next incarnation; none when there have been too many, and the supervisor gives up. */
export const allow = Effect.fnUntraced(function*(
  self: SupervisorState,
  { child, counts, exit, isPlanned, why }: Ended,
  restore: Restore
): Effect.fn.Return<Duration.Duration | undefined> {
  const cause = causeOf(exit)
  const now = monotonicMillisUnsafe(self.clock)
  if (counts && !windowOf(self, child).record(now)) return yield* giveUp(self, child, "intensity", cause)
  const policy = child.spec.backoff ?? self.policy.backoff
  if (policy === undefined) {
    yield* logEnd(
      self,
      child,
      exit,
      `${endOf(why)}; restarting`,
      isPlanned === true ? Effect.logDebug : Effect.logWarning
    )
    return Duration.zero
  }
  child.backoff ??= new Backoff(policy)
  // A schedule may run effects of the user's, so it can be interrupted by a stop and can fail with a defect.
  const stepped = yield* Effect.exit(restore(child.backoff.next(now, cause)))
  if (toldToStop(self, child)) return undefined
  if (Exit.isFailure(stepped)) return yield* escalate(self, child, Cause.combine(cause, stepped.cause))
  if (Option.isNone(stepped.value)) return yield* giveUp(self, child, "backoff", cause)
  const delay = stepped.value.value
  yield* logEnd(self, child, exit, `${endOf(why)}; restarting in ${Duration.format(delay)}`)
  return delay
})

const known = (directive: Restart.Directive): Restart.Directive => {
  if (Restart.directives.includes(directive)) return directive
  throw new Error(`a decider answered ${textOf(directive)}, expected ${Restart.directives.join(", ")}`)
}

const escalate = Effect.fnUntraced(function*(
  self: SupervisorState,
  child: ChildState,
  cause: Cause.Cause<unknown>
) {
  yield* finish(self, Exit.failCause(cause), child.spec.id)
  yield* tell(Effect.logError(`${nameOf(self, child)} ended; its supervisor ends with it`, cause))
  return undefined
})

const giveUp = Effect.fnUntraced(function*(
  self: SupervisorState,
  child: ChildState,
  reason: "intensity" | "backoff",
  cause: Cause.Cause<unknown>
) {
  const limit = child.spec.intensity ?? self.policy.intensity
  const error = new RestartLimitReached({
    ...about(self, child),
    reason,
    restarts: reason === "intensity" ? limit.restarts : child.restarts,
    withinMillis: limit.withinMillis,
    cause
  })
  publish(self, { _tag: "LimitReached", ...about(self, child), error })
  yield* finish(self, Exit.fail(error), child.spec.id)
  yield* tell(Effect.logError(error.message, cause))
  return undefined
})

/** A child, in the log. */
export const nameOf = (self: SupervisorState, child: ChildState): string =>
  `child "${child.spec.id}" of supervisor "${self.name}"`

/** What an end was caused by: nothing, of a normal one. */
export const causeOf = (exit: Exit.Exit<unknown, unknown>): Cause.Cause<unknown> =>
  Exit.isFailure(exit) ? exit.cause : Cause.empty
