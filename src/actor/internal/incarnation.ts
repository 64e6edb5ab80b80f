/**
 * One incarnation of an actor: how it is built in a scope of its own, and how that scope is closed.
 *
 * A build takes `initTimeout` at most, and {@link GRACE} more to let go when it is interrupted. One that does not is
 * abandoned: its actor has ended for everybody, and only its name stays taken until the build comes to an end by itself.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { textOf } from "../../runtime/Text.ts"
import { SpawnFailed } from "../ActorError.ts"
import * as ExitReason from "../ExitReason.ts"
import { Adapted } from "../kernel/Adapted.ts"
import { type Behaviour, CurrentActor, type Handlers } from "../kernel/Behaviour.ts"
import type { Cell } from "../kernel/Cell.ts"
import { intercepting } from "../kernel/Interceptors.ts"
import { RESTARTING, STOPPING } from "../kernel/Phase.ts"
import { ofActor } from "./annotated.ts"
import { beginBuild, type Build, currentActor } from "./building.ts"
import { Idle, idleMillis, noting } from "./idle.ts"
import { scopeOf } from "./incarnationScope.ts"
import { apart, MAX_INLINE } from "./nesting.ts"
import { freeName, type LifecycleHost } from "./roster.ts"

/** How long a build that was interrupted may take to let go. */
export const GRACE: Duration.Input = "1 second"

/** A build that is under way, or what has come of it. */
export type Building = Fiber.Fiber<Handlers, unknown> | Exit.Exit<Handlers, unknown>

/** What has come of a build by now. */
export const builtBy = (building: Building): Exit.Exit<Handlers, unknown> | undefined =>
  Exit.isExit(building) ? building : building.pollUnsafe()

/** Starts to build an incarnation; it is over already when the behaviour builds at once. */
export const build = (cell: Cell, incarnation: number): Building => {
  const { behaviour, host } = cell
  const { turn } = host
  const before = turn.handOver(cell.number)
  const isDeep = host.inlineDepth >= MAX_INLINE
  host.inlineDepth++
  const made: Build = { cell, incarnation }
  const left = isDeep ? apart(behaviour.build) : beginBuild(made)
  const building = Exit.isExit(left) ? left as Exit.Exit<Handlers, unknown> : buildInFiber(made, left)
  host.inlineDepth--
  turn.handOver(before)
  return building
}

const buildInFiber = (made: Build, left: Behaviour["build"]): Fiber.Fiber<Handlers, unknown> => {
  const { cell } = made
  const scoped = Context.add(ofActor(cell), Scope.Scope, scopeOf(cell))
  return Effect.runForkWith(Context.add(scoped, CurrentActor, currentActor(made)))(left)
}

// What was built is taken for handlers only when it can hold some.
const takeHandlers = (cell: Cell, handlers: unknown): boolean => {
  if (!areHandlers(handlers)) return false
  if (idleMillis(cell) !== Infinity) takeIdle(cell)
  cell.handlers = noted(cell, handlers)
  return true
}

const areHandlers = (handlers: unknown): handlers is Handlers => typeof handlers === "object" && handlers !== null

// What is around them, and whoever waits for messages to stay away and is told of each.
const noted = (cell: Cell, own: Handlers): Handlers => {
  const { behaviour: { around, protocol: { tags } }, rare } = cell
  const handlers = around.length === 0 ? own : intercepting(own, tags, around, cell.name)
  if (rare === undefined) return handlers
  const waiting = [rare.quiet, rare.idle].filter((waits) => waits !== undefined)
  const all = waiting.reduce((noted, waits) => noting(waits, noted, tags), handlers)
  return rare.isAdapting ? madeOf(all, tags) : all
}

// What has come by an adapter is made here, in the actor's turn: what that throws is thrown by the handler.
const madeOf = (own: Handlers, tags: ReadonlyArray<string>): Handlers =>
  Object.fromEntries(
    tags.map((tag) => [tag, (payload: unknown) => own[tag]!(payload instanceof Adapted ? payload.make() : payload)])
  )

/** Something may come by an adapter from now on, to this incarnation and, when it was accepted, to the next. */
export const unadapting = (cell: Cell): void => {
  const rare = cell.more()
  if (rare.isAdapting) return
  rare.isAdapting = true
  if (cell.handlers !== undefined) cell.handlers = madeOf(cell.handlers, cell.protocol.tags)
}

/** Has an incarnation handle what comes from now on with other handlers, as long as it is up. */
export const become = (cell: Cell, scope: Cell["scope"], handlers: unknown): void => {
  if (!areHandlers(handlers)) {
    throw new TypeError(`${cell.name} cannot become ${textOf(handlers)}: these are no handlers`)
  }
  if (cell.scope !== scope || cell.phase >= RESTARTING) return
  const { hosting } = cell.behaviour
  cell.handlers = noted(cell, hosting === undefined ? handlers : hosting(handlers, scope))
}

