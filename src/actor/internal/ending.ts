/**
 * The end of an actor: in order, when what it has accepted is handled, or by force.
 *
 * ```text
 *  shutDown ──▶ nothing is accepted, what was accepted is handled ──▶ stop ──▶ handler interrupted, mailbox settled,
 *                       └── its time is over ─────────────────────────┘        scope closed, name free
 * ```
 *
 * While it drains an actor lives on as before: its handlers may crash, and it is restarted for what is left. Only its line is
 * closed: whoever wants to send meets the cold path, and is refused there.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as ExitReason from "../ExitReason.ts"
import type { Behaviour } from "../kernel/Behaviour.ts"
import type { Cell } from "../kernel/Cell.ts"
import { type Guardian, guardianOf } from "../kernel/Owner.ts"
import { HELD, IDLE, RESTARTING, RUNNING, STARTING, STOPPED, STOPPING, SUSPENDED } from "../kernel/Phase.ts"
import { REFUSED } from "../kernel/Recipient.ts"
import { Ask, Notice } from "../kernel/Word.ts"
import { isWithin } from "./batch.ts"
import { goOn } from "./hold.ts"
import { closeEmptyScope, closeScope } from "./incarnation.ts"
import { apart, MAX_INLINE } from "./nesting.ts"
import { isAtWork } from "./rare.ts"
import { forget, freeName, type LifecycleHost } from "./roster.ts"

/** How long an actor that was told to end may take for its handler and its finalizers. */
export const STOP_LIMIT: Duration.Input = "5 seconds"

/**
 * Ends an actor: its handler is interrupted, its mailbox settled, its scope closed, and only then its name is free.
 *
 * `undefined` when it has ended at once. After {@link STOP_LIMIT} it has ended for everybody, and only its name stays taken
 * until its handler and its finalizers come to their end.
 */
export const stop = (
  host: LifecycleHost,
  cell: Cell,
  reason: ExitReason.ExitReason
): Effect.Effect<void> | undefined => {
  if (cell.phase === STOPPED) return undefined
  if (cell.phase === STOPPING) return awaitStopped(cell)
  cell.phase = STOPPING
  if (cell.mailbox !== undefined || cell.rare !== undefined || reason !== ExitReason.scopeClosed) {
    cell.more().reason = reason
    settleMailbox(host, cell)
    host.after.run()
  }
  const fiber = cell.rare?.fiber
  const isAbandoned = cell.rare?.isAbandoned === true
  if (fiber === undefined && (isAbandoned || closeEmptyScope(cell))) {
    over(host, cell, reason)
    return undefined
  }
  finish(host, cell, fiber, reason)
  return cell.hasStopped ? undefined : awaitStopped(cell)
}

const finish = (
  host: LifecycleHost,
  cell: Cell,
  fiber: Fiber.Fiber<unknown, unknown> | undefined,
  reason: ExitReason.ExitReason
): void => {
  const letGo = fiber === undefined ? Effect.void : Effect.asVoid(Fiber.interrupt(fiber))
  const close = Effect.suspend(() => cell.rare?.isAbandoned === true ? Effect.void : closeScope(host, cell, Exit.void))
  const last = Effect.sync(() => over(host, cell, reason))
  const end = Effect.ensuring(Effect.andThen(letGo, close), last)
  const isDeep = host.inlineDepth >= MAX_INLINE
  host.inlineDepth++
  const ending = host.fork(cell.behaviour, Effect.uninterruptible(isDeep ? apart(end) : end))
  host.inlineDepth--
  if (ending.pollUnsafe() !== undefined) return
  const tooLong = Effect.sync(() => {
    if (cell.phase === STOPPED) return
    stopped(host, cell, reason)
    host.log("Error", `${cell.name} takes too long to end: nobody waits for it, and its name stays taken until it has`)
  })
  const limit = host.fork(cell.behaviour, Effect.delay(tooLong, STOP_LIMIT))
  ending.addObserver(() => limit.interruptUnsafe())
}

const awaitStopped = (cell: Cell): Effect.Effect<void> =>
  Effect.withFiber((self) => {
    // A handler that ends its own actor is interrupted as soon as it lets go; neither it nor what it has forked can wait for
    // that.
    if (isWithin(self, cell)) return Effect.void
    return Effect.callback<void>((resume) => {
      const done = () => resume(Effect.void)
      cell.whenStopped(done)
      return Effect.sync(() => cell.unwatch(done))
    })
  })

/**
 * Ends an actor in order: nothing is accepted from now on, what was accepted is handled, and then it stops; after `millis` it is
 * stopped in any case. Of several such ends that with the least time left counts, for the reason of the first.
 *
 * `undefined` when it has ended at once.
 */
export const shutDown = (
  host: LifecycleHost,
  cell: Cell,
  reason: ExitReason.ExitReason,
  millis: number
): Effect.Effect<void> | undefined => {
  if (cell.phase >= STOPPING || !(millis > 0) || !hasWork(cell)) return stop(host, cell, reason)
  if (cell.rare?.isDraining !== true) drain(host, cell, reason)
  if (cell.phase < STOPPING && millis !== Infinity) limit(host, cell, millis)
  return cell.hasStopped ? undefined : awaitStopped(cell)
}

// One that is down below a supervisor does not come up any more: it is the supervisor that stops it.
const hasWork = ({ mailbox, owner, phase, rare }: Cell): boolean =>
  phase === RUNNING || phase === SUSPENDED || isAtWork(rare) ||
  (phase !== STARTING && mailbox !== undefined && mailbox.length > 0 &&
    (phase !== RESTARTING || guardianOf({ owner }) === undefined))

