/**
 * The life of an actor: build, restart, stop. The cold side of `Cell.ts`.
 *
 * Everything here keeps three promises: an incarnation's scope is closed before the next one is built; what waits in the
 * mailbox is either kept in order (tells, over a restart) or settled (asks, and everything when the actor ends); and an
 * actor that is being stopped accepts nothing any more.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Intensity from "../../supervisor/Intensity.ts"
import type * as Restart from "../../supervisor/Restart.ts"
import { StartFailed } from "../ActorError.ts"
import * as ExitReason from "../ExitReason.ts"
import { type Behaviour, CurrentActor, type Handlers } from "../kernel/Behaviour.ts"
import type { Cell } from "../kernel/Cell.ts"
import type { CellHost } from "../kernel/CellHost.ts"
import * as Owner from "../kernel/Owner.ts"
import { IDLE, RESTARTING, STARTING, STOPPED, STOPPING } from "../kernel/Phase.ts"
import { Ask } from "../kernel/Word.ts"
import type { SystemEvent } from "../SystemEvent.ts"
import { Failures, pause } from "./failures.ts"

/** The actors of one behaviour on one host. */
export class Roster {
  readonly behaviour: Behaviour
  readonly cells: Map<string, Cell>
  /** The common count of restarts, when the intensity is per supervisor. */
  failures: Failures | undefined
  restarts: number
  constructor(behaviour: Behaviour) {
    this.behaviour = behaviour
    this.cells = new Map()
    this.failures = undefined
    this.restarts = 0
  }
}

/** What the life of a cell needs of its host, besides what its messages need. */
export interface LifecycleHost extends CellHost<Cell> {
  readonly clock: Clock.Clock
  /** Tells whoever listens, and logs it. */
  report(event: SystemEvent): void
  /** The actors of the behaviour of a cell. */
  rosterOf(behaviour: Behaviour): Roster
  /** A behaviour has given up. */
  escalated(behaviour: Behaviour, cause: Cause.Cause<unknown>): void
}

// The scope of an incarnation: it is kept also when nothing was added while the behaviour was built, since a handler may add
// to it later. Most stay empty, so an empty one has no fields of its own: they are those of its prototype until written.
const EmptyScope = function() {} as unknown as new() => Scope.Closeable
EmptyScope.prototype = Scope.makeUnsafe()

/** Starts to build an incarnation; the fiber is done already when the behaviour builds at once. */
const build = (cell: Cell, incarnation: number): Fiber.Fiber<Handlers, unknown> => {
  const scope = new EmptyScope()
  cell.scope = scope
  const { behaviour } = cell
  const services = Context.add(Context.add(behaviour.context, Scope.Scope, scope), CurrentActor, {
    name: behaviour.protocol.name,
    key: cell.key,
    incarnation,
    recipient: cell
  })
  return Effect.runForkWith(services)(behaviour.build)
}

/** Takes the handlers of a new incarnation. */
const built = (cell: Cell, handlers: Handlers): void => {
  cell.handlers = handlers
}

