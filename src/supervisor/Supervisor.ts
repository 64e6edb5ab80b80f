/**
 * A supervisor: starts its children in order, restarts those that end, stops them in reverse, and gives up when restarts
 * come too thick.
 *
 * What it promises:
 *
 * - Start is synchronous and in order: a child starts when the one before it is ready. If one fails, those already up are
 *   stopped in reverse and nothing is left.
 * - The strategy says who goes down with a child that ended and is to be started again: nobody, those that were started after
 *   it, or all (`Strategy`). They go down in reverse and come up in order, which is one restart.
 * - One incarnation at a time: what an incarnation held is released before the next one starts.
 * - Intensity is exact: as many restarts as allowed within the window happen; the one after them ends the supervisor, which
 *   stops its children in reverse and then ends with `RestartLimitReached`. Its parent sees that as the end of a child.
 * - It is never blocked: while a child starts, waits out its backoff or stops, every query is answered and every other
 *   operation works.
 * - Stop is in reverse order (or of all children together, with `stopOrder`), each child within its own shutdown time, then
 *   by force. A child that fails by itself meanwhile is reported like any other.
 * - Time is the current `Clock`, monotonic for windows and quiet times.
 *
 * What it never does: kill a fiber. There is no such thing; a child that ignores interruption is abandoned and reported
 * (see `Child.Shutdown`).
 *
 * The semantics are those of Erlang/OTP's `supervisor`. Different on purpose: a failed restart waits out its backoff
 * instead of being tried again at once; a decider can look at the cause; `children` lists in start order; and a
 * supervisor that gave up ended abnormally, so a transient one is restarted by its parent.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Take from "effect/Take"
import type * as Child from "./ChildSpec.ts"
import { endingProgram } from "./EndsProgram.ts"
import { begin, go } from "./internal/life.ts"
import { join, proceed } from "./internal/round.ts"
import { check, checkChild, partitionOf, spec, wholeDynamic } from "./internal/spec.ts"
import { type ChildState, forget, hasEnded, makeChild, type SupervisorState } from "./internal/state.ts"
import { stopChild, stopSupervisor } from "./internal/stop.ts"
import type { RestartType } from "./Restart.ts"
import {
  ChildAlreadyExists,
  ChildNotFound,
  ChildNotRunning,
  ChildRunning,
  ChildStartFailed,
  ChildUncontrolled,
  type InvalidSupervision,
  SupervisorGaveUp,
  SupervisorStopped,
  TooManyChildren
} from "./SupervisorError.ts"
import type { SupervisorEvent } from "./SupervisorEvent.ts"
import type * as Tree from "./Tree.ts"

export { EndsProgram } from "./EndsProgram.ts"

/** One child as it is now. */
export interface ChildInfo {
  readonly id: string
  readonly kind: Tree.NodeKind
  readonly restart: RestartType
  readonly status: Tree.NodeStatus
  /** Attempts to restart it since it was added, failed ones included. */
  readonly restarts: number
  /** What its last abnormal end, or failed start, was caused by. */
  readonly lastCause: Cause.Cause<unknown> | undefined
}

/** The children counted: specs held, those of them that are running, and by kind. */
export interface ChildCount {
  readonly specs: number
  readonly active: number
  readonly supervisors: number
  readonly workers: number
}

/** What starting a child can fail with. */
export type StartChildError =
  | ChildAlreadyExists
  | ChildStartFailed
  | InvalidSupervision
  | SupervisorStopped
  | TooManyChildren

/** What controlling a child can fail with. */
export type ControlChildError = ChildNotFound | ChildNotRunning | ChildUncontrolled

/** How many events a slow subscriber can fall behind before it misses the oldest. */
const eventCapacity = 256

