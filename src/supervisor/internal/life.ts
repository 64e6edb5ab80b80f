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
import * as Scope from "effect/Scope"
import { textOf } from "../../runtime/Text.ts"
import * as Child from "../ChildSpec.ts"
import * as Restart from "../Restart.ts"
import { ChildStartFailed } from "../SupervisorError.ts"
import {
  about,
  type ChildState,
  type Ended,
  letGo,
  publish,
  putDown,
  type Restore,
  type SupervisorState,
  tell,
  toldToStop
} from "./state.ts"
import { finish, releaseHeld } from "./stop.ts"
import { allow, causeOf, judge, nameOf } from "./verdict.ts"

type Ready = Deferred.Deferred<void, ChildStartFailed>
/** What an incarnation has come to that found nothing to do. */
const IGNORED: Exit.Exit<unknown, unknown> = Exit.succeed("ignored")

/**
 * Begins a child's life and waits until it is ready for the first time; if it is not, nothing of it is left.
 *
 * The caller has set the status to "starting" and runs this uninterruptibly; `restore` lets it be interrupted while it
 * waits. A round begins the lives of its children again in the same way; for those the status is "restarting".
 */
export const begin = (
  self: SupervisorState,
  child: ChildState,
  restore: Restore
): Effect.Effect<void, ChildStartFailed> =>
  Effect.suspend(() => {
    const ready: Ready = Deferred.makeUnsafe()
    const life = Effect.uninterruptibleMask((restore) => lead(self, child, ready, restore))
    const whole = Effect.onExit(life, (exit) => settle(self, child, ready, exit))
    return Effect.andThen(
      Effect.forkDetach(whole, { startImmediately: true }),
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
    if (exit === IGNORED) return exit
    const isReady = Deferred.isDoneUnsafe(ready)
    // A first start is reported to whoever asked for it, and is nobody's restart.
    if (!isReady && (!child.isInRound || toldToStop(self, child))) return exit
    if (toldToStop(self, child) || (isReady && child.isInRound)) {
      yield* endedMeanwhile(self, child, exit)
      return undefined
    }
    publish(self, { _tag: "ChildEnded", ...about(self, child), exit })
    const verdict = yield* judge(self, child, exit)
    if (verdict === undefined) return isReady ? undefined : exit
    const ended: Ended = { child, exit, counts: verdict === "restart" }
    if (self.policy.strategy !== "one-for-one") {
      self.regroup(ended)
      return isReady ? undefined : exit
    }
    const delay = yield* allow(self, ended, restore)
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
  else if (child.stop !== undefined || child.isInRound) return
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
  const { held } = child
  const scope = held?.scope ?? Scope.makeUnsafe()
  const started = runningIn(yield* Effect.exit(restore(held === undefined ? child.start(scope) : held.renewal.up)))
  // What outlives incarnations outlives a build that fails, too.
  if (Exit.isFailure(started)) return held === undefined ? yield* release(scope, started) : started
  const running = started.value
  child.held = running.renewal === undefined ? undefined : { scope, renewal: running.renewal }
  let exit: Exit.Exit<unknown, unknown> = Exit.interrupt()
  if (running === Child.ignore) {
    Deferred.doneUnsafe(ready, Exit.void)
    exit = Exit.void
  } else if (!toldToStop(self, child)) {
    up(self, child, running, ready)
    const waited = yield* Effect.exit(restore(running.exit))
    exit = Exit.isFailure(waited) ? waited : isExit(waited.value) ? waited.value : noExit(waited.value)
    child.running = undefined
    child.status = "stopping"
    if (Exit.isSuccess(waited) && running.renewal?.isPossible() === true) return exit
  }
  child.held = undefined
  const released = yield* release(scope, exit)
  return running === Child.ignore ? IGNORED : released
})

// Asked of what a program without types may have answered.
const runningIn = (started: Exit.Exit<Child.Running, unknown>): Exit.Exit<Child.Running, unknown> =>
  Exit.isFailure(started) || hasExit(started.value)
    ? started
    : Exit.die(new TypeError(`its start answered ${textOf(started.value)}, which has no exit`))

const hasExit = (started: unknown): boolean =>
  typeof started === "object" && started !== null && "exit" in started && Effect.isEffect(started.exit)

const isExit = (exit: unknown): boolean => Exit.isExit(exit)

const noExit = (exit: unknown) => Exit.die(new TypeError(`its exit was ${textOf(exit)}, which is no Exit`))

/** A child is ready, for the first time or again. */
const up = (self: SupervisorState, child: ChildState, running: Child.Running, ready: Ready): void => {
  const isAgain = child.isInRound || Deferred.isDoneUnsafe(ready)
  child.running = running
  child.value = running.value
  child.status = "running"
  child.isInRound = false
  child.isTerminated = false
  publish(
    self,
    isAgain
      ? { _tag: "ChildRestarted", ...about(self, child), restarts: child.restarts }
      : { _tag: "ChildStarted", ...about(self, child) }
  )
  letGo(child)
  Deferred.doneUnsafe(ready, Exit.void)
}

/** Closes the scope of an incarnation; finalizers that fail make its end a failure. */
const release = (
  scope: Scope.Closeable,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<Exit.Exit<unknown, unknown>> =>
  Effect.map(Effect.exit(Scope.close(scope, exit)), (closed) =>
    Exit.isSuccess(closed)
      ? exit
      : Exit.failCause(Cause.combine(causeOf(exit), closed.cause)))

/** The end of a child's fiber, whatever ended it: the child is down, or its round brings it up. */
const settle = (
  self: SupervisorState,
  child: ChildState,
  ready: Ready,
  exit: Exit.Exit<Exit.Exit<unknown, unknown> | undefined>
): Effect.Effect<void> => {
  const staysUp = child.isInRound && !toldToStop(self, child) && child.spec.restart !== "temporary"
  return Effect.andThen(
    staysUp ? Effect.void : Effect.exit(releaseHeld(child)),
    Effect.suspend(() => {
      const wasReady = Deferred.isDoneUnsafe(ready)
      child.fiber = undefined
      if (child.stop === undefined) {
        if (!child.isInRound) {
          putDown(self, child)
          const how = Exit.isSuccess(exit) && exit.value === IGNORED ? "ignored" : "ended"
          if (wasReady) publish(self, { _tag: "ChildStopped", ...about(self, child), how })
        }
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
  )
}