// A finalizer that dies is reported and otherwise ignored: the actor has to be restarted or ended all the same.
// `undefined` when there is nothing to wait for.
const closeScopeUnsafe = (cell: Cell, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> | undefined => {
  const { scope } = cell
  cell.scope = undefined
  const closing = scope === undefined ? undefined : Scope.closeUnsafe(scope, exit)
  return closing === undefined ? undefined : Effect.uninterruptible(Effect.catchCause(
    Effect.asVoid(closing),
    (cause) => Effect.logWarning(`a finalizer of ${cell.name} failed`, cause)
  ))
}

const closeScope = (cell: Cell, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Effect.suspend(() => closeScopeUnsafe(cell, exit) ?? Effect.void)

/**
 * Waits for an incarnation that did not build at once. When it does not come up, for whatever reason, what it had acquired
 * is released. `restore` makes the waiting interruptible; nothing else here is.
 */
const awaitBuild = (
  cell: Cell,
  fiber: Fiber.Fiber<Handlers, unknown>,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): Effect.Effect<void, StartFailed> =>
  Effect.gen(function*() {
    const { initTimeout } = cell.behaviour
    const waited = yield* Effect.exit(restore(Effect.timeoutOption(Fiber.await(fiber), initTimeout)))
    const exit = Exit.isSuccess(waited) && waited.value._tag === "Some" ? waited.value.value : undefined
    if (exit !== undefined && Exit.isSuccess(exit)) return built(cell, exit.value)
    yield* Fiber.interrupt(fiber)
    const failure = cell.phase >= STOPPING
      ? new Error(`it was ended while it was being built: ${ExitReason.render(cell.more().reason)}`)
      : exit === undefined
      ? new Error(`the behaviour was not built within ${Duration.toMillis(initTimeout)} ms`)
      : Cause.squash(exit.cause)
    yield* closeScope(cell, Exit.fail(failure))
    if (Exit.isFailure(waited)) return yield* waited
    return yield* new StartFailed({ actor: cell.name, cause: failure })
  })

/** Starts the first incarnation; an actor that does not come up leaves nothing behind. */
export const start = (host: LifecycleHost, cell: Cell): Effect.Effect<void, StartFailed> => {
  const fiber = build(cell, 1)
  const exit = fiber.pollUnsafe()
  if (exit !== undefined && Exit.isSuccess(exit) && cell.phase === STARTING) {
    built(cell, exit.value)
    return Exit.void
  }
  if (exit === undefined) cell.more().fiber = fiber
  return Effect.uninterruptibleMask((restore) =>
    awaitBuild(cell, fiber, restore).pipe(
      Effect.flatMap(() => cell.phase === STARTING ? Effect.void : endedEarly(cell)),
      Effect.onExit((end) => Effect.sync(() => Exit.isSuccess(end) ? undefined : neverStarted(host, cell, end.cause))),
      Effect.ensuring(Effect.sync(() => {
        if (cell.rare?.fiber === fiber) cell.rare.fiber = undefined
      }))
    )
  )
}

const endedEarly = (cell: Cell): Effect.Effect<never, StartFailed> => {
  const cause = new Error(`it was ended while it was being built: ${ExitReason.render(cell.more().reason)}`)
  return Effect.andThen(closeScope(cell, Exit.fail(cause)), new StartFailed({ actor: cell.name, cause }))
}

// Whoever holds its `self` may have sent it something, or may still do so.
const neverStarted = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<StartFailed>): void => {
  if (cell.phase !== STARTING) return
  cell.phase = STOPPING
  cell.more().reason = ExitReason.neverStarted(whyNot(cause))
  settleMailbox(cell)
  forget(host, cell)
}

const whyNot = (cause: Cause.Cause<StartFailed>): unknown => {
  const squashed = Cause.squash(cause)
  return squashed instanceof StartFailed ? squashed.cause : squashed
}

/** Decides on a handler that failed; answers whether the cell can take the next message now. */
export const handled = (host: LifecycleHost, cell: Cell, failure: Cause.Cause<unknown>, wasAsked: boolean): boolean => {
  // A handler that ends after its actor was told to has nothing left to decide.
  if (cell.phase >= STOPPING) return false
  if (Cause.hasInterruptsOnly(failure)) return true
  const { cause, directive } = decide(cell.behaviour, failure)
  switch (directive) {
    case "resume":
      if (!wasAsked || Cause.hasDies(cause)) host.report({ _tag: "HandlerFailed", actor: cell.name, cause })
      return true
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

// A decider that throws escalates, and what it threw is part of the cause. `Cause.combine` would look into what was thrown.
const decide = (behaviour: Behaviour, cause: Cause.Cause<unknown>): Decision => {
  try {
    return { directive: behaviour.decide(cause), cause }
  } catch (thrown) {
    return { directive: "escalate", cause: Cause.fromReasons([...cause.reasons, Cause.makeDieReason(thrown)]) }
  }
}

// Stops a cell from its own side, where nobody waits for it to be over.
const end = (host: LifecycleHost, cell: Cell, reason: ExitReason.ExitReason): void => {
  const stopping = stop(host, cell, reason)
  if (stopping !== undefined) host.fork(cell.behaviour, stopping)
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
  const { intensity, perActor } = cell.behaviour
  if (!perActor) return escalate(host, cell.behaviour, cause)
  end(host, cell, ExitReason.crashed(cause, rule, intensity))
}

/** Starts the next incarnation of a crashed actor; a crash of the build counts as another failure. */
const restart = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<unknown>): void => {
  cell.phase = RESTARTING
  const rare = cell.more()
  // Whatever is still on the stack or in a fiber belongs to the incarnation that has crashed.
  rare.turn++
  settleQueuedAsks(cell)
  const attempt: Effect.Effect<void, StartFailed> = Effect.suspend(() => {
    // The actor may have been told to end, by an asker that has just learned of the restart or by its own build.
    if (cell.phase !== RESTARTING) return Effect.void
    const failures = failuresOf(host, cell)
    const now = Intensity.monotonicMillisUnsafe(host.clock)
    if (!failures.window.record(now)) return Effect.sync(() => giveUp(host, cell, cause, "intensity"))
    return Effect.flatMap(pause(failures, now, cause), (delay) => {
      if (delay === undefined) return Effect.sync(() => giveUp(host, cell, cause, "backoff"))
      const rebuild = Effect.uninterruptibleMask((restore) => {
        rare.restarts++
        const fiber = build(cell, rare.restarts + 1)
        return Effect.andThen(awaitBuild(cell, fiber, restore), Effect.suspend(() => restarted(host, cell, cause)))
      })
      return Duration.toMillis(delay) > 0 ? Effect.delay(rebuild, delay) : rebuild
    })
  })
  const incarnate: Effect.Effect<void> = Effect.catchTag(attempt, "StartFailed", () => incarnate)
  const closeAndIncarnate = Effect.andThen(closeScope(cell, Exit.failCause(cause)), incarnate)
  // A schedule that dies cannot say when to go on.
  const fiber = host.fork(
    cell.behaviour,
    Effect.catchCause(
      closeAndIncarnate,
      (dead) =>
        Cause.hasInterruptsOnly(dead) ? Effect.failCause(dead) : Effect.sync(() => giveUp(host, cell, dead, "backoff"))
    )
  )
  if (fiber.pollUnsafe() !== undefined) return
  rare.fiber = fiber
  fiber.addObserver(() => {
    if (rare.fiber === fiber) rare.fiber = undefined
  })
}

const restarted = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<unknown>): Effect.Effect<void> => {
  // It was told to end meanwhile.
  if (cell.phase !== RESTARTING) return closeScope(cell, Exit.void)
  const { restarts } = cell.more()
  host.rosterOf(cell.behaviour).restarts++
  host.report({ _tag: "ActorRestarted", actor: cell.name, restarts, cause })
  cell.phase = IDLE
  cell.rest()
  return Effect.void
}

// Tells stay for the next incarnation; an asker is told that its question was not handled and may be asked again. The
// mailbox is in order before the first of them hears of it, since they go on at once.
const settleQueuedAsks = (cell: Cell): void => {
  const asks: Array<[Ask, unknown]> = []
  const { mailbox } = cell
  for (let left = mailbox === undefined ? 0 : mailbox.length; left > 0; left--) {
    const word = mailbox!.take()!
    const payload = mailbox!.payload
    if (!(word instanceof Ask)) mailbox!.put(word, payload)
    else if (!word.cancelled) asks.push([word, payload])
  }
  if (mailbox !== undefined) mailbox.payload = undefined
  cell.more().waiters.keep(({ ask, payload }) => {
    if (ask !== undefined) asks.push([ask, payload])
    return ask === undefined
  })
  for (const [ask, payload] of asks) ask.restarting(payload)
}

/** Ends an actor: its handler is interrupted, its mailbox settled, its scope closed, and only then its name is free. */
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
    settleMailbox(cell)
  }
  const fiber = cell.rare?.fiber
  if (fiber === undefined) {
    const closing = closeScopeUnsafe(cell, Exit.void)
    if (closing === undefined) return stopped(host, cell, reason)
    return Effect.andThen(closing, Effect.sync(() => stopped(host, cell, reason)))
  }
  const ending = Effect.uninterruptible(Effect.gen(function*() {
    yield* Fiber.interrupt(fiber)
    yield* closeScope(cell, Exit.void)
    stopped(host, cell, reason)
  }))
  // A handler that ends its own actor is interrupted as soon as it lets go; it cannot wait for its own end.
  return Effect.withFiber((self) => self === fiber ? Effect.sync(() => void host.fork(cell.behaviour, ending)) : ending)
}