/** A running supervisor; as a service, the one that {@link layer} provides. */
export class Supervisor extends Context.Service<Supervisor, {
  readonly name: string
  /** Every child, in start order. */
  readonly children: Effect.Effect<ReadonlyArray<ChildInfo>>
  /** One child. */
  readonly child: (id: string) => Effect.Effect<ChildInfo, ChildNotFound>
  /** How many children there are. */
  readonly count: Effect.Effect<ChildCount>
  /**
   * Adds a child after the others and starts it.
   *
   * **Details**
   *
   * Completes when it is ready, with what the child is to those who use it: the reference of an actor, the operations of a
   * supervisor, the services of a layer. A child that fails its first start, or whose start is interrupted, is not kept. What
   * the spec needs is taken from here, for this start and for restarts.
   */
  readonly startChild: <R, A>(spec: Child.ChildSpec<R, A>) => Effect.Effect<A, StartChildError, R>
  /**
   * What a child is to those who use it, now: of its incarnation that is up.
   *
   * **Details**
   *
   * The spec is the key, and says the type. A reference to an actor stays valid over restarts; services of a layer, and the
   * operations of a supervisor, are those of one incarnation.
   */
  readonly get: <R, A>(spec: Child.ChildSpec<R, A>) => Effect.Effect<A, ChildNotFound | ChildNotRunning>
  /** The spec of a child, as it was given. */
  readonly spec: (id: string) => Effect.Effect<Child.Any, ChildNotFound>
  /**
   * Lets a child rest: an actor handles nothing until {@link resumeChild}, and keeps what it is told. Completes when it is at rest.
   *
   * **Errors** `ChildNotRunning`: it is down, or between two incarnations. `ChildUncontrolled`: it is no actor, or has not done so; `cause`
   * is why.
   */
  readonly suspendChild: (id: string) => Effect.Effect<void, ControlChildError>
  /** Lets a child go on that was suspended. */
  readonly resumeChild: (id: string) => Effect.Effect<void, ControlChildError>
  /** The state of a child that is up, as far as it shows it: of an actor what its behaviour gives out with `Actor.inspectable`. */
  readonly childState: (id: string) => Effect.Effect<unknown, ControlChildError>
  /** Stops a child and keeps its spec, unless it is temporary. Ends a restart loop. Nothing to do for a stopped child. */
  readonly terminateChild: (id: string) => Effect.Effect<void, ChildNotFound>
  /** Starts a stopped child again, in its old place. Does not count as a restart. */
  readonly restartChild: (
    id: string
  ) => Effect.Effect<void, ChildNotFound | ChildRunning | ChildStartFailed | SupervisorStopped>
  /** Forgets a stopped child. */
  readonly deleteChild: (id: string) => Effect.Effect<void, ChildNotFound | ChildRunning>
  /**
   * What happens from now on; ends with the supervisor.
   *
   * **Gotchas**
   *
   * A subscriber that falls more than 256 events behind misses the oldest; the others do not. The state is in {@link ChildInfo}, not here.
   */
  readonly events: Stream.Stream<SupervisorEvent>
  /**
   * Completes when the supervisor has ended and its last child is down: with success when it was stopped, with
   * `RestartLimitReached` when it gave up, with the child's cause when one escalated.
   *
   * **Example**
   *
   * ```ts
   * import { Supervisor } from "shared-nothing"
   * import * as Effect from "effect/Effect"
   *
   * // waits for the end and fails with what it failed with
   * const untilItEnds = Effect.flatMap(Supervisor.Supervisor, (supervisor) => Effect.flatten(supervisor.exit))
   * ```
   */
  readonly exit: Effect.Effect<Exit.Exit<void, unknown>>
  /** Stops the children in reverse and ends. Closing the scope it was made in does the same. */
  readonly stop: Effect.Effect<void>
  /** The picture of this supervisor and all that is below it. */
  readonly tree: Effect.Effect<Tree.TreeNode>
}>()("shared-nothing/supervisor/Supervisor") {}

type Made<R> = Effect.Effect<Supervisor["Service"], ChildStartFailed | InvalidSupervision, R | Scope.Scope>

/**
 * Makes a supervisor and starts its children; it is stopped when the scope closes.
 *
 * **Errors**
 *
 * - `InvalidSupervision`: an option makes no sense, or an id is used twice
 * - `ChildStartFailed`: a child did not come up, or the supervisor gave up on one while others were starting; no child is left
 */
export const make = <C extends Child.Any = never>(
  name: string,
  options: Child.SupervisorOptions<C>
): Made<Child.Services<C>> => makeWith(name, options, false)

