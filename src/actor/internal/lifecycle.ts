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
import { SpawnFailed } from "../ActorError.ts"
import * as ExitReason from "../ExitReason.ts"
import { type Behaviour, isIgnored } from "../kernel/Behaviour.ts"
import type { Cell } from "../kernel/Cell.ts"
import { type Guardian, guardianOf } from "../kernel/Owner.ts"
import { IDLE, RESTARTING, STOPPING } from "../kernel/Phase.ts"
import { Ask, INDEX_MASK, type Word, wordOf } from "../kernel/Word.ts"
import type { ActorCrashed } from "../SystemEvent.ts"
import { cutStreams, escalate, stop, STOP_LIMIT } from "./ending.ts"
import { Failures, pause } from "./failures.ts"
import { holdForDown, listRest } from "./hold.ts"
import { awaitBuild, build, closeEmptyScope, closeScope, endedEarly } from "./incarnation.ts"
import type { LifecycleHost } from "./roster.ts"
import { setAside } from "./setAside.ts"

/** Decides on a handler that failed; answers whether the cell can take the next message now. */
export const handled = (
  host: LifecycleHost,
  cell: Cell,
  failure: Cause.Cause<unknown>,
  word: Word | undefined,
  wasAsked: boolean
): boolean => {
  // A handler that ends after its actor was told to has nothing left to decide.
  if (cell.phase >= STOPPING) return false
  if (Cause.hasInterruptsOnly(failure)) return true
  cell.counts.failed++
  const { cause, directive } = decide(cell.behaviour, failure)
  // The decider is somebody's code, and may have ended the actor, or crashed it.
  if (cell.phase >= RESTARTING) return false
  if (directive !== "resume") report(host, cell, cause, directive, word)
  const guardian = guardianOf(cell)
  switch (directive) {
    case "resume":
      if (!wasAsked || Cause.hasDies(cause)) host.unheard(cell, cause)
      return cell.phase < RESTARTING
    case "restart":
      if (guardian !== undefined) handOver(host, cell, guardian, cause, directive, word)
      else if (cell.behaviour.restart === "temporary") end(host, cell, ExitReason.crashed(cause, "temporary"))
      else restart(host, cell, cause)
      return false
    case "stop":
      if (guardian !== undefined) handOver(host, cell, guardian, cause, directive, word)
      else end(host, cell, ExitReason.crashed(cause, "decide"))
      return false
    case "escalate":
      if (guardian !== undefined) handOver(host, cell, guardian, cause, directive, word)
      else escalate(host, cell.behaviour, cause)
      return false
  }
}

// Told before what comes of it.
const report = (
  host: LifecycleHost,
  cell: Cell,
  cause: Cause.Cause<unknown>,
  directive: Exclude<Restart.Directive, "resume">,
  word: Word | undefined
): void => {
  const { behaviour, name, rare } = cell
  const index = indexOf(word)
  const event: ActorCrashed = {
    _tag: "ActorCrashed",
    actor: name,
    incarnation: (rare?.restarts ?? 0) + 1,
    message: index === undefined ? undefined : behaviour.protocol.tags[index],
    cause,
    directive,
    restartsLeft: guardianOf(cell) !== undefined || directive !== "restart" ? undefined : restartsLeft(host, cell)
  }
  host.after.add(() => host.report(event, behaviour))
}

const restartsLeft = (host: LifecycleHost, cell: Cell): number => {
  const { intensity, restart } = cell.behaviour
  if (restart === "temporary") return 0
  const now = Intensity.monotonicMillisUnsafe(host.clock)
  return Math.max(0, intensity.restarts - failuresOf(host, cell).window.count(now))
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
const restart = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<unknown>): void =>
  takeDown(host, cell, cause, rebuild(host, cell, cause))

/** Leaves to the supervisor what becomes of a crashed actor. */
const handOver = (
  host: LifecycleHost,
  cell: Cell,
  guardian: Guardian,
  cause: Cause.Cause<unknown>,
  directive: Restart.Directive | undefined,
  word: Word | undefined
): void =>
  takeDown(
    host,
    cell,
    cause,
    Effect.sync(() => guardian.crashed(Exit.failCause(cause), directive, indexOf(word)))
  )

const indexOf = (word: Word | undefined): number | undefined =>
  word === undefined ? undefined : wordOf(word) & INDEX_MASK

/**
 * Ends an incarnation whose actor stays: asks are handed back, tells stay, its `handler` is interrupted if one runs, its scope is closed,
 * and then it goes on as told.
 */
