/**
 * What a supervisor looks after, as plain data: child specs and the options of a supervisor.
 *
 * A child is anything that starts and ends. To start is an effect that completes when the child is ready; from then on
 * the child is a `Running`: something to wait on, and possibly a way to ask it to end. The supervisor needs no more, so an
 * effect, a layer, another supervisor and a worker thread are supervised alike.
 *
 * ```
 *            start completes        exit completes        scope closed
 *  start ────────▶ ready ─────────────▶ ended ─────────────▶ released ──▶ next incarnation, or stopped
 *  └──────────────── one incarnation, in a Scope of its own ─────────┘
 * ```
 *
 * Making a spec starts nothing. A wrong option throws `InvalidSupervision` when the spec is made, never later. The shape of
 * a spec, its defaults and the meaning of its shutdown follow Erlang/OTP's `supervisor`.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Backoff from "./Backoff.ts"
import * as Intensity from "./Intensity.ts"
import { invalid } from "./internal/check.ts"
import { durationMillis } from "./kernel/Millis.ts"
import * as Restart from "./Restart.ts"
import type * as Tree from "./Tree.ts"

/** A child that has started and is ready. */
export interface Running {
  /** Completes when the child has ended, with how; it must be safe to wait on it more than once and to stop waiting. */
  readonly exit: Effect.Effect<Exit.Exit<unknown, unknown>>
  /**
   * Asks the child to end; `exit` completes when it has. Without it, closing the incarnation's scope is the only way.
   *
   * **Details**
   *
   * It runs when the child is to be stopped, but for `shutdown: "brutalKill"`. When it fails, or the child has not ended
   * within its shutdown time, the scope is closed over it.
   */
  readonly stop?: Effect.Effect<unknown, unknown> | undefined
  /** The picture of what runs below this child, for `Supervisor.tree`; `undefined` when it cannot be had. */
  readonly children?: Effect.Effect<ReadonlyArray<Tree.TreeNode> | undefined> | undefined
}

/**
 * How a child is stopped: asked and given this long, closed over at once (`"brutalKill"`), or given for ever.
 *
 * **Gotchas**
 *
 * Nothing kills a fiber. Interruption is a request that an uninterruptible region, or a finalizer that never ends, does not
 * grant; such a child is abandoned when its time is over: reported, shown as `"abandoned"`, not started again by its
 * supervisor while it runs, and left to end by itself. What can truly be killed (a thread) is killed by the finalizers of its incarnation's scope.
 */
export type Shutdown = Duration.Input | "brutalKill" | "infinity"

/** How long a child that did not end when asked, or was not asked, has to release what it holds before it is abandoned. */
export const forceLimitMillis = 1_000

/** The shutdown time when none is given; supervisors get `"infinity"`, so that their children have theirs. */
export const defaultShutdownMillis = 5_000

/** What every kind of child can be given. Whatever is left out comes from the supervisor, or is the default named. */
export interface ChildOptions {
  /** Default `"permanent"`. */
  readonly restart?: Restart.RestartType | undefined
  /** Default 5 seconds; `"infinity"` for a supervisor. */
  readonly shutdown?: Shutdown | undefined
  /** Default: the supervisor's. */
  readonly decide?: Restart.Decider | undefined
  /** Default: the supervisor's. */
  readonly backoff?: Backoff.BackoffInput | undefined
  /** A limit for this child alone, beside its siblings' count. Default: the supervisor's. */
  readonly intensity?: Omit<Intensity.IntensityOptions, "per"> | undefined
}

/** How a child comes to be: by its own effect, or as a supervisor of further specs. */
export type Body<R> =
  | { readonly _tag: "Start"; readonly start: Effect.Effect<Running, unknown, R | Scope.Scope> }
  | { readonly _tag: "Tree"; readonly options: SupervisorOptions<ChildSpec<R>> }