/**
 * Makes a supervisor of children that come and go at run time: one for one, with a limit on their number, and all stopped at
 * the same time in the end.
 *
 * **When to use**
 *
 * For what there is one of for each session, each connection, each job.
 *
 * **Details**
 *
 * It starts without children. One that is down for good, however it came to that, is forgotten: there is nothing to restart
 * or to delete by hand.
 *
 * **Errors**
 *
 * `InvalidSupervision`: an option makes no sense.
 */
export const dynamic = (
  name: string,
  options: Child.DynamicOptions = {}
): Effect.Effect<Supervisor["Service"], InvalidSupervision, Scope.Scope> =>
  // Without children, none can fail to start.
  makeWith(name, wholeDynamic(options), true) as Effect.Effect<Supervisor["Service"], InvalidSupervision, Scope.Scope>

/**
 * The supervisor that serves a key, of those that `Child.partitioned` has made: the same one for the same key. Whole numbers
 * go round, texts are hashed.
 *
 * **Errors**
 *
 * `ChildNotFound` and `ChildNotRunning`, when the partition is down just now.
 */
export const partition = (
  partitions: Supervisor["Service"],
  key: string | number
): Effect.Effect<Supervisor["Service"], ChildNotFound | ChildNotRunning> =>
  Effect.flatMap(partitions.count, ({ specs }) => {
    const id = String(partitionOf(key, specs))
    return partitions.get(spec<never, Supervisor["Service"]>(id, "supervisor", {}, PARTITION))
  })

const PARTITION: Child.Body<never, Supervisor["Service"]> = {
  _tag: "Tree",
  options: { strategy: "one-for-one" },
  isDynamic: true
}

const makeWith = Effect.fnUntraced(function*<C extends Child.Any = never>(
  name: string,
  options: Child.SupervisorOptions<C>,
  isDynamic: boolean
): Effect.fn.Return<
  Supervisor["Service"],
  ChildStartFailed | InvalidSupervision,
  Child.Services<C> | Scope.Scope
> {
  const context = yield* Effect.context<Child.Services<C>>()
  const self: SupervisorState = {
    name,
    policy: yield* checked(() => check(name, options, isDynamic)),
    clock: yield* Clock.Clock,
    context,
    events: yield* PubSub.sliding<Take.Take<SupervisorEvent>>(eventCapacity),
    children: new Map(),
    exit: Deferred.makeUnsafe(),
    status: "starting",
    endedBy: undefined,
    window: undefined,
    round: undefined,
    regroup: (ended) => join(self, ended),
    attend: (child) => go(self, child),
    startOf
  }
  yield* Effect.addFinalizer(() => stopSupervisor(self))
  yield* Effect.onExit(
    startAll(self, options.children ?? [], context),
    (exit) => Exit.isSuccess(exit) ? Effect.void : stopSupervisor(self)
  )
  return operations(self)
})

const checked = <A>(check: () => A): Effect.Effect<A, InvalidSupervision> =>
  Effect.try({ try: check, catch: (error) => error as InvalidSupervision })

/**
 * A supervisor as a layer: its children are up when the layer is built and stop when it is released.
 *
 * **Details**
 *
 * When it gives up, or a child escalates, the program ends, unless somebody waits for its `exit` then: see {@link EndsProgram}.
 */
export const layer = <C extends Child.Any = never>(
  name: string,
  options: Child.SupervisorOptions<C>
): Layer.Layer<Supervisor, ChildStartFailed | InvalidSupervision, Child.Services<C>> =>
  Layer.effect(Supervisor, Effect.flatMap(make(name, options), endingIts)) as Layer.Layer<
    Supervisor,
    ChildStartFailed | InvalidSupervision,
    Child.Services<C>
  >

// Nobody that the program has asked would tell it.
const endingIts = (supervisor: Supervisor["Service"]): Effect.Effect<Supervisor["Service"], never, Scope.Scope> =>
  Effect.map(
    endingProgram(supervisor.exit, (exit) =>
      Exit.isSuccess(exit) ? undefined : {
        failure: new SupervisorGaveUp(supervisor.name, exit.cause),
        cause: exit.cause,
        unasked: "nobody waits for its exit"
      }),
    (exit) => ({ ...supervisor, exit })
  )

