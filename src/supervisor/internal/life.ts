/**
 * The life of one child: one fiber that starts an incarnation, waits for its end, releases what it held, judges the end and
 * goes round again or is done.
 *
 * Because each child has its own fiber, a slow start or a long backoff holds up nobody: the supervisor's operations only
 * read and change its state. The fiber is interrupted by `stop.ts` alone, and leaves only after the scope of its last incarnation is
 * closed, so two incarnations are never up at once.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { textOf } from "../../runtime/Text.ts"
import { Backoff } from "../Backoff.ts"
import { monotonicMillisUnsafe } from "../Intensity.ts"
import * as Restart from "../Restart.ts"
import { ChildStartFailed, RestartLimitReached } from "../SupervisorError.ts"
import {
  about,
  type ChildState,
  letGo,
  publish,
  putDown,
  type SupervisorState,
  tell,
  toldToStop,
  windowOf
} from "./state.ts"
import { finish } from "./stop.ts"

type Ready = Deferred.Deferred<void, ChildStartFailed>
/** Makes an effect interruptible again inside an uninterruptible region. */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Begins a child's life and waits until it is ready for the first time; if it is not, nothing of it is left.
 *
 * The caller has set the status to "starting" and runs this uninterruptibly; `restore` lets it be interrupted while it waits.
 */
export const begin = (
  self: SupervisorState,
  child: ChildState,
  restore: Restore
): Effect.Effect<void, ChildStartFailed> =>
  Effect.suspend(() => {
    const ready: Ready = Deferred.makeUnsafe()
    const life = Effect.uninterruptibleMask((restore) => lead(self, child, ready, restore))
    return Effect.andThen(
      Effect.forkDetach(Effect.onExit(life, (exit) => settle(self, child, ready, exit)), { startImmediately: true }),
      restore(Deferred.await(ready))
    )
  })

/** Leads a child from incarnation to incarnation; returns the exit of a first start that did not get ready. */
const lead = Effect.fnUntraced(function*(
  self: SupervisorState,
  child: ChildState,
  ready: Ready,
  restore: Restore
): Effect.fn.Return<Exit.Exit<unknown, unknown> | undefined> {
  child.fiber = Fiber.getCurrent()
  while (true) {
    const exit = yield* live(self, child, ready, restore)
    // A first start is reported to whoever asked for it, and is nobody's restart.
    if (!Deferred.isDoneUnsafe(ready)) return exit
    if (toldToStop(self, child)) {
      yield* endedMeanwhile(self, child, exit)
      return undefined
    }
    publish(self, { _tag: "ChildEnded", ...about(self, child), exit })
    const delay = yield* judge(self, child, exit, restore)
    if (delay === undefined) return undefined
    child.status = "restarting"
    yield* Effect.exit(restore(Duration.isZero(delay) ? Effect.yieldNow : Effect.sleep(delay)))
    if (toldToStop(self, child)) return undefined
    child.restarts++
  }
})

/** An end while the child, or the whole supervisor, is being stopped; one that is nobody's doing is told all the same. */
const endedMeanwhile = Effect.fnUntraced(function*(
  self: SupervisorState,
  child: ChildState,
  exit: Exit.Exit<unknown, unknown>
) {
  if (Restart.isAbnormal(exit)) child.lastCause = exit.cause
  else if (child.stop !== undefined) return
  publish(self, { _tag: "ChildEnded", ...about(self, child), exit })
  if (!Restart.isAbnormal(exit)) return
  yield* tell(Effect.logWarning(`${nameOf(self, child)} ended while it was being stopped`, exit.cause))
})

/** One incarnation, from the start to the release of what it held; its exit, or that of a start that failed. */
const live = Effect.fnUntraced(function*(
  self: SupervisorState,
  child: ChildState,
  ready: Ready,
  restore: Restore
) {
  const scope = Scope.makeUnsafe()
  const started = yield* Effect.exit(restore(child.start(scope)))
  if (Exit.isFailure(started)) return yield* release(scope, started)
  if (!isRunning(started.value)) {
    return yield* release(
      scope,
      Exit.die(new TypeError(`its start answered ${textOf(started.value)}, which has no exit`))
    )
  }
  let exit: Exit.Exit<unknown, unknown> = Exit.interrupt()
  if (!toldToStop(self, child)) {
    const running = started.value
    child.running = running
    child.status = "running"
    publish(
      self,
      Deferred.isDoneUnsafe(ready)
        ? { _tag: "ChildRestarted", ...about(self, child), restarts: child.restarts }
        : { _tag: "ChildStarted", ...about(self, child) }
    )
    yield* Deferred.succeed(ready, undefined)
    letGo(child)
    const waited = yield* Effect.exit(restore(running.exit))
    exit = Exit.isFailure(waited) ? waited : isExit(waited.value) ? waited.value : noExit(waited.value)
    child.running = undefined
    child.status = "stopping"
  }
  return yield* release(scope, exit)
})