const awaitStopped = (cell: Cell): Effect.Effect<void> =>
  Effect.withFiber((self) =>
    self === cell.rare?.fiber ? Effect.void : Effect.callback((resume) => {
      if (cell.phase === STOPPED) return resume(Effect.void)
      cell.more().onStop.push(() => resume(Effect.void))
    })
  )

const settleMailbox = (cell: Cell): void => {
  const mailbox = cell.mailbox
  let word = mailbox?.take()
  while (word !== undefined) {
    cell.undeliverable(word, mailbox!.payload)
    word = mailbox!.take()
  }
  const { waiters } = cell.more()
  let waiter = waiters.first()
  while (waiter !== undefined) {
    waiters.shift()
    waiter.done(cell.refusal(waiter.index, waiter.payload))
    waiter = waiters.first()
  }
}

const stopped = (host: LifecycleHost, cell: Cell, reason: ExitReason.ExitReason): undefined => {
  if (cell.phase === STOPPED) return undefined
  forget(host, cell)
  host.report({ _tag: "ActorEnded", actor: cell.name, reason })
  const listeners = cell.rare?.onStop
  if (listeners !== undefined) { for (const listener of listeners.splice(0)) listener(reason) }
  return undefined
}

// Frees the name and what the cell holds.
const forget = (host: LifecycleHost, cell: Cell): void => {
  cell.phase = STOPPED
  cell.handlers = undefined
  cell.mailbox = undefined
  const { cells } = host.rosterOf(cell.behaviour)
  if (cells.get(cell.key) === cell) cells.delete(cell.key)
  Owner.Owner.remove(cell)
}

/** Stops every actor of a behaviour, the youngest first, and hands the cause to the host. */
export const escalate = (host: LifecycleHost, behaviour: Behaviour, cause: Cause.Cause<unknown>): void => {
  const cells = Array.from(host.rosterOf(behaviour).cells.values()).reverse()
  const reason = ExitReason.supervisorGaveUp(behaviour.protocol.name, cause)
  host.report({ _tag: "BehaviourEscalated", name: behaviour.protocol.name, cause })
  host.fork(
    behaviour,
    Effect.andThen(
      Effect.forEach(cells, (cell) => stop(host, cell, reason) ?? Effect.void, { discard: true }),
      Effect.sync(() => host.escalated(behaviour, cause))
    )
  )
}
