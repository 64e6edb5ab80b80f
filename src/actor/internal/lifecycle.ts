/**
 * The life of an actor: restart and stop. The cold side of `Cell.ts`; how an incarnation is built is in
 * `incarnation.ts`.
 *
 * Everything here keeps four promises: an incarnation's scope is closed before the next one is built; what waits in the
 * mailbox is either kept in order (tells, over a restart) or settled (asks, and everything when the actor ends); an actor
 * that is being stopped accepts nothing any more; and each transition writes all its state before anybody hears of it.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { textOf } from "../../runtime/Text.ts"
import * as Intensity from "../../supervisor/Intensity.ts"
import type * as Restart from "../../supervisor/Restart.ts"
import type { SpawnFailed } from "../ActorError.ts"
import * as ExitReason from "../ExitReason.ts"
import type { Behaviour } from "../kernel/Behaviour.ts"
import type { Cell } from "../kernel/Cell.ts"
import { IDLE, RESTARTING, STOPPED, STOPPING } from "../kernel/Phase.ts"
import { REFUSED } from "../kernel/Recipient.ts"
import { Ask } from "../kernel/Word.ts"
import { isWithin } from "./batch.ts"
import { Failures, pause } from "./failures.ts"
import { awaitBuild, build, closeEmptyScope, closeScope } from "./incarnation.ts"
import { forget, freeName, type LifecycleHost } from "./roster.ts"

/** Decides on a handler that failed; answers whether the cell can take the next message now. */
export const handled = (host: LifecycleHost, cell: Cell, failure: Cause.Cause<unknown>, wasAsked: boolean): boolean => {
  // A handler that ends after its actor was told to has nothing left to decide.
  if (cell.phase >= STOPPING) return false
  if (Cause.hasInterruptsOnly(failure)) return true
  const { cause, directive } = decide(cell.behaviour, failure)
  // The decider is somebody's code, and may have ended the actor, or crashed it.
  if (cell.phase >= RESTARTING) return false
  switch (directive) {
    case "resume":
      if (!wasAsked || Cause.hasDies(cause)) {
        host.after.add(() => host.report({ _tag: "HandlerFailed", actor: cell.name, cause }, cell.behaviour))
        host.after.run()
      }
      return cell.phase < RESTARTING
    case "restart":
      if (cell.behaviour.restart === "temporary") end(host, cell, ExitReason.crashed(cause, "temporary"))
      else restart(host, cell, cause)
      return false
    case "stop":
      end(host, cell, ExitReason.crashed(cause, "decide"))
      return false
    case "escalate":
      escalate(host, cell.behaviour, cause)
      return false
  }
}

interface Decision {
  readonly directive: Restart.Directive
  readonly cause: Cause.Cause<unknown>
}

const DIRECTIVES: ReadonlyArray<unknown> = ["resume", "restart", "stop", "escalate"]

// A decider that throws or answers nonsense escalates, and that is part of the cause. `Cause.combine` would look into what
// was thrown.
const decide = (behaviour: Behaviour, cause: Cause.Cause<unknown>): Decision => {
  const failed = (thrown: unknown): Decision => ({
    directive: "escalate",
    cause: Cause.fromReasons([...cause.reasons, Cause.makeDieReason(thrown)])
  })
  try {
    const directive = behaviour.decide(cause)
    return DIRECTIVES.includes(directive)
      ? { directive, cause }
      : failed(new TypeError(`decide answered ${textOf(directive)}, which is no directive`))
  } catch (thrown) {
    return failed(thrown)
  }
}

// Stops a cell from its own side, where nobody waits for it to be over.
const end = (host: LifecycleHost, cell: Cell, reason: ExitReason.ExitReason): void => {
  stop(host, cell, reason)
}

const failuresOf = (host: LifecycleHost, cell: Cell): Failures => {
  if (cell.behaviour.perActor) return cell.more().failures ??= new Failures(cell.behaviour)
  const roster = host.rosterOf(cell.behaviour)
  return roster.failures ??= new Failures(cell.behaviour)
}

const giveUp = (
  host: LifecycleHost,
  cell: Cell,
  cause: Cause.Cause<unknown>,
  rule: "intensity" | "backoff"
): void => {
  // It may have been ended meanwhile.
  if (cell.phase !== RESTARTING) return
  const { intensity, perActor } = cell.behaviour
  if (!perActor) return escalate(host, cell.behaviour, cause)
  end(host, cell, ExitReason.crashed(cause, rule, intensity))
}