/** A child spec: plain data, checked, to be used as often as wanted. `R` is what its start needs from outside. */
export interface ChildSpec<out R = never> {
  readonly id: string
  readonly kind: Tree.NodeKind
  readonly restart: Restart.RestartType
  /** Milliseconds, `Infinity` for ever, 0 for `"brutalKill"`. */
  readonly shutdownMillis: number
  readonly decide: Restart.Decider | undefined
  readonly backoff: Backoff.BackoffPolicy | undefined
  readonly intensity: Intensity.Intensity | undefined
  readonly body: Body<R>
}

/** Any child spec. */
export type Any = ChildSpec<any>

/** What the start of a spec needs from outside. */
export type Services<C extends Any> = C extends ChildSpec<infer R> ? R : never

/**
 * What happens to the other children when one ends: nothing.
 *
 * **Details**
 *
 * `"one-for-one"` is the one strategy there is.
 */
export type Strategy = "one-for-one"

/**
 * In which order a supervisor stops its children when it ends: each after the one that was started after it has ended, or all
 * of them at the same time.
 *
 * **When to use**
 *
 * `"together"` for children that do not need each other: the stop takes as long as the slowest and not as all of them.
 */
export type StopOrder = "reverse" | "together"

/** Every stop order. */
export const stopOrders: ReadonlyArray<StopOrder> = ["reverse", "together"]

/** The options of a supervisor, as plain data. */
export interface SupervisorOptions<out C extends Any = ChildSpec> {
  readonly strategy: Strategy
  /** Default 3 restarts within 5 seconds, all children together. */
  readonly intensity?: Intensity.IntensityOptions | undefined
  /** Default: no delay. */
  readonly backoff?: Backoff.BackoffInput | undefined
  /** Default: restart. */
  readonly decide?: Restart.Decider | undefined
  /** Default `"reverse"`. */
  readonly stopOrder?: StopOrder | undefined
  /** Started in this order, stopped in the reverse unless `stopOrder` says otherwise; ids are unique. */
  readonly children?: ReadonlyArray<C> | undefined
}

/**
 * A child from its start.
 *
 * **When to use**
 *
 * For anything that is not an effect, a layer or a supervisor: a thread, a connection, a process.
 *
 * **Details**
 *
 * `start` completes when the child is ready, or fails. It runs in the scope of the incarnation: what it acquires there is
 * released after the child has ended, before a new incarnation starts. `kind` is what the tree shows, default `"effect"`.
 *
 * **Gotchas**
 *
 * A start or a finalizer that never ends holds its child in `"restarting"` or `"stopping"`: the others and every operation go
 * on, but nothing is started beside it until it is terminated.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for a wrong option.
 */
export const make = <E, R>(
  id: string,
  options: ChildOptions & {
    readonly start: Effect.Effect<Running, E, R>
    readonly kind?: Tree.NodeKind | undefined
  }
): ChildSpec<Exclude<R, Scope.Scope>> =>
  spec(id, options.kind ?? "effect", options, {
    _tag: "Start",
    start: options.start as Effect.Effect<Running, E, Exclude<R, Scope.Scope> | Scope.Scope>
  })

/**
 * A long-running effect. It is ready as soon as it runs; it ends by success, failure, defect or interruption.
 *
 * **Details**
 *
 * Each incarnation runs in a fiber and a scope of its own. It is stopped by interruption.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for a wrong option.
 */
export const effect = <A, E, R>(
  id: string,
  effect: Effect.Effect<A, E, R>,
  options?: ChildOptions
): ChildSpec<Exclude<R, Scope.Scope>> =>
  make(id, {
    ...options,
    start: Effect.scope.pipe(
      Effect.flatMap((scope) => Effect.forkIn(Effect.scoped(effect), scope, { startImmediately: true })),
      Effect.map((fiber): Running => ({ exit: Fiber.await(fiber) }))
    )
  })

/**
 * A layer: ready when it is built, up until it is stopped; it fails by failing to build.
 *
 * **Details**
 *
 * Each incarnation builds the layer anew: nothing of it is shared with other builds of the same layer. What is to be shared
 * is left out of it and provided to the supervisor.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for a wrong option.
 */
