/**
 * The life of one child: one fiber that starts an incarnation, waits for its end, releases what it held, judges the end and
 * goes round again or is done.
 *
 * Because each child has its own fiber, a slow start or a long backoff holds up nobody: the supervisor's operations only
 * read and change its state. The fiber is interrupted by `stop.ts` alone, and leaves only after the scope of its last incarnation is
 * closed, so two incarnations are never up at once.
 *
 * A child whose end can be heard of in another way is left alone while it is up: its fiber leaves, and the next one takes over where
 * that has left, when the child has ended or is to be stopped.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { textOf } from "../../runtime/Text.ts"
import * as Child from "../ChildSpec.ts"
import * as Restart from "../Restart.ts"
import { ChildStartFailed } from "../SupervisorError.ts"
import { releaseHeld } from "./down.ts"
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
import { finish } from "./stop.ts"
import { allow, causeOf, judge, nameOf } from "./verdict.ts"

type Ready = Deferred.Deferred<void, ChildStartFailed>
/** What the incarnation that has ended last has said about that, and who has it; nothing of one that did not come up. */
interface LastWord {
  directive: Restart.Directive | undefined
  isPlanned: boolean
  why: string | undefined
}
type Started = Exit.Exit<Child.Running, unknown>
/** What an incarnation has come to that found nothing to do. */
const IGNORED: Exit.Exit<unknown, unknown> = Exit.succeed("ignored")
/** What a fiber has come to whose child is up and needs none. */
const UNATTENDED: Exit.Exit<unknown, unknown> = Exit.succeed("unattended")

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
    const scope = child.scope ??= Scope.makeUnsafe()
    lead(
      child,
      Context.add(child.context, Scope.Scope, scope),
      Effect.flatMap(
        Effect.exit(Effect.interruptible(startOf(self, child))),
        (started) => isLeft(self, child, ready, started) ? Effect.void : follow(self, child, ready, undefined, started)
      )
    )
    return Deferred.isDoneUnsafe(ready) ? Deferred.await(ready) : restore(Deferred.await(ready))
  })

/** Has a fiber go on with a child that is up and has none: from its end, or to wait for that. */
export const go = (
  self: SupervisorState,
  child: ChildState,
  end?: Exit.Exit<unknown, unknown>
): Fiber.Fiber<unknown, unknown> => lead(child, child.context, follow(self, child, undefined, end, undefined))

const lead = <R>(
  child: ChildState,
  context: Context.Context<R>,
  life: Effect.Effect<void, never, R>
): Fiber.Fiber<unknown, unknown> =>
  Effect.runForkWith(context)(
    Effect.withFiber((fiber) => {
      child.fiber = fiber
      return life
    }),
    { uninterruptible: true }
  )

const wasReady = (ready: Ready | undefined): boolean => ready === undefined || Deferred.isDoneUnsafe(ready)

/** Leads a child on, to its end or until it can be left alone. */
const follow = (
  self: SupervisorState,
  child: ChildState,
  ready: Ready | undefined,
  end: Exit.Exit<unknown, unknown> | undefined,
  started: Started | undefined
): Effect.Effect<void> =>
  Effect.matchCauseEffect(walk(self, child, ready, end, started), {
    onSuccess: (exit) => settle(self, child, ready, Exit.succeed(exit)),
    onFailure: (cause) => settle(self, child, ready, Exit.failCause(cause))
  })