/** Starts the next incarnation of a crashed actor. */
const restart = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<unknown>): void => {
  cell.phase = RESTARTING
  // Whatever is still on the stack or in a fiber belongs to the incarnation that has crashed.
  cell.more().turn++
  const asks = takeAsks(cell)
  host.after.add(() => {
    // An asker goes on at once, and may have ended the actor.
    for (const [ask, payload] of asks) host.after.add(() => ask.restarting(payload))
    host.after.add(() => incarnate(host, cell, cause))
  })
  host.after.run()
}

const incarnate = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<unknown>): void => {
  if (cell.phase !== RESTARTING) return
  const building = rebuild(host, cell, cause)
  lead(host, cell, closeEmptyScope(cell) ? building : Effect.andThen(closeWithin(host, cell, cause), building))
}

// There are never two incarnations at once: one whose finalizers do not come to their end has no successor.
const closeWithin = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.suspend(() => {
    const tooLong = Effect.sync(() => {
      if (cell.phase === RESTARTING) end(host, cell, ExitReason.crashed(cause, "release"))
    })
    const limit = host.fork(cell.behaviour, Effect.delay(tooLong, STOP_LIMIT))
    return Effect.ensuring(
      closeScope(host, cell, Exit.failCause(cause)),
      Effect.sync(() => limit.interruptUnsafe())
    )
  })

const lead = (host: LifecycleHost, cell: Cell, building: Effect.Effect<void>): void => {
  const rare = cell.more()
  // A schedule that dies cannot say when to go on.
  const fiber = host.fork(
    cell.behaviour,
    Effect.catchCause(
      building,
      (dead) =>
        Cause.hasInterruptsOnly(dead) ? Effect.failCause(dead) : Effect.sync(() => giveUp(host, cell, dead, "backoff"))
    )
  )
  if (fiber.pollUnsafe() !== undefined) return
  // What it ran may have ended the actor, which then knew of no fiber to interrupt.
  if (cell.phase !== RESTARTING) return fiber.interruptUnsafe()
  rare.fiber = fiber
  fiber.addObserver(() => {
    if (rare.fiber === fiber) rare.fiber = undefined
  })
}

// A build that fails counts as another failure, and as the cause of what follows.
const rebuild = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.suspend(() => {
    // The actor may have been told to end, by an asker that has just learned of the restart or by its own build.
    if (cell.phase !== RESTARTING) return Effect.void
    const failures = failuresOf(host, cell)
    const now = Intensity.monotonicMillisUnsafe(host.clock)
    if (!failures.window.record(now)) return Effect.sync(() => giveUp(host, cell, cause, "intensity"))
    return Effect.flatMap(pause(failures, now, cause), (delay) => {
      if (delay === undefined) return Effect.sync(() => giveUp(host, cell, cause, "backoff"))
      const attempt = Effect.catchTag(
        buildAgain(host, cell, cause),
        "SpawnFailed",
        (failed) => failedAgain(host, cell, failed)
      )
      return Duration.toMillis(delay) > 0 ? Effect.delay(attempt, delay) : attempt
    })
  })

const failedAgain = (host: LifecycleHost, cell: Cell, failed: SpawnFailed): Effect.Effect<void> => {
  const why = Cause.die(failed.cause)
  if (cell.phase !== RESTARTING) return Effect.void
  if (cell.more().isAbandoned) return Effect.sync(() => end(host, cell, ExitReason.neverStarted(failed.cause)))
  return Effect.andThen(
    Effect.logWarning(`${cell.name} could not be built again`, why),
    rebuild(host, cell, why)
  )
}

const buildAgain = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<unknown>): Effect.Effect<void, SpawnFailed> =>
  Effect.uninterruptibleMask((restore) => {
    const rare = cell.more()
    rare.restarts++
    const fiber = build(cell, rare.restarts + 1)
    return Effect.andThen(
      awaitBuild(host, cell, fiber, restore),
      Effect.suspend(() => restarted(host, cell, cause))
    )
  })

/** Builds an actor whose thread was lost, in the phase of one that restarts: the first attempt is free, the others count. */
export const revive = (host: LifecycleHost, cell: Cell): void => {
  const first = Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(awaitBuild(host, cell, build(cell, 1), restore), () => {
      if (cell.phase !== RESTARTING) return closeScope(host, cell, Exit.void)
      cell.phase = IDLE
      cell.rest()
      return Effect.void
    })
  )
  lead(host, cell, Effect.catchTag(first, "SpawnFailed", (failed) => failedAgain(host, cell, failed)))
}