const startAll = Effect.fnUntraced(function*(
  self: SupervisorState,
  specs: ReadonlyArray<Child.Any>,
  context: Context.Context<never>
) {
  for (const spec of specs) {
    yield* Effect.uninterruptibleMask((restore) => begin(self, add(self, spec, context), restore)).pipe(
      Effect.catch((error) => self.status === "starting" ? Effect.fail(error) : gaveUp(self))
    )
    if (self.status !== "starting") return yield* gaveUp(self)
  }
  self.status = "running"
  proceed(self)
})

/** The failure of a start during which the supervisor ended. */
const gaveUp = Effect.fnUntraced(function*(self: SupervisorState) {
  const exit = yield* Deferred.await(self.exit)
  return yield* new ChildStartFailed({
    supervisor: self.name,
    child: self.endedBy ?? "",
    cause: Exit.isFailure(exit) ? exit.cause : Cause.interrupt()
  })
})

const add = (self: SupervisorState, spec: Child.Any, context: Context.Context<never>): ChildState => {
  const child = makeChild(spec, context)
  self.children.set(spec.id, child)
  return child
}

/** One incarnation of a child; its scope comes with the services. */
const startOf = ({ body, id }: Child.Any): Effect.Effect<Child.Running, unknown, any> =>
  body._tag === "Start" ? body.start : Effect.map(makeWith(id, body.options, body.isDynamic), asRunning)

const asRunning = (supervisor: Supervisor["Service"]): Child.Running<Supervisor["Service"]> => ({
  value: supervisor,
  exit: supervisor.exit,
  stop: supervisor.stop,
  children: Effect.map(supervisor.tree, (tree) => tree.children)
})

const operations = (self: SupervisorState): Supervisor["Service"] =>
  Supervisor.of({
    name: self.name,
    children: Effect.sync(() => Array.from(self.children.values(), info)),
    child: (id) => Effect.map(lookup(self, id), info),
    count: Effect.sync(() => count(self)),
    startChild: (spec) => startChild(self, spec),
    get: (spec) =>
      Effect.flatMap(lookup(self, spec.id), ({ running, status, value }) =>
        running === undefined
          ? Effect.fail(new ChildNotRunning({ supervisor: self.name, child: spec.id, status }))
          : Effect.succeed(value as never)),
    spec: (id) => Effect.map(lookup(self, id), ({ spec }) => spec),
    suspendChild: (id) => Effect.asVoid(control(self, id, "suspend")),
    resumeChild: (id) => Effect.asVoid(control(self, id, "resume")),
    childState: (id) => control(self, id, "state"),
    terminateChild: (id) => Effect.flatMap(lookup(self, id), (child) => stopChild(self, child)),
    restartChild: (id) => restartChild(self, id),
    deleteChild: (id) =>
      Effect.flatMap(lookup(self, id), (child) => {
        if (child.status !== "stopped") return Effect.fail(isUp(self, child))
        forget(self, child)
        return Effect.void
      }),
    events: Stream.fromPubSubTake(self.events),
    exit: Deferred.await(self.exit),
    stop: stopSupervisor(self),
    tree: tree(self)
  })

const control = (
  self: SupervisorState,
  id: string,
  operation: keyof Child.Control
): Effect.Effect<unknown, ControlChildError> =>
  Effect.flatMap(lookup(self, id), ({ running, spec, status }): Effect.Effect<unknown, ControlChildError> => {
    if (running === undefined) return Effect.fail(new ChildNotRunning({ supervisor: self.name, child: id, status }))
    const failed = (cause: Cause.Cause<unknown>) =>
      Effect.fail(new ChildUncontrolled({ supervisor: self.name, child: id, kind: spec.kind, operation, cause }))
    const asked = running.control?.[operation]
    return asked === undefined ? failed(Cause.empty) : Effect.catchCause(asked, failed)
  })

