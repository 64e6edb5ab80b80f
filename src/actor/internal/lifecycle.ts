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
import { StartFailed } from "../ActorError.ts"
import { type Behaviour, CurrentActor, type Handlers } from "../Behaviour.ts"
import { type Cell, type CellHost, IDLE, RESTARTING, STOPPED, STOPPING } from "../Cell.ts"
import { Ask } from "../Message.ts"
import * as Owner from "../Owner.ts"
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
export interface LifecycleHost extends CellHost {
  readonly clock: Clock.Clock
  /** Tells whoever listens, and logs it. */
  report(event: SystemEvent): void
  /** The actors of the behaviour of a cell. */
  rosterOf(behaviour: Behaviour): Roster
  /** A behaviour has given up. */
  escalated(behaviour: Behaviour, cause: Cause.Cause<unknown>): void
}

/** Starts to build an incarnation; the fiber is done already when the behaviour builds at once. */
export const build = (cell: Cell, incarnation: number): Fiber.Fiber<Handlers, unknown> => {
  const scope = Scope.makeUnsafe()
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

/** Takes the handlers of a new incarnation; a scope that nothing was added to is not kept. */
export const built = (cell: Cell, handlers: Handlers): void => {
  cell.handlers = handlers
  if (cell.scope?.state._tag === "Empty") cell.scope = undefined
}

const closeScope = (cell: Cell, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> => {
  const scope = cell.scope
  cell.scope = undefined
  return scope === undefined ? Effect.void : Scope.close(scope, exit)
}

/** Waits for an incarnation that did not build at once. */
export const awaitBuild = (
  cell: Cell,
  fiber: Fiber.Fiber<Handlers, unknown>
): Effect.Effect<void, StartFailed> =>
  Effect.gen(function*() {
    const { initTimeout } = cell.behaviour
    const exit = yield* Fiber.await(fiber).pipe(
      Effect.timeoutOption(initTimeout),
      Effect.onInterrupt(() => Fiber.interrupt(fiber))
    )
    if (exit._tag === "Some" && Exit.isSuccess(exit.value)) return built(cell, exit.value.value)
    const failure = exit._tag === "Some"
      ? Cause.squash((exit.value as Exit.Failure<Handlers, unknown>).cause)
      : new Error(`the behaviour was not built within ${Duration.toMillis(initTimeout)} ms`)
    if (exit._tag === "None") yield* Fiber.interrupt(fiber)
    yield* closeScope(cell, Exit.fail(failure))
    return yield* new StartFailed({ actor: cell.name, cause: failure })
  })

/** The outcome of a build that failed at once. */
export const startFailed = (cell: Cell, cause: Cause.Cause<unknown>): Effect.Effect<never, StartFailed> =>
  Effect.andThen(
    closeScope(cell, Exit.failCause(cause)),
    Effect.fail(new StartFailed({ actor: cell.name, cause: Cause.squash(cause) }))
  )

const decide = (behaviour: Behaviour, cause: Cause.Cause<unknown>): ReturnType<Behaviour["decide"]> => {
  try {
    return behaviour.decide(cause)
  } catch {
    return "escalate"
  }
}

/** Decides on a handler that failed; answers whether the cell can take the next message now. */
export const handled = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<unknown>, wasAsked: boolean): boolean => {
  if (Cause.hasInterruptsOnly(cause)) return true
  switch (decide(cell.behaviour, cause)) {
    case "resume":
      if (!wasAsked || Cause.hasDies(cause)) host.report({ _tag: "HandlerFailed", actor: cell.name, cause })
      return true
    case "restart":
      if (cell.behaviour.restart === "temporary") end(host, cell, `crashed: ${text(cause)}`)
      else restart(host, cell, cause)
      return false
    case "stop":
      end(host, cell, `stopped after ${text(cause)}`)
      return false
    case "escalate":
      escalate(host, cell.behaviour, cause)
      return false
  }
}

const text = (cause: Cause.Cause<unknown>): string => {
  const squashed = Cause.squash(cause)
  return squashed instanceof Error ? `${squashed.name}: ${squashed.message}` : String(squashed)
}

// Stops a cell from its own side, where nobody waits for it to be over.
const end = (host: LifecycleHost, cell: Cell, reason: string): void => {
  const stopping = stop(host, cell, reason)
  if (stopping !== undefined) host.fork(cell.behaviour, stopping)
}

const failuresOf = (host: LifecycleHost, cell: Cell): Failures => {
  if (cell.behaviour.perActor) return cell.more().failures ??= new Failures(cell.behaviour)
  const roster = host.rosterOf(cell.behaviour)
  return roster.failures ??= new Failures(cell.behaviour)
}

const giveUp = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<unknown>): void => {
  const { intensity, perActor } = cell.behaviour
  if (!perActor) return escalate(host, cell.behaviour, cause)
  const limit = `more than ${intensity.restarts} restarts within ${intensity.withinMillis} ms`
  end(host, cell, `${limit}; the last after ${text(cause)}`)
}