const drain = (host: LifecycleHost, cell: Cell, reason: ExitReason.ExitReason): void => {
  const rare = cell.more()
  rare.isDraining = true
  rare.isPaused = false
  rare.reason = reason
  // A batch that is running goes on; one that is held has to go on too.
  refuseWaiters(host, cell)
  rare.line.close()
  for (const listener of rare.onDrain ?? []) host.after.add(() => listener(reason))
  rare.onDrain = undefined
  host.after.add(() => goOn(cell))
  host.after.run()
}

const limit = (host: LifecycleHost, cell: Cell, millis: number): void => {
  const tooLong = Effect.sync(() => {
    stop(host, cell, cell.reason)
  })
  const limit = host.fork(cell.behaviour, Effect.delay(tooLong, millis))
  cell.whenStopped(() => limit.interruptUnsafe())
}

/** An actor that drains has come to rest: it has handled everything. */
export const drained = (host: LifecycleHost, cell: Cell): void => {
  if ((cell.phase === IDLE || cell.phase === HELD) && !isAtWork(cell.rare)) stop(host, cell, cell.reason)
}

/** Lists the streams of an incarnation that ends to be ended: for a reason, or because the next one follows. */
export const cutStreams = ({ after }: LifecycleHost, cell: Cell, reason: ExitReason.ExitReason | undefined): void => {
  const { streams } = cell.more()
  cell.more().streams = undefined
  for (const stream of streams ?? []) after.add(() => stream.cut(reason))
}

/** Lists all that waits for an actor that ends to be settled; its phase says so already. */
export const settleMailbox = (host: LifecycleHost, cell: Cell): void => {
  const { after } = host
  const { mailbox } = cell
  const { reason } = cell.more()
  let dropped = 0
  mailbox?.close(host.isLeaving)
  for (let word = mailbox?.take(); word !== undefined; word = mailbox!.take()) {
    const payload = mailbox!.takePayload()
    const ask = word
    cell.credit(word)
    if (ask instanceof Ask) after.add(() => ask.stopped(reason, payload))
    else if (!(ask instanceof Notice)) {
      dropped++
      host.lost(cell, word, payload, { _tag: "ActorEnded", reason }, mailbox!.attempt - 1)
      host.freight.drop(payload)
    }
  }
  refuseWaiters(host, cell)
  cutStreams(host, cell, reason)
  if (dropped > 0) {
    const what = dropped === 1 ? "1 message was" : `${dropped} messages were`
    after.add(() =>
      host.log(
        "Warn",
        `${what} dropped: ${cell.name} has ended (${ExitReason.render(reason)})`,
        undefined,
        cell.behaviour
      )
    )
  }
}

// Senders that wait for room were not accepted.
const refuseWaiters = ({ after }: LifecycleHost, cell: Cell): void => {
  const { waiters } = cell.more()
  for (let waiter = waiters.first(); waiter !== undefined; waiter = waiters.first()) {
    const { done, index, payload } = waiter
    waiters.shift()
    after.add(() => done(cell.refusal(index, payload, REFUSED)))
  }
}

// Whoever hears of the end may spawn the next actor of that name at once.
const over = (host: LifecycleHost, cell: Cell, reason: ExitReason.ExitReason): void => {
  if (cell.rare?.isAbandoned !== true) freeName(host, cell)
  stopped(host, cell, reason)
}

const stopped = (host: LifecycleHost, cell: Cell, reason: ExitReason.ExitReason): void => {
  if (cell.phase === STOPPED) return
  const guardian = guardianOf(cell)
  cell.rare?.ties?.close()
  forget(host, cell)
  // The end that most actors come to, of which there may be a million at once.
  if (cell.rare === undefined && guardian === undefined && host.after.isIdle) {
    return host.report({ _tag: "ActorEnded", actor: cell.name, reason })
  }
  host.after.add(() => ended(host, cell, reason, guardian))
  host.after.run()
}

const ended = (
  host: LifecycleHost,
  cell: Cell,
  reason: ExitReason.ExitReason,
  guardian: Guardian | undefined
): void => {
  // The others of a behaviour that has given up are told of by its event, and who was killed by whoever did that.
  if (reason._tag === "Crashed" || reason._tag === "NeverStarted") {
    const cause = reason._tag === "Crashed" ? reason.cause : Cause.die(reason.cause)
    host.log("Error", `${cell.name} has ended: ${ExitReason.render(reason)}`, cause, cell.behaviour)
  }
  const listeners = cell.rare?.onStop
  if (listeners !== undefined) {
    for (const listener of Array.from(listeners)) host.after.add(() => listener(reason))
    listeners.clear()
  }
  if (guardian !== undefined) host.after.add(() => guardian.ended(reason))
  host.report({ _tag: "ActorEnded", actor: cell.name, reason }, cell.behaviour)
}

/** Stops every actor of a behaviour, the youngest first, and hands the cause to the host. */
export const escalate = (host: LifecycleHost, behaviour: Behaviour, cause: Cause.Cause<unknown>): void => {
  const cells = host.rosterOf(behaviour).cells.values().reverse()
  const { name } = behaviour.protocol
  const reason = ExitReason.supervisorGaveUp(name, cause)
  host.isLeaving = true
  host.rosterOf(behaviour).gaveUp = cause
  host.after.add(() => host.report({ _tag: "BehaviourEscalated", name, cause }, behaviour))
  const endings: Array<Effect.Effect<void>> = []
  for (const cell of cells) {
    host.after.add(() => {
      const ending = stop(host, cell, reason)
      if (ending !== undefined) endings.push(ending)
    })
  }
  host.after.add(() =>
    host.fork(
      behaviour,
      Effect.andThen(
        Effect.forEach(endings, (ending) => ending, { discard: true, concurrency: "unbounded" }),
        Effect.sync(() => host.escalated(behaviour, cause))
      )
    )
  )
  host.after.run()
}
