/**
 * A child spec and the options of a supervisor, as plain data; made and checked by the functions of `Child`.
 *
 * A child is anything that starts and ends. To start is an effect that completes when the child is ready; from then on
 * the child is a {@link Running}: something to wait on, and possibly a way to ask it to end. The supervisor needs no more,
 * so an actor, an effect, a layer, another supervisor and a worker thread are supervised alike.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type * as Backoff from "./Backoff.ts"
import type * as Intensity from "./Intensity.ts"
import type * as Restart from "./Restart.ts"
import type * as Strategy from "./Strategy.ts"
import type * as Tree from "./Tree.ts"

/** A child that has started and is ready; `A` is what it is to those who use it, `E` what it can fail with. */
export interface Running<out A = unknown, out E = unknown> {
  /** Completes when the child has ended, with how; it must be safe to wait on it more than once and to stop waiting. */
  readonly exit: Effect.Effect<Exit.Exit<unknown, E>>
  /**
   * Asks the child to end; `exit` completes when it has. Without it, closing the incarnation's scope is the only way.
   *
   * **Details**
   *
   * It runs when the child is to be stopped, but for `shutdown: "brutalKill"`. When it fails, or the child has not ended
   * within its shutdown time, the scope is closed over it.
   */
  readonly stop?: Effect.Effect<unknown, unknown> | undefined
  /** Whether the end that the child has come to was meant by who has it: the log tells of that at debug level only. */
  readonly isPlanned?: (() => boolean) | undefined
  /** What who has the child knows of the end that it has come to, beside its cause; `undefined` for nothing. It stands in the line of the log. */
  readonly why?: (() => string | undefined) | undefined
  /** How a child that can rest and show itself is told to, for `Supervisor.suspendChild`, `resumeChild` and `childState`. */
  readonly control?: Control | undefined
  /** The picture of what runs below this child, for `Supervisor.tree`; `undefined` when it cannot be had. */
  readonly children?: Effect.Effect<ReadonlyArray<Tree.TreeNode> | undefined> | undefined
  /** What those get who started it, or ask for it with `Supervisor.get`: a reference, the operations of a supervisor. */
  readonly value?: A | undefined
  /**
   * For a child that is more than its incarnations: an actor, whose name, references and mailbox outlive a crash. Without
   * it, the next incarnation is another `start` in another scope.
   */
  readonly renewal?: Renewal<A> | undefined
}

/** What can be asked of a child that is up, besides to end; each answers, or fails. */
export interface Control {
  readonly suspend: Effect.Effect<void, unknown>
  readonly resume: Effect.Effect<void, unknown>
  readonly state: Effect.Effect<unknown, unknown>
}

/** How a child that keeps its identity goes from one incarnation to the next. Its scope is closed when it is down for good. */
export interface Renewal<out A = unknown> {
  /** Whether there still is an identity to keep: asked after the end of an incarnation. */
  readonly isPossible: () => boolean
  /**
   * Ends the incarnation that is up, and completes `exit`; completes when what that held is released. It is given so many
   * milliseconds to end by itself.
   */
  readonly down: (withinMillis: number) => Effect.Effect<unknown>
  /** Builds the next incarnation; runs only while none is up. */
  readonly up: Effect.Effect<Running<A>, unknown>
  /** What the child itself says about its end: comes before the decider of the supervisor. */
  readonly directive?: (() => Restart.Directive | undefined) | undefined
  /** For a child of which there may be very many: no fiber waits for its end while it is up. */
  readonly unattended?: Unattended | undefined
}

/**
 * How the end of an incarnation is heard of, and asked for, without a fiber.
 *
 * **Details** While such a child is up its supervisor holds no scope for it: {@link Unattended.end} releases all that its start has acquired.
 */
export interface Unattended {
  /**
   * Calls back once with how the incarnation that is up has ended, as `exit` tells it; at once when it has. The last one who
   * asks is told.
   */
  readonly whenEnded: (listener: (exit: Exit.Exit<unknown, unknown>) => void) => void
  /** Has the child end for good, as `stop` does; `undefined` when it has ended at once. */
  readonly end: () => Effect.Effect<unknown> | undefined
}