export const layer = <A, E, R>(
  id: string,
  layer: Layer.Layer<A, E, R>,
  options?: ChildOptions
): ChildSpec<Exclude<R, Scope.Scope>> =>
  make(id, {
    ...options,
    kind: "layer",
    start: Effect.gen(function*() {
      yield* Layer.buildWithMemoMap(layer, Layer.makeMemoMapUnsafe(), yield* Effect.scope)
      return { exit: Effect.never } satisfies Running
    })
  })

/**
 * A supervisor below a supervisor. When it gives up, or escalates, that is its end, and its parent decides.
 *
 * **Details**
 *
 * It is ready when all its children are. Its shutdown time is `"infinity"` unless given: with a shorter one its children
 * may be cut off before their own is over.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for a wrong option of the child or of the supervisor.
 */
export const supervisor = <C extends Any = never>(
  id: string,
  options: SupervisorOptions<C>,
  child?: ChildOptions
): ChildSpec<Services<C>> => {
  check(id, options)
  return spec(id, "supervisor", { ...child, shutdown: child?.shutdown ?? "infinity" }, {
    _tag: "Tree",
    options: options
  })
}

/** The policies of a supervisor, checked, with the defaults filled in. */
export interface SupervisorPolicy {
  readonly intensity: Intensity.Intensity
  readonly backoff: Backoff.BackoffPolicy | undefined
  readonly decide: Restart.Decider
  readonly stopOrder: StopOrder
}

/**
 * Checks the options of a supervisor.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for an unknown strategy or stop order, a wrong intensity, backoff or decider, or an id used twice.
 */
export const check = (name: string, options: SupervisorOptions<Any>): SupervisorPolicy => {
  const where = `supervisor "${name}"`
  if (typeof name !== "string" || name === "") throw invalid("supervisor", "name", name, "a non-empty string")
  if (options.strategy !== "one-for-one") throw invalid(where, "strategy", options.strategy, `"one-for-one"`)
  checkDecide(where, options.decide)
  const { stopOrder = "reverse" } = options
  if (!stopOrders.includes(stopOrder)) throw invalid(where, "stopOrder", stopOrder, `"reverse" or "together"`)
  const ids = new Set<string>()
  for (const child of options.children ?? []) {
    if (!isSpec(child)) throw invalid(where, "children", child, "specs made by the functions of Child")
    if (ids.has(child.id)) throw invalid(where, "children", child.id, "an id no other child has")
    ids.add(child.id)
  }
  return {
    intensity: Intensity.make(options.intensity, where),
    backoff: options.backoff === undefined ? undefined : Backoff.policy(options.backoff, where),
    decide: options.decide ?? Restart.defaultDecider,
    stopOrder
  }
}

const spec = <R>(id: string, kind: Tree.NodeKind, options: ChildOptions, body: Body<R>): ChildSpec<R> => {
  if (typeof id !== "string" || id === "") throw invalid("child", "id", id, "a non-empty string")
  const where = `child "${id}"`
  const { backoff, decide, intensity, restart = "permanent", shutdown = defaultShutdownMillis } = options
  if (!Restart.restartTypes.includes(restart)) {
    throw invalid(where, "restart", restart, `"permanent", "transient" or "temporary"`)
  }
  checkDecide(where, decide)
  return {
    id,
    kind,
    restart,
    shutdownMillis: shutdownMillis(where, shutdown),
    decide,
    backoff: backoff === undefined ? undefined : Backoff.policy(backoff, where),
    intensity: intensity === undefined ? undefined : Intensity.make({ ...intensity, per: "child" }, where),
    body
  }
}

const isSpec = (u: unknown): u is Any =>
  typeof u === "object" && u !== null && Object.hasOwn(u, "id") && Object.hasOwn(u, "body")

const shutdownMillis = (where: string, shutdown: Shutdown): number => {
  if (shutdown === "brutalKill") return 0
  if (shutdown === "infinity") return Infinity
  const millis = durationMillis(shutdown)
  if (!(millis > 0)) throw invalid(where, "shutdown", shutdown, `a duration above zero, "brutalKill" or "infinity"`)
  return millis
}

const checkDecide = (where: string, decide: unknown): void => {
  if (decide !== undefined && typeof decide !== "function") throw invalid(where, "decide", decide, "a function")
}