const takeIdle = (cell: Cell): void => {
  const rare = cell.more()
  if (rare.idle !== undefined) cell.host.deadlines.remove(rare.idle)
  const idle = new Idle(cell)
  rare.idle = idle
  idle.begin()
}

const noHandlers = new TypeError("the behaviour was built and answered no handlers")

/** Takes the handlers of an incarnation that was built at once; answers whether there are any. */
export const builtAtOnce = (cell: Cell, exit: Exit.Exit<Handlers, unknown> | undefined): boolean =>
  exit !== undefined && Exit.isSuccess(exit) && takeHandlers(cell, exit.value)

/**
 * Closes the scope of the incarnation, if it still has one. A finalizer that dies is logged and otherwise ignored: the
 * actor has to be restarted or ended all the same.
 */
export const closeScope = (host: LifecycleHost, cell: Cell, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Effect.uninterruptible(Effect.suspend(() => {
    const { scope } = cell
    cell.scope = undefined
    if (scope === undefined) return Effect.void
    return Effect.catchCause(
      Effect.annotateLogs(Effect.asVoid(Scope.close(scope, exit)), "actor", cell.name),
      (cause) => Effect.sync(() => host.log("Warn", `a finalizer of ${cell.name} failed`, cause, cell.behaviour))
    )
  }))

/** Closes a scope in which there is nothing; answers whether that was so. */
export const closeEmptyScope = (cell: Cell): boolean => {
  const { scope } = cell
  if (scope === undefined) return true
  if (scope.state._tag === "Open") return false
  cell.scope = undefined
  Scope.closeUnsafe(scope, Exit.void)
  return true
}

const endsWithin = (
  host: LifecycleHost,
  cell: Cell,
  fiber: Fiber.Fiber<unknown, unknown>,
  limit: Duration.Input
): Effect.Effect<boolean> =>
  Effect.callback<boolean>((resume) => {
    if (fiber.pollUnsafe() !== undefined) return resume(Effect.succeed(true))
    const timer = host.fork(cell.behaviour, Effect.delay(Effect.sync(() => resume(Effect.succeed(false))), limit))
    fiber.addObserver(() => {
      timer.interruptUnsafe()
      resume(Effect.succeed(true))
    })
  })

const abandon = (host: LifecycleHost, cell: Cell, fiber: Fiber.Fiber<unknown, unknown>): void => {
  cell.more().isAbandoned = true
  fiber.addObserver((exit) => {
    const closing = closeScope(host, cell, Exit.asVoid(exit))
    host.fork(cell.behaviour, Effect.ensuring(closing, Effect.sync(() => freeName(host, cell))))
  })
  host.after.add(() =>
    host.log("Error", `the build of ${cell.name} cannot be interrupted: its name stays taken until it ends`)
  )
  host.after.run()
}

/**
 * Waits for an incarnation that did not build at once. When it does not come up, for whatever reason, what it had acquired
 * is released. `restore` makes the waiting interruptible; nothing else here is.
 */
export const awaitBuild = (
  host: LifecycleHost,
  cell: Cell,
  building: Building,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): Effect.Effect<void, SpawnFailed> =>
  Effect.gen(function*() {
    const { initTimeout } = cell.behaviour
    const fiber = Exit.isExit(building) ? Effect.runFork(building) : building
    const waited = yield* Effect.exit(restore(Effect.timeoutOption(Fiber.await(fiber), initTimeout)))
    const exit = Exit.isSuccess(waited) && waited.value._tag === "Some" ? waited.value.value : undefined
    if (builtAtOnce(cell, exit)) return
    const failure = cell.phase >= STOPPING
      ? endedEarly(cell)
      : exit === undefined
      ? new Error(`the behaviour was not built within ${Duration.toMillis(initTimeout)} ms`)
      : Exit.isSuccess(exit)
      ? noHandlers
      : Cause.squash(exit.cause)
    fiber.interruptUnsafe()
    if (yield* endsWithin(host, cell, fiber, GRACE)) yield* closeScope(host, cell, Exit.fail(failure))
    else abandon(host, cell, fiber)
    if (Exit.isFailure(waited) && cell.phase < STOPPING) return yield* waited
    return yield* new SpawnFailed({ actor: cell.name, cause: failure })
  })

/** Why an actor that was told to end while it was being built is not up. */
export const endedEarly = (cell: Cell): Error =>
  new Error(`it was ended while it was being built: ${ExitReason.render(cell.more().reason)}`)