/** Starts the next incarnation of a crashed actor; a crash of the build counts as another failure. */
const restart = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<unknown>): void => {
  cell.phase = RESTARTING
  settleQueuedAsks(cell)
  const rare = cell.more()
  const attempt: Effect.Effect<void, StartFailed> = Effect.suspend(() => {
    const failures = failuresOf(host, cell)
    const now = Intensity.monotonicMillisUnsafe(host.clock)
    if (!failures.window.record(now)) return Effect.sync(() => giveUp(host, cell, cause))
    return Effect.flatMap(pause(failures, now, cause), (delay) => {
      if (delay === undefined) return Effect.sync(() => giveUp(host, cell, cause))
      const rebuild = Effect.suspend(() => {
        rare.restarts++
        const fiber = build(cell, rare.restarts + 1)
        return Effect.andThen(awaitBuild(cell, fiber), Effect.sync(() => restarted(host, cell, cause)))
      })
      return Duration.toMillis(delay) > 0 ? Effect.delay(rebuild, delay) : rebuild
    })
  })
  const incarnate: Effect.Effect<void> = Effect.catchTag(attempt, "StartFailed", () => incarnate)
  const fiber = host.fork(cell.behaviour, Effect.andThen(closeScope(cell, Exit.failCause(cause)), incarnate))
  if (fiber.pollUnsafe() !== undefined) return
  rare.fiber = fiber
  fiber.addObserver(() => {
    if (rare.fiber === fiber) rare.fiber = undefined
  })
}

const restarted = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<unknown>): void => {
  const { restarts } = cell.more()
  host.rosterOf(cell.behaviour).restarts++
  host.report({ _tag: "ActorRestarted", actor: cell.name, restarts, cause })
  cell.phase = IDLE
  cell.rest()
}

// Tells stay for the next incarnation; an asker is told that its question was not handled and may be asked again.
const settleQueuedAsks = (cell: Cell): void => {
  const mailbox = cell.mailbox
  if (mailbox === undefined) return
  for (let left = mailbox.length; left > 0; left--) {
    const word = mailbox.take()!
    const payload = mailbox.payload
    if (word instanceof Ask) {
      if (!word.cancelled) word.restarting(payload)
    } else mailbox.put(word, payload)
  }
}

/** Ends an actor: its handler is interrupted, its mailbox settled, its scope closed, and only then its name is free. */
export const stop = (host: LifecycleHost, cell: Cell, reason: string): Effect.Effect<void> | undefined => {
  if (cell.phase === STOPPED) return undefined
  if (cell.phase === STOPPING) return awaitStopped(cell)
  cell.phase = STOPPING
  if (cell.mailbox !== undefined || cell.rare !== undefined) {
    cell.more().reason = reason
    settleMailbox(cell)
  }
  const fiber = cell.rare?.fiber
  if (fiber === undefined && cell.scope === undefined) return stopped(host, cell, reason)
  return Effect.uninterruptible(Effect.gen(function*() {
    if (fiber !== undefined) yield* Fiber.interrupt(fiber)
    yield* closeScope(cell, Exit.void)
    stopped(host, cell, reason)
  }))
}

const awaitStopped = (cell: Cell): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (cell.phase === STOPPED) return resume(Effect.void)
    cell.more().onStop.push(() => resume(Effect.void))
  })

const settleMailbox = (cell: Cell): void => {
  const mailbox = cell.mailbox
  let word = mailbox?.take()
  while (word !== undefined) {
    cell.undeliverable(word, mailbox!.payload)
    word = mailbox!.take()
  }
  const { waiters } = cell.more()
  while (waiters.length > 0) {
    const waiter = waiters.shift()!
    if (!waiter.abandoned) waiter.done(cell.refusal(waiter.index, waiter.payload))
  }
}

const stopped = (host: LifecycleHost, cell: Cell, reason: string): undefined => {
  cell.phase = STOPPED
  cell.handlers = undefined
  cell.mailbox = undefined
  const { cells } = host.rosterOf(cell.behaviour)
  if (cells.get(cell.key) === cell) cells.delete(cell.key)
  Owner.Owner.remove(cell)
  host.report({ _tag: "ActorEnded", actor: cell.name, reason })
  const listeners = cell.rare?.onStop
  if (listeners !== undefined) { for (const listener of listeners.splice(0)) listener(reason) }
  return undefined
}

/** Stops every actor of a behaviour, the youngest first, and hands the cause to the host. */
export const escalate = (host: LifecycleHost, behaviour: Behaviour, cause: Cause.Cause<unknown>): void => {
  const cells = Array.from(host.rosterOf(behaviour).cells.values()).reverse()
  const reason = `its supervisor gave up after ${text(cause)}`
  host.report({ _tag: "BehaviourEscalated", name: behaviour.protocol.name, cause })
  host.fork(
    behaviour,
    Effect.andThen(
      Effect.forEach(cells, (cell) => stop(host, cell, reason) ?? Effect.void, { discard: true }),
      Effect.sync(() => host.escalated(behaviour, cause))
    )
  )
}