const takeDown = (
  host: LifecycleHost,
  cell: Cell,
  cause: Cause.Cause<unknown>,
  next: Effect.Effect<void>,
  handler?: Fiber.Fiber<unknown, unknown>
): void => {
  const rare = cell.more()
  cell.phase = RESTARTING
  cell.ended()
  // Whatever is still on the stack or in a fiber belongs to the incarnation that has ended.
  rare.outlive()
  rare.turn++
  rare.isHeld = rare.isPaused
  rare.inspect = undefined
  rare.ties?.close()
  // One that goes down for another's sake has not been brought down by its message.
  const givenUp = cell.mailbox?.crashed(cause.reasons.length > 0)
  if (givenUp !== undefined) setAside(host, cell, givenUp, cause)
  const asks = takeAsks(cell)
  listRest(cell, rare)
  cutStreams(host, cell, undefined)
  host.after.add(() => {
    // An asker goes on at once, and may have ended the actor.
    for (const [ask, payload] of asks) host.after.add(() => ask.restarting(payload))
    host.after.add(() => {
      if (cell.phase !== RESTARTING) return
      const released = Effect.suspend(() =>
        closeEmptyScope(cell) ? next : Effect.andThen(closeWithin(host, cell, cause), next)
      )
      lead(host, cell, handler === undefined ? released : Effect.andThen(Fiber.interrupt(handler), released))
    })
  })
  host.after.run()
}

/**
 * Ends the incarnation that is up because its supervisor says so: its handler has so many milliseconds to come to its end and
 * is interrupted then, and what waits in the mailbox waits on.
 */
export const giveUpIncarnation = (host: LifecycleHost, cell: Cell, withinMillis: number): Effect.Effect<void> => {
  const rested = Effect.callback<void>((resume) => {
    const forget = holdForDown(cell, () => resume(Effect.void))
    return Effect.sync(forget)
  })
  const atRest = withinMillis > 0 ? Effect.asVoid(Effect.timeoutOption(rested, withinMillis)) : Effect.void
  const down = Effect.callback<void>((resume) => {
    if (cell.phase >= RESTARTING) return resume(Effect.void)
    const { ask, fiber } = cell.more()
    const over = Effect.sync(() => {
      guardianOf(cell)?.crashed(Exit.interrupt(), undefined)
      resume(Effect.void)
    })
    cell.more().ask = undefined
    takeDown(host, cell, Cause.empty, over, fiber)
    ask?.settle(Exit.die(new Error(`${cell.name} was restarted with its siblings while it handled this`)))
  })
  return Effect.suspend(() => cell.phase >= RESTARTING ? Effect.void : Effect.andThen(atRest, down))
}

/** Builds the next incarnation of an actor that waits for what its supervisor decides. */
export const renew = (
  host: LifecycleHost,
  cell: Cell,
  cause: Cause.Cause<unknown>
): Effect.Effect<void, SpawnFailed> =>
  Effect.suspend(() => {
    if (cell.phase !== RESTARTING) return new SpawnFailed({ actor: cell.name, cause: endedEarly(cell) })
    const building = host.fork(cell.behaviour, buildAgain(host, cell, cause)) as Fiber.Fiber<void, SpawnFailed>
    attend(cell, building)
    return Effect.onInterrupt(Fiber.join(building), () => Fiber.interrupt(building))
  })

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
  // A schedule that dies cannot say when to go on.
  const fiber = host.fork(
    cell.behaviour,
    Effect.catchCause(
      building,
      (dead) =>
        Cause.hasInterruptsOnly(dead) ? Effect.failCause(dead) : Effect.sync(() => giveUp(host, cell, dead, "backoff"))
    )
  )
  attend(cell, fiber)
}

// The fiber that a stop has to interrupt.
const attend = (cell: Cell, fiber: Fiber.Fiber<unknown, unknown>): void => {
  const rare = cell.more()
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
  if (isIgnored(failed)) return Effect.sync(() => end(host, cell, ExitReason.normal))
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
    const building = build(cell, rare.restarts + 1)
    return Effect.andThen(
      awaitBuild(host, cell, building, restore),
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
  const isLoggedAbove = guardianOf(cell) !== undefined
  const event = { _tag: "ActorRestarted", actor: cell.name, restarts, cause } as const
  host.after.add(() => host.report(event, cell.behaviour, isLoggedAbove))
  cell.rest()
  host.after.run()
  return Effect.void
}

const isAsk = (word: Word): boolean => word instanceof Ask

// Tells stay for the next incarnation; asks are taken out, those that wait for room too. Their credit goes back. What has come into a
// mailbox that survives stays there.
const takeAsks = (cell: Cell): ReadonlyArray<readonly [Ask, unknown]> => {
  const asks: Array<readonly [Ask, unknown]> = []
  const { mailbox } = cell
  for (const [word, payload] of mailbox === undefined || mailbox.isLasting ? [] : mailbox.takeAll(isAsk)) {
    cell.credit(word)
    asks.push([word as Ask, payload])
  }
  cell.more().waiters.keep(({ ask, payload }) => {
    if (ask !== undefined) asks.push([ask, payload])
    return ask === undefined
  })
  return asks
}