/**
 * What a start answers that has found out that there is nothing to do: the child is down, nothing has failed, and its spec
 * is kept as that of a child that has ended, unless it is temporary.
 */
export const ignore: Running<never, never> = { exit: Effect.succeed(Exit.void) }

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

/**
 * What every kind of child can be given, `E` being what it can fail with. Whatever is left out comes from the supervisor, or is the default
 * named.
 */
export interface ChildOptions<in E = unknown> {
  /** Default `"permanent"`. */
  readonly restart?: Restart.RestartType | undefined
  /** Default 5 seconds; `"infinity"` for a supervisor. */
  readonly shutdown?: Shutdown | undefined
  /** Default: the supervisor's. What a table does not name is restarted. */
  readonly decide?: Restart.Decision<E> | undefined
  /** Default: the supervisor's. */
  readonly backoff?: Backoff.BackoffInput | undefined
  /** A limit for this child alone, beside its siblings' count. Default: the supervisor's. */
  readonly intensity?: Omit<Intensity.IntensityOptions, "per"> | undefined
  /** Whether its end can end the supervisor, as its `autoShutdown` says; not for a permanent child. Default `false`. */
  readonly significant?: boolean | undefined
}

/** How a child comes to be: by its own effect, or as a supervisor of further specs. */
export type Body<R, A = unknown> =
  | { readonly _tag: "Start"; readonly start: Effect.Effect<Running<A>, unknown, R | Scope.Scope> }
  | { readonly _tag: "Tree"; readonly options: SupervisorOptions<ChildSpec<R>>; readonly isDynamic: boolean }

/**
 * A child spec: plain data, checked, to be used as often as wanted. `R` is what its start needs from outside, `A` what the
 * child is to those who use it.
 */
export interface ChildSpec<out R = never, out A = unknown> {
  readonly id: string
  readonly kind: Tree.NodeKind
  readonly restart: Restart.RestartType
  /** Milliseconds, `Infinity` for ever, 0 for `"brutalKill"`. */
  readonly shutdownMillis: number
  readonly decide: Restart.Decider | undefined
  readonly backoff: Backoff.BackoffPolicy | undefined
  readonly intensity: Intensity.Intensity | undefined
  readonly significant: boolean
  readonly body: Body<R, A>
}

/** Any child spec. */
// What it needs and what it is to its users is known to who has made it.
export type Any = ChildSpec<any>

/** What the start of a spec needs from outside. */
export type Services<C extends Any> = C extends ChildSpec<infer R> ? R : never

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
  readonly strategy: Strategy.Strategy
  /** Default `"never"`. */
  readonly autoShutdown?: Strategy.AutoShutdown | undefined
  /** Default 3 restarts within 5 seconds, all children together. */
  readonly intensity?: Intensity.IntensityOptions | undefined
  /** Default: no delay. */
  readonly backoff?: Backoff.BackoffInput | undefined
  /** Default: restart. */
  readonly decide?: Restart.Decision | undefined
  /** Default `"reverse"`. */
  readonly stopOrder?: StopOrder | undefined
  /** Started in this order, stopped in the reverse unless `stopOrder` says otherwise; ids are unique. */
  readonly children?: ReadonlyArray<C> | undefined
}

/** The options of a dynamic supervisor: see `Supervisor.dynamic`. */
export interface DynamicOptions extends Pick<SupervisorOptions, "intensity" | "backoff" | "decide" | "stopOrder"> {
  /** How many children there may be at once, those that restart included; default `"unbounded"`. */
  readonly maxChildren?: number | "unbounded" | undefined
}

/** The policies of a supervisor, checked, with the defaults filled in. */
export interface SupervisorPolicy {
  readonly intensity: Intensity.Intensity
  readonly backoff: Backoff.BackoffPolicy | undefined
  readonly decide: Restart.Decider
  readonly stopOrder: StopOrder
  readonly strategy: Strategy.Strategy
  readonly autoShutdown: Strategy.AutoShutdown
  /** Children that are down for good are forgotten. */
  readonly isDynamic: boolean
  readonly maxChildren: number
}