const startChild = <R, A>(self: SupervisorState, spec: Child.ChildSpec<R, A>): Effect.Effect<A, StartChildError, R> =>
  Effect.contextWith((context: Context.Context<R>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend((): Effect.Effect<A, StartChildError> => {
        const refusal = refusalOf(self, spec)
        if (refusal !== undefined) return Effect.fail(refusal)
        const child = add(self, spec, context)
        // Read at once when it is ready: it may end in the next moment.
        return Effect.onExit(
          Effect.map(begin(self, child, restore), () => child.value as A),
          (exit) =>
            Exit.isSuccess(exit)
              ? Effect.void
              : Effect.andThen(stopChild(self, child), Effect.sync(() => forget(self, child)))
        )
      })
    )
  )

const refusalOf = (self: SupervisorState, spec: Child.Any): Exclude<StartChildError, ChildStartFailed> | undefined => {
  const { name: supervisor, policy } = self
  try {
    checkChild(`supervisor "${supervisor}"`, policy, spec)
  } catch (invalid) {
    return invalid as InvalidSupervision
  }
  const about = { supervisor, child: spec.id }
  if (hasEnded(self)) return new SupervisorStopped(about)
  const there = self.children.get(spec.id)
  if (there !== undefined) return new ChildAlreadyExists({ ...about, status: there.status })
  const { maxChildren } = policy
  return self.children.size < maxChildren ? undefined : new TooManyChildren({ ...about, maxChildren })
}

const restartChild = (
  self: SupervisorState,
  id: string
): Effect.Effect<void, ChildNotFound | ChildRunning | ChildStartFailed | SupervisorStopped> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      lookup(self, id),
      (child): Effect.Effect<void, ChildRunning | ChildStartFailed | SupervisorStopped> => {
        if (hasEnded(self)) return Effect.fail(new SupervisorStopped({ supervisor: self.name, child: id }))
        if (child.status !== "stopped") return Effect.fail(isUp(self, child))
        child.status = "starting"
        child.isTerminated = false
        child.backoff = undefined
        return Effect.onInterrupt(begin(self, child, restore), () => stopChild(self, child))
      }
    )
  )

const lookup = (self: SupervisorState, id: string): Effect.Effect<ChildState, ChildNotFound> =>
  Effect.suspend(() => {
    const child = self.children.get(id)
    return child === undefined
      ? Effect.fail(new ChildNotFound({ supervisor: self.name, child: id }))
      : Effect.succeed(child)
  })

const isUp = (self: SupervisorState, child: ChildState): ChildRunning =>
  new ChildRunning({ supervisor: self.name, child: child.spec.id, status: child.status })

const info = (child: ChildState): ChildInfo => ({
  id: child.spec.id,
  kind: child.spec.kind,
  restart: child.spec.restart,
  status: child.status,
  restarts: child.restarts,
  lastCause: child.lastCause
})

const count = (self: SupervisorState): ChildCount => {
  let active = 0
  let supervisors = 0
  for (const child of self.children.values()) {
    if (child.status === "running") active++
    if (child.spec.kind === "supervisor") supervisors++
  }
  return { specs: self.children.size, active, supervisors, workers: self.children.size - supervisors }
}

const tree = (self: SupervisorState): Effect.Effect<Tree.TreeNode> =>
  Effect.suspend(() =>
    Effect.map(
      Effect.forEach(Array.from(self.children.values()), nodeOf, { concurrency: "unbounded" }),
      (children) => ({ name: self.name, kind: "supervisor", status: self.status, restarts: 0, children })
    )
  )

// What a child of its own kind does not say within this time is unknown; a supervisor asks its children likewise.
const noAnswer = { duration: "1 second", orElse: () => Effect.undefined } as const

// Asked of all children at the same time: one that takes long to answer delays no other.
const nodeOf = (child: ChildState): Effect.Effect<Tree.TreeNode> => {
  const { restarts, running, spec: { body, id: name, kind }, status } = child
  const { children = Effect.succeed([]) } = running ?? {}
  const asked = body._tag === "Tree" ? children : Effect.timeoutOrElse(children, noAnswer)
  const below = Effect.catchCause(asked, () => Effect.undefined)
  return Effect.map(below, (children) => ({
    name,
    kind,
    status: children === undefined ? "unknown" : status,
    restarts,
    children: children ?? []
  }))
}
