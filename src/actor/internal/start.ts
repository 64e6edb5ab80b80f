/**
 * How an actor comes up for the first time; one that does not leaves nothing behind.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { SpawnFailed } from "../ActorError.ts"
import * as ExitReason from "../ExitReason.ts"
import type { Cell } from "../kernel/Cell.ts"
import * as Owner from "../kernel/Owner.ts"
import { IDLE, STARTING, STOPPING } from "../kernel/Phase.ts"
import { settleMailbox } from "./ending.ts"
import { awaitBuild, build, type Building, builtAtOnce, builtBy, closeScope, endedEarly } from "./incarnation.ts"
import { forget, freeName, type LifecycleHost } from "./roster.ts"

/**
 * Starts the first incarnation; the result is at hand when it builds at once.
 *
 * Otherwise a fiber of its own sees to it to the end, and whoever spawns waits for that: an interruption at any step of the
 * one who waits ends the actor, or finds that there is none.
 */
export const start = (
  host: LifecycleHost,
  cell: Cell,
  owner: Scope.Scope | undefined
): Effect.Effect<Cell, SpawnFailed> => {
  const building = build(cell, 1)
  if (builtAtOnce(cell, builtBy(building)) && cell.phase === STARTING) return up(cell, owner)
  const starting = host.fork(cell.behaviour, comeUp(host, cell, building, owner)) as Fiber.Fiber<Cell, SpawnFailed>
  const exit = starting.pollUnsafe()
  if (exit !== undefined) return exit
  // The spawner may be interrupted before it comes to wait.
  const arrived = Fiber.getCurrent()?.addObserver(() => starting.interruptUnsafe())
  return Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      arrived?.()
      return Effect.flatMap(
        Effect.exit(restore(Fiber.await(starting))),
        (waited): Effect.Effect<Cell, SpawnFailed> =>
          Exit.isSuccess(waited)
            ? waited.value
            : Effect.andThen(withdrawn(cell, starting), Exit.failCause(waited.cause))
      )
    })
  )
}

/** Starts the first incarnation of an actor that nobody waits for; `done` is called when it is up, or has ended. */
export const activate = (host: LifecycleHost, cell: Cell, done: () => void): void => {
  const building = build(cell, 1)
  if (builtAtOnce(cell, builtBy(building)) && cell.phase === STARTING) {
    // Nobody owns it, so there is nothing to be done but what is done.
    void up(cell, undefined)
    return done()
  }
  host.fork(cell.behaviour, comeUp(host, cell, building, undefined)).addObserver(() => {
    const { behaviour, name, reason } = cell
    // Who was told to end has said so.
    if (reason._tag === "NeverStarted") {
      host.report({ _tag: "ActorEnded", actor: name, reason }, behaviour)
      host.log("Error", `${name} has ended: ${ExitReason.render(reason)}`, Cause.die(reason.cause), behaviour)
    }
    done()
  })
}

const withdrawn = (cell: Cell, starting: Fiber.Fiber<Cell, SpawnFailed>): Effect.Effect<void> =>
  Effect.flatMap(
    Fiber.await(interrupted(starting)),
    (exit) =>
      Exit.isSuccess(exit)
        ? cell.stop(ExitReason.neverStarted("its spawn was interrupted")) ?? Effect.void
        : Effect.void
  )

const interrupted = <A, E>(fiber: Fiber.Fiber<A, E>): Fiber.Fiber<A, E> => {
  fiber.interruptUnsafe()
  return fiber
}

const comeUp = (
  host: LifecycleHost,
  cell: Cell,
  building: Building,
  owner: Scope.Scope | undefined
): Effect.Effect<Cell, SpawnFailed> => {
  // Told to end by its own build, which nobody knew of yet.
  if (cell.phase !== STARTING && Fiber.isFiber(building)) building.interruptUnsafe()
  return Effect.uninterruptibleMask((restore) => {
    const rare = cell.more()
    // Who ends the actor now ends this fiber: it sees to the build, and to all that the build holds.
    rare.fiber = Fiber.getCurrent()
    return awaitBuild(host, cell, building, restore).pipe(
      Effect.ensuring(Effect.sync(() => {
        rare.fiber = undefined
      })),
      Effect.flatMap(() => cell.phase === STARTING ? up(cell, owner) : tooLate(host, cell)),
      Effect.onExit((end) => Effect.sync(() => Exit.isSuccess(end) ? undefined : neverStarted(host, cell, end.cause)))
    )
  })
}

const up = (cell: Cell, owner: Scope.Scope | undefined): Effect.Effect<Cell> => {
  cell.phase = IDLE
  const stopping = owner === undefined ? undefined : Owner.adopt(owner, cell)
  if (cell.mailbox !== undefined || cell.rare !== undefined) cell.rest()
  return stopping === undefined ? Exit.succeed(cell) : Effect.as(stopping, cell)
}

const tooLate = (host: LifecycleHost, cell: Cell): Effect.Effect<never, SpawnFailed> => {
  const cause = endedEarly(cell)
  return Effect.andThen(closeScope(host, cell, Exit.fail(cause)), new SpawnFailed({ actor: cell.name, cause }))
}

// Whoever holds its `self` may have sent it something, or may still do so.
const neverStarted = (host: LifecycleHost, cell: Cell, cause: Cause.Cause<SpawnFailed>): void => {
  if (cell.phase !== STARTING) return
  const squashed = Cause.squash(cause)
  cell.phase = STOPPING
  cell.more().reason = ExitReason.neverStarted(
    squashed instanceof SpawnFailed
      ? squashed.cause
      : Cause.hasInterruptsOnly(cause)
      ? "its spawn was interrupted"
      : squashed
  )
  const { isAbandoned, onStop, reason } = cell.more()
  settleMailbox(host, cell)
  forget(host, cell)
  if (!isAbandoned) freeName(host, cell)
  for (const listener of Array.from(onStop ?? [])) host.after.add(() => listener(reason))
  onStop?.clear()
  host.after.run()
}