/** Leads a child from incarnation to incarnation; returns the exit of a first start that did not get ready. */
const walk = Effect.fnUntraced(function*(
  self: SupervisorState,
  child: ChildState,
  ready: Ready | undefined,
  end: Exit.Exit<unknown, unknown> | undefined,
  first: Started | undefined
): Effect.fn.Return<Exit.Exit<unknown, unknown> | undefined> {
  let ended = end
  let started = first
  const word: LastWord = { directive: undefined, isPlanned: false, why: undefined }
  while (true) {
    const exit = yield* live(self, child, ready, ended, started, word)
    if (exit === IGNORED || exit === UNATTENDED) return exit
    ended = undefined
    started = undefined
    const isReady = wasReady(ready)
    // A first start is reported to whoever asked for it, and is nobody's restart.
    if (!isReady && (!child.isInRound || toldToStop(self, child))) return exit
    if (toldToStop(self, child) || (isReady && child.isInRound)) {
      yield* endedMeanwhile(self, child, exit)
      return undefined
    }
    publish(self, { _tag: "ChildEnded", ...about(self, child), exit })
    const verdict = yield* judge(self, child, exit, word)
    if (verdict === undefined) return isReady ? undefined : exit
    const last: Ended = { child, exit, counts: verdict === "restart", isPlanned: word.isPlanned, why: word.why }
    if (self.policy.strategy !== "one-for-one") {
      self.regroup(last)
      return isReady ? undefined : exit
    }
    const delay = yield* allow(self, last, Effect.interruptible)
    if (delay === undefined) return undefined
    child.status = "restarting"
    yield* Effect.exit(Effect.interruptible(Duration.isZero(delay) ? Effect.yieldNow : Effect.sleep(delay)))
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

/**
 * One incarnation, from the start to the release of what it held; its exit, or that of a start that failed. It may have started, or
 * ended, before.
 */
const live = Effect.fnUntraced(function*(
  self: SupervisorState,
  child: ChildState,
  ready: Ready | undefined,
  ended: Exit.Exit<unknown, unknown> | undefined,
  began: Started | undefined,
  word: LastWord
) {
  word.isPlanned = false
  word.why = undefined
  if (child.running === undefined) {
    const scope = child.scope ??= Scope.makeUnsafe()
    const started = runningIn(began ?? (yield* Effect.exit(Effect.interruptible(startIn(self, child, scope)))))
    if (Exit.isFailure(started)) {
      const { renewal } = child
      // What outlives incarnations outlives a build that fails, too, unless it has ended meanwhile.
      if (renewal?.isPossible() === true) return started
      word.directive = renewal?.directive?.()
      return yield* release(child, started)
    }
    child.renewal = started.value.renewal
    if (started.value === Child.ignore) {
      if (ready !== undefined) Deferred.doneUnsafe(ready, Exit.void)
      yield* release(child, Exit.void)
      return IGNORED
    }
    if (toldToStop(self, child)) return yield* release(child, Exit.interrupt())
    up(self, child, started.value, ready)
    if (leave(self, child)) return UNATTENDED
  }
  const running = child.running!
  const waited = ended === undefined ? yield* Effect.exit(Effect.interruptible(running.exit)) : Exit.succeed(ended)
  const exit = Exit.isFailure(waited) ? waited : isExit(waited.value) ? waited.value : noExit(waited.value)
  child.running = undefined
  child.status = "stopping"
  word.directive = running.renewal?.directive?.()
  word.isPlanned = running.isPlanned?.() === true
  word.why = running.why?.()
  if (Exit.isSuccess(waited)) {
    if (running.renewal?.isPossible() === true) return exit
    // It has ended for good by itself.
    child.renewal = undefined
  }
  return yield* release(child, exit)
})

const startOf = (self: SupervisorState, { renewal, spec }: ChildState) =>
  renewal === undefined ? self.startOf(spec) : renewal.up

// No fiber holds the start of a child that is up: it may hold much that only it needs.
const startIn = (self: SupervisorState, child: ChildState, scope: Scope.Scope) =>
  Effect.provideService(startOf(self, child), Scope.Scope, scope)

/** Whether a child has started that can be left alone: then there is nothing else to do. */
const isLeft = (self: SupervisorState, child: ChildState, ready: Ready, started: Started): boolean => {
  if (Exit.isFailure(started) || started.value?.renewal?.unattended === undefined || toldToStop(self, child)) {
    return false
  }
  child.renewal = started.value.renewal
  up(self, child, started.value, ready)
  return leave(self, child)
}

/**
 * Leaves a child alone that is up, if it can be heard of without a fiber; its fiber comes to its end, and another one goes on
 * when the child has ended, or is to be stopped.
 */
const leave = (self: SupervisorState, child: ChildState): boolean => {
  const { renewal, running } = child
  const unattended = renewal?.unattended
  // Those who were told that it is up may have told it to stop, or taken it down.
  if (unattended === undefined || toldToStop(self, child) || child.isInRound) return false
  child.fiber = undefined
  child.scope = undefined
  unattended.whenEnded((exit) => {
    if (child.running !== running || child.fiber !== undefined) return
    if (!endsWithOthers(child, exit)) go(self, child, exit)
  })
  return true
}

/** The end that most children come to, of which there may be very many at once: stopped together, with nothing to be told or released. */
const endsWithOthers = (child: ChildState, exit: Exit.Exit<unknown, unknown>): boolean => {
  const { batch, isInRound, renewal, scope, stop } = child
  const isAsTold = stop !== undefined && !Deferred.isDoneUnsafe(stop) && !isInRound && !Restart.isAbnormal(exit)
  if (batch === undefined || !isAsTold || scope !== undefined || renewal?.isPossible() === true) return false
  child.running = undefined
  child.renewal = undefined
  batch.down(child)
  return true
}

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
const up = (self: SupervisorState, child: ChildState, running: Child.Running, ready: Ready | undefined): void => {
  const isAgain = child.isInRound || wasReady(ready)
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
  if (ready !== undefined) Deferred.doneUnsafe(ready, Exit.void)
}

/** Releases what an incarnation held, for good; finalizers that fail make its end a failure. */
const release = (
  child: ChildState,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<Exit.Exit<unknown, unknown>> =>
  Effect.map(Effect.exit(releaseHeld(child, exit)), (closed) =>
    Exit.isSuccess(closed)
      ? exit
      : Exit.failCause(Cause.combine(causeOf(exit), closed.cause)))

/** The end of a child's fiber, whatever ended it: the child is down, or its round brings it up, or it needs none. */
const settle = (
  self: SupervisorState,
  child: ChildState,
  ready: Ready | undefined,
  exit: Exit.Exit<Exit.Exit<unknown, unknown> | undefined>
): Effect.Effect<void> => {
  if (Exit.isSuccess(exit) && exit.value === UNATTENDED) return Effect.void
  const staysUp = child.isInRound && !toldToStop(self, child) && child.spec.restart !== "temporary"
  if (staysUp || (child.renewal === undefined && child.scope === undefined)) return settled(self, child, ready, exit)
  return Effect.andThen(Effect.exit(releaseHeld(child)), Effect.suspend(() => settled(self, child, ready, exit)))
}

const settled = (
  self: SupervisorState,
  child: ChildState,
  ready: Ready | undefined,
  exit: Exit.Exit<Exit.Exit<unknown, unknown> | undefined>
): Effect.Effect<void> => {
  const isReady = wasReady(ready)
  child.fiber = undefined
  if (child.stop === undefined) {
    if (!child.isInRound) {
      putDown(self, child)
      const how = Exit.isSuccess(exit) && exit.value === IGNORED ? "ignored" : "ended"
      if (isReady) publish(self, { _tag: "ChildStopped", ...about(self, child), how })
    }
  } else if (Deferred.isDoneUnsafe(child.stop)) {
    // It had been abandoned, and has ended after all.
    putDown(self, child)
  } else child.batch?.down(child)
  if (ready !== undefined && !isReady) {
    const cause = Exit.isSuccess(exit) && exit.value !== undefined ? causeOf(exit.value) : causeOf(exit)
    Deferred.doneUnsafe(ready, Exit.fail(new ChildStartFailed({ ...about(self, child), cause })))
  }
  // Only a defect of this module gets here; a supervisor that can no longer lead a child must not look healthy.
  return Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)
    ? finish(self, Exit.failCause(exit.cause), child.spec.id)
    : Effect.void
}