// Asked of what a program without types may have answered.
const isRunning = (started: unknown): boolean =>
  typeof started === "object" && started !== null && "exit" in started && Effect.isEffect(started.exit)

const isExit = (exit: unknown): boolean => Exit.isExit(exit)

const noExit = (exit: unknown) => Exit.die(new TypeError(`its exit was ${textOf(exit)}, which is no Exit`))

/** Closes the scope of an incarnation; finalizers that fail make its end a failure. */
const release = (
  scope: Scope.Closeable,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<Exit.Exit<unknown, unknown>> =>
  Effect.map(Effect.exit(Scope.close(scope, exit)), (closed) =>
    Exit.isSuccess(closed)
      ? exit
      : Exit.failCause(Cause.combine(causeOf(exit), closed.cause)))

/** What to do about an end: the delay before the next incarnation, or nothing when there is none. */
const judge = Effect.fnUntraced(function*(
  self: SupervisorState,
  child: ChildState,
  exit: Exit.Exit<unknown, unknown>,
  restore: Restore
): Effect.fn.Return<Duration.Duration | undefined> {
  const cause = causeOf(exit)
  if (Exit.isFailure(exit)) child.lastCause = cause
  const { decide = self.policy.decide, restart } = child.spec
  const verdict = yield* Effect.exit(Effect.sync(() => known(Restart.directiveFor(restart, exit, decide))))
  if (Exit.isFailure(verdict)) return yield* escalate(self, child, Cause.combine(cause, verdict.cause))
  if (verdict.value === "escalate") return yield* escalate(self, child, cause)
  const log = (text: string) =>
    tell((Restart.isAbnormal(exit) ? Effect.logWarning : Effect.logDebug)(`${nameOf(self, child)} ${text}`, cause))
  if (verdict.value === "stop") {
    yield* log("ended and stays down")
    return undefined
  }
  const now = monotonicMillisUnsafe(self.clock)
  if (verdict.value === "restart" && !windowOf(self, child).record(now)) {
    return yield* giveUp(self, child, "intensity", cause)
  }
  const policy = child.spec.backoff ?? self.policy.backoff
  if (policy === undefined) {
    yield* log("ended; restarting")
    return Duration.zero
  }
  child.backoff ??= new Backoff(policy)
  // A schedule may run effects of the user's, so it can be interrupted by a stop and can fail with a defect.
  const stepped = yield* Effect.exit(restore(child.backoff.next(now, cause)))
  if (toldToStop(self, child)) return undefined
  if (Exit.isFailure(stepped)) return yield* escalate(self, child, Cause.combine(cause, stepped.cause))
  if (Option.isNone(stepped.value)) return yield* giveUp(self, child, "backoff", cause)
  const delay = stepped.value.value
  yield* log(`ended; restarting in ${Duration.format(delay)}`)
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

/** The end of a child's fiber, whatever ended it: the child is down. */
const settle = (
  self: SupervisorState,
  child: ChildState,
  ready: Ready,
  exit: Exit.Exit<Exit.Exit<unknown, unknown> | undefined>
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const wasReady = Deferred.isDoneUnsafe(ready)
    child.fiber = undefined
    if (child.stop === undefined) {
      putDown(self, child)
      if (wasReady) publish(self, { _tag: "ChildStopped", ...about(self, child), how: "ended" })
    } else if (Deferred.isDoneUnsafe(child.stop)) {
      // It had been abandoned, and has ended after all.
      putDown(self, child)
    }
    if (!wasReady) {
      const cause = Exit.isSuccess(exit) && exit.value !== undefined ? causeOf(exit.value) : causeOf(exit)
      Deferred.doneUnsafe(ready, Exit.fail(new ChildStartFailed({ ...about(self, child), cause })))
    }
    // Only a defect of this module gets here; a supervisor that can no longer lead a child must not look healthy.
    return Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)
      ? finish(self, Exit.failCause(exit.cause), child.spec.id)
      : Effect.void
  })

const nameOf = (self: SupervisorState, child: ChildState): string =>
  `child "${child.spec.id}" of supervisor "${self.name}"`

const causeOf = (exit: Exit.Exit<unknown, unknown>): Cause.Cause<unknown> =>
  Exit.isFailure(exit) ? exit.cause : Cause.empty
