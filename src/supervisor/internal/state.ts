/**
 * The state of one supervisor and of each of its children: two records, changed only synchronously, by the functions of
 * `life.ts` (what a child does) and `stop.ts` (what is done to it).
 *
 * ```
 *             first start            ended, to restart            start ok
 *  (none) ──▶ starting ──▶ running ──────────────────▶ restarting ────────▶ running
 *                 │           │ ended for good, or told to  │
 *                 └───────────┴──▶ stopping ──▶ stopped ◀───┘        (a sibling's end: stopping ──▶ restarting)
 *                                     └──▶ abandoned ──▶ stopped      (when it ends after all)
 * ```
 */
import type * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import type * as Take from "effect/Take"
import * as Bulletin from "../../observe/kernel/Bulletin.ts"
import type * as Backoff from "../Backoff.ts"
import type * as Child from "../ChildSpec.ts"
import { RestartWindow } from "../Intensity.ts"
import type { SupervisorEvent } from "../SupervisorEvent.ts"
import type * as Tree from "../Tree.ts"

export interface SupervisorState {
  readonly name: string
  readonly policy: Child.SupervisorPolicy
  readonly clock: Clock.Clock
  /** The services that rounds run with: loggers, and the clock. */
  readonly context: Context.Context<never>
  readonly events: PubSub.PubSub<Take.Take<SupervisorEvent>>
  /** By id, in start order; stopping walks it backwards. */
  readonly children: Map<string, ChildState>
  /** The end of the supervisor, completed after its last child is down. */
  readonly exit: Deferred.Deferred<Exit.Exit<void, unknown>>
  status: Tree.NodeStatus
  /** The child whose end made the supervisor give up. */
  endedBy: string | undefined
  /** The restarts of all children, from the first failure on. */
  window: RestartWindow | undefined
  /** The group that is being taken down and brought up again; see `round.ts`. */
  round: Round | undefined
  /** Takes down who has to go down with this child, and brings them up again. */
  readonly regroup: (ended: Ended) => void
  /** Has a fiber wait for the end of a child that is up and has none. */
  readonly attend: (child: ChildState) => Fiber.Fiber<unknown, unknown>
  /** The start of one incarnation of a child, which needs its context and a scope. */
  readonly startOf: (spec: Child.Any) => Effect.Effect<Child.Running, unknown, Scope.Scope>
}

/** Makes an effect interruptible again inside an uninterruptible region. */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** A child that has ended and is to be started again. */
export interface Ended {
  readonly child: ChildState
  readonly exit: Exit.Exit<unknown, unknown>
  /** Whether this is a restart that counts. */
  readonly counts: boolean
  /** Whether it was meant by who has the child. */
  readonly isPlanned?: boolean | undefined
  /** What who has the child knows of its end. */
  readonly why?: string | undefined
}

/** One restart of a group of children: there is one at a time. */
export interface Round {
  /** Those whose end it has to answer yet. */
  readonly ended: Array<Ended>
  /** Done when one more has ended: a backoff that is under way is looked at again. */
  joined: Deferred.Deferred<void>
  /** The end of the longest backoff, monotonic. */
  dueMillis: number
  fiber: Fiber.Fiber<void> | undefined
}

export interface ChildState {
  spec: Child.Any
  /** What the child was given from outside: its starts need nothing else but a scope, and its life goes on there. */
  context: Context.Context<never>
  status: Exclude<Tree.NodeStatus, "unknown">
  restarts: number
  lastCause: Cause.Cause<unknown> | undefined
  /** The fiber that leads the child through its incarnations, while there is one: a child that is up may do without. */
  fiber: Fiber.Fiber<unknown, unknown> | undefined
  /** The incarnation that is up. */
  running: Child.Running | undefined
  /** What it was to its users when it was up last. */
  value: unknown
  /** The way to its next incarnation, of a child that keeps its identity. */
  renewal: Child.Renewal | undefined
  /** The scope of its incarnation, or of all of them when it keeps its identity; none while it is up and left alone. */
  scope: Scope.Closeable | undefined
  /** It belongs to the round that is going on: the round takes it down, and brings it up. */
  isInRound: boolean
  /** Somebody has told it to stay down. */
  isTerminated: boolean
  /** Set once the child was told to stop; completed when it is down or given up on. */
  stop: Deferred.Deferred<void> | undefined
  /** Hears of its end, when it is stopped together with others. */
  batch: Batch | undefined
  /** The restarts of this child alone, when it is limited alone. */
  window: RestartWindow | undefined
  backoff: Backoff.Backoff | undefined
}

/** Children that are stopped together, as one of them sees it. */
export interface Batch {
  /** A child has ended, and what it held is released. */
  readonly down: (child: ChildState) => void
}

export const makeChild = (spec: Child.Any, context: Context.Context<never>): ChildState => ({
  spec,
  context,
  status: "starting",
  restarts: 0,
  lastCause: undefined,
  fiber: undefined,
  running: undefined,
  value: undefined,
  renewal: undefined,
  scope: undefined,
  isInRound: false,
  isTerminated: false,
  stop: undefined,
  batch: undefined,
  window: undefined,
  backoff: undefined
})

/** The window that counts this child's restarts, made at the first of them. */
export const windowOf = (self: SupervisorState, child: ChildState): RestartWindow => {
  const { intensity } = self.policy
  const own = child.spec.intensity ?? (intensity.per === "child" ? intensity : undefined)
  if (own !== undefined) return child.window ??= new RestartWindow(own.restarts, own.withinMillis)
  return self.window ??= new RestartWindow(intensity.restarts, intensity.withinMillis)
}

/** Whether the supervisor, or somebody, has told this child to go down. */
export const toldToStop = (self: SupervisorState, child: ChildState): boolean =>
  child.stop !== undefined || hasEnded(self)

/** Whether something of a child is up, or on its way up or down. */
export const isUp = (child: ChildState): boolean => child.fiber !== undefined || child.running !== undefined

/** Whether the supervisor starts nothing any more. */
export const hasEnded = (self: SupervisorState): boolean => self.status === "stopping" || self.status === "stopped"

/** Marks a child as down; the spec of a temporary one goes with it, and so does that of any child of a dynamic supervisor. */
export const putDown = (self: SupervisorState, child: ChildState): void => {
  child.status = "stopped"
  child.stop = undefined
  child.batch = undefined
  child.isInRound = false
  if (child.spec.restart === "temporary" || self.policy.isDynamic) forget(self, child)
}

/** Removes a child's spec. */
export const forget = (self: SupervisorState, child: ChildState): void => {
  if (self.children.get(child.spec.id) === child) self.children.delete(child.spec.id)
}

/** What is not needed any more once a temporary child is up: its start, and all that this holds on to. */
export const letGo = (child: ChildState): void => {
  if (child.spec.restart !== "temporary") return
  child.spec = { ...child.spec, body: gone }
}

const gone = { _tag: "Start", start: Effect.die(new Error("a temporary child is started once")) } as const

/** A log entry about a child: a logger that throws is not the child's fault, nor the supervisor's. */
export const tell = (entry: Effect.Effect<void>): Effect.Effect<void> => Effect.ignoreCause(entry)

/** Tells all who listen, some of them at once: comes after the change of state that it speaks of. */
export const publish = (self: SupervisorState, event: SupervisorEvent): void => {
  Bulletin.publish(self.events, [event])
}

export const about = (self: SupervisorState, child: ChildState) => ({ supervisor: self.name, child: child.spec.id })