const restarted = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<unknown>): Effect.Effect<void> => {
  // It was told to end meanwhile.
  if (cell.phase !== RESTARTING) return closeScope(host, cell, Exit.void)
  const { restarts } = cell.more()
  host.rosterOf(cell.behaviour).restarts++
  cell.phase = IDLE
  host.after.add(() => host.report({ _tag: "ActorRestarted", actor: cell.name, restarts, cause }, cell.behaviour))
  cell.rest()
  host.after.run()
  return Effect.void
}

// Tells stay for the next incarnation; asks are taken out, those that wait for room too. Their credit goes back.
const takeAsks = (cell: Cell): ReadonlyArray<readonly [Ask, unknown]> => {
  const asks: Array<readonly [Ask, unknown]> = []
  const { mailbox } = cell
  if (mailbox !== undefined) {
    for (let left = mailbox.length; left > 0; left--) {
      const word = mailbox.take()!
      const payload = mailbox.takePayload()
      if (!(word instanceof Ask)) mailbox.put(word, payload)
      else {
        cell.credit(word)
        asks.push([word, payload])
      }
    }
  }
  cell.more().waiters.keep(({ ask, payload }) => {
    if (ask !== undefined) asks.push([ask, payload])
    return ask === undefined
  })
  return asks
}

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
  const ending = host.fork(cell.behaviour, Effect.uninterruptible(Effect.ensuring(Effect.andThen(letGo, close), last)))
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

/** Lists all that waits for an actor that ends to be settled; its phase says so already. */
export const settleMailbox = (host: LifecycleHost, cell: Cell): void => {
  const { after } = host
  const { mailbox } = cell
  const { reason, waiters } = cell.more()
  let dropped = 0
  for (let word = mailbox?.take(); word !== undefined; word = mailbox!.take()) {
    const payload = mailbox!.takePayload()
    const ask = word
    cell.credit(word)
    if (ask instanceof Ask) after.add(() => ask.stopped(reason, payload))
    else {
      dropped++
      host.freight.drop(payload)
    }
  }
  for (let waiter = waiters.first(); waiter !== undefined; waiter = waiters.first()) {
    const { done, index, payload } = waiter
    waiters.shift()
    after.add(() => done(cell.refusal(index, payload, REFUSED)))
  }
  if (dropped > 0) {
    host.dropped(cell, dropped)
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

// Whoever hears of the end may spawn the next actor of that name at once.
const over = (host: LifecycleHost, cell: Cell, reason: ExitReason.ExitReason): void => {
  if (cell.rare?.isAbandoned !== true) freeName(host, cell)
  stopped(host, cell, reason)
}

const stopped = (host: LifecycleHost, cell: Cell, reason: ExitReason.ExitReason): void => {
  if (cell.phase === STOPPED) return
  forget(cell)
  // The end that most actors come to, of which there may be a million at once.
  if (cell.rare === undefined && host.after.isIdle) return host.report({ _tag: "ActorEnded", actor: cell.name, reason })
  host.after.add(() => ended(host, cell, reason))
  host.after.run()
}

const ended = (host: LifecycleHost, cell: Cell, reason: ExitReason.ExitReason): void => {
  // The others of a behaviour that has given up are told of by its event.
  if (reason._tag === "Crashed") {
    host.log("Error", `${cell.name} has ended: ${ExitReason.render(reason)}`, reason.cause, cell.behaviour)
  }
  const listeners = cell.rare?.onStop
  if (listeners !== undefined) {
    for (const listener of Array.from(listeners)) host.after.add(() => listener(reason))
    listeners.clear()
  }
  host.report({ _tag: "ActorEnded", actor: cell.name, reason }, cell.behaviour)
}

/** Stops every actor of a behaviour, the youngest first, and hands the cause to the host. */
export const escalate = (host: LifecycleHost, behaviour: Behaviour, cause: Cause.Cause<unknown>): void => {
  const cells = Array.from(host.rosterOf(behaviour).cells.values()).reverse()
  const { name } = behaviour.protocol
  const reason = ExitReason.supervisorGaveUp(name, cause)
  host.isLeaving = true
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
