/**
 * A supervised set of worker threads, each at a place of its own that outlives its incarnations.
 *
 * ```text
 *  supervisor (one-for-one, stops together)
 *    ├─ place 1 ── waits for a core ─► loading ─► setup ─► ready ──► up ──► ended ─► next incarnation
 *    └─ place 2 …        as many load at once as there are cores
 * ```
 *
 * It promises:
 * - as many threads load at once as the machine has cores, and the time of each counts from its own spawn: sixty-four threads
 *   on two cores come up one after the other, and none is late;
 * - threads stop at the same time: an end takes as long as the slowest, and at most the stop and terminate timeouts of one;
 * - a thread in reserve takes the place of one that has ended: it is loaded by then (`Reserve`);
 * - a question to a thread is answered, or given up at the thread's end.
 *
 * It does not know what the threads are for: who starts a group says what each is given, hears what they say, and is told in order
 * that one starts, is up, has ended.
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { type Names } from "../../runtime/Options.ts"
import type { BackoffInput } from "../../supervisor/Backoff.ts"
import * as Child from "../../supervisor/Child.ts"
import type { IntensityOptions } from "../../supervisor/Intensity.ts"
import * as Supervisor from "../../supervisor/Supervisor.ts"
import type { InvalidSupervision } from "../../supervisor/SupervisorError.ts"
import type { TreeNode } from "../../supervisor/Tree.ts"
import * as Poller from "../Poller.ts"
import type { SpawnWorker } from "../SpawnedWorker.ts"
import * as Thread from "../Thread.ts"
import type { ThreadDown } from "../ThreadError.ts"
import { Cores } from "./Cores.ts"
import { CurrentThread } from "./CurrentThread.ts"
import type { Spot } from "./Hardware.ts"
import { Requests } from "./Requests.ts"
import * as Reserve from "./Reserve.ts"

/** A place in a group, and the thread that has it now. `A` is what threads answer to questions. */
export class Member<A> {
  /** From 1 on: 0 is the thread that has the group. */
  declare readonly index: number
  declare readonly name: string
  declare readonly requests: Requests<A>
  /** The incarnation that is here, or was last. */
  declare thread: Thread.StartingThread | undefined
  /** How often it has been started: the number of its incarnation. */
  declare starts: number
  /** Whether its incarnation has been announced and has not ended. */
  declare isUp: boolean
  /** Whether that stood by before it was here. */
  declare isFromStandby: boolean
  /** Why the last incarnation has ended. */
  declare down: ThreadDown | undefined
  constructor(index: number, name: string) {
    this.index = index
    this.name = name
    this.requests = new Requests()
    this.thread = undefined
    this.starts = 0
    this.isUp = false
    this.isFromStandby = false
    this.down = undefined
  }

  /** Whether there is no incarnation that could take a message. */
  get hasEnded(): boolean {
    return this.thread === undefined || this.thread.exitUnsafe() !== undefined
  }

  /** Posts a message to the incarnation that is here; nothing happens when there is none. */
  post(message: unknown): void {
    this.thread?.post(message)
  }

  /** Asks the incarnation that is here; `undefined` when it ends before it answers. What the answer changes is changed by `heard`, as it comes. */
  request(make: (request: number) => unknown, heard?: (answer: A) => void): Effect.Effect<A | undefined> {
    return this.requests.send((request) => this.post(make(request)), () => this.hasEnded, heard)
  }
}

/** What is asked of a group, whatever its threads are for. */
export interface ThreadsOptions {
  readonly spawn: SpawnWorker
  readonly readyTimeout?: Duration.Input | undefined
  readonly heartbeat?: Thread.Options["heartbeat"]
  readonly stopTimeout?: Duration.Input | undefined
  /** How many threads stand by in reserve; none unless told. */
  readonly standby?: number | undefined
  readonly intensity?: IntensityOptions | undefined
  readonly backoff?: BackoffInput | undefined
}

/** The names of what is said about heartbeats. */
export const heartbeatNames: Names<NonNullable<ThreadsOptions["heartbeat"]>> = { interval: true, timeout: true }

/** How a group is made. */
export interface Options<A, M extends Member<A>>
  extends ThreadsOptions, Pick<Reserve.Options, "onStandby" | "onStandbyEnded">
{
  /** The name of its supervisor. */
  readonly name: string
  readonly members: ReadonlyArray<M>
  /** How many of them are started with the group, the first ones; all unless told. */
  readonly initial?: number | undefined
  /** Where on the machine each member runs, the one of index 1 first; wherever the system likes unless told. */
  readonly spots?: ReadonlyArray<Spot> | undefined
  /** How often a loop on one of its threads, or here, may look before it lets go of its core. */
  readonly maxSpins: number
  /** What a thread is given. */
  readonly data: (member: M) => unknown
  /** What a thread says, also before it is ready. */
  readonly onMessage: (member: M, message: unknown) => void
  /** An incarnation was spawned; what is posted now it hears first. */
  readonly onStarting: (member: M) => void
  /** An incarnation is ready, and has answered this. */
  readonly onReady: (member: M, ready: unknown) => void
  /** An incarnation has ended, whether it was ready or not; `isSeen` when its exit was, so that it touches no memory any more. */
  readonly onEnded: (member: M, reason: ThreadDown, isSeen: boolean) => void
  /**
   * What follows from the end that was told last: `"resume"` for one that is no fault of the thread, so that no restart is counted, `"stop"` for a member that is
   * not to come back until it is started by hand; `"restart"` unless told.
   */
  readonly after?: ((member: M) => "restart" | "resume" | "stop") | undefined
  /** Whether the end that was told last was meant, and is nothing for the log. */
  readonly isPlanned?: ((member: M) => boolean) | undefined
  /** What is known of the end that was told last beside its reason, for the log. */
  readonly why?: ((member: M) => string | undefined) | undefined
  /** What runs on a thread, for the tree; `undefined` when it does not say. */
  readonly below: (member: M) => Effect.Effect<ReadonlyArray<TreeNode> | undefined>
}

/** A group that is up. */
export interface ThreadGroup<M> {
  /**
   * Starts a member that is down, and completes when `isThere` says that it is up; one that comes up by itself is waited for. Also completes when the group has
   * ended.
   *
   * **Errors** The `ThreadDown` of a start that has failed; the member is down then.
   */
  readonly start: (member: M, isThere: () => boolean) => Effect.Effect<void, ThreadDown>
  /** Completes when the group has ended: with a failure when its threads have used up their restarts. */
  readonly exit: Effect.Effect<Exit.Exit<void, unknown>>
  readonly tree: Effect.Effect<TreeNode>
}

/**
 * Starts all threads and waits until they are up; they are stopped when the scope closes.
 *
 * **Errors** The `ThreadDown` of the first thread that does not come up: none is left then. `InvalidSupervision` for an intensity
 * or a backoff that makes no sense.
 */
export const make = <A, M extends Member<A>>(
  options: Options<A, M>
): Effect.Effect<ThreadGroup<M>, ThreadDown | InvalidSupervision, Scope.Scope> =>
  Effect.gen(function*() {
    const { backoff, initial, intensity, maxSpins, members, name, standby = 0 } = options
    Poller.of(yield* CurrentThread).limitSpins(maxSpins)
    const cores = Semaphore.makeUnsafe(yield* Cores)
    const supervisor = yield* Supervisor.make(name, {
      strategy: "one-for-one",
      stopOrder: "together",
      backoff,
      intensity
    }).pipe(Effect.catchTag("ChildStartFailed", startFailure))
    const reserve = new Reserve.Reserve()
    const specOf = (member: M) => childOf(options, member, cores, reserve)
    const start = Effect.gen(function*() {
      yield* Effect.forEach(members.slice(0, initial), (member) => supervisor.startChild(specOf(member)), {
        concurrency: "unbounded",
        discard: true
      })
      if (standby > 0) yield* supervisor.startChild(Reserve.child(options, reserve, cores))
    })
    yield* start.pipe(
      Effect.catchTag("ChildStartFailed", startFailure),
      Effect.catchTag(["ChildAlreadyExists", "SupervisorStopped", "TooManyChildren"], (error) => Effect.die(error))
    )
    return {
      start: (member, isThere) => startMember(supervisor, specOf(member), isThere),
      exit: supervisor.exit,
      tree: supervisor.tree
    }
  })

/** Whether it is started here or comes back by itself is known to its supervisor, which may be about to do something about it. */
const startMember = (
  supervisor: Supervisor.Supervisor["Service"],
  spec: Child.ChildSpec,
  isThere: () => boolean
): Effect.Effect<void, ThreadDown> => {
  const again = Effect.andThen(
    Effect.sleep("5 millis"),
    Effect.suspend(() => startMember(supervisor, spec, isThere))
  )
  return Effect.suspend(() =>
    isThere() ? Effect.void : supervisor.restartChild(spec.id).pipe(
      Effect.catchTag("ChildNotFound", () => Effect.asVoid(supervisor.startChild(spec))),
      Effect.catchTag("ChildStartFailed", startFailure),
      Effect.catchTag(["ChildRunning", "ChildAlreadyExists"], () => again),
      Effect.catchTag("SupervisorStopped", () => Effect.void),
      Effect.catchTag(["InvalidSupervision", "TooManyChildren"], (error) => Effect.die(error))
    )
  )
}

/** The failure that kept the first thread from starting. */
const startFailure = (error: { readonly cause: Cause.Cause<unknown> }): Effect.Effect<never, ThreadDown> =>
  Effect.failCause(error.cause as Cause.Cause<ThreadDown>)

const childOf = <A, M extends Member<A>>(
  options: Options<A, M>,
  member: M,
  cores: Semaphore.Semaphore,
  reserve: Reserve.Reserve
): Child.ChildSpec =>
  Child.make(member.name, {
    kind: "thread",
    // A thread has limits of its own for its stop, and is killed when they are over.
    shutdown: "infinity",
    // An end that nobody is to do anything about is a normal one.
    restart: "transient",
    decide: () => options.after?.(member) ?? "restart",
    start: Effect.map(
      // One that stands by is loaded.
      Effect.suspend(() =>
        reserve.next === undefined
          ? whileLoading(cores, (spawned) => start(options, member, reserve, spawned))
          : start(options, member, reserve)
      ),
      (thread) => ({
        exit: Effect.map(thread.exit, (reason) => options.after?.(member) === "stop" ? Exit.void : Exit.fail(reason)),
        isPlanned: () => options.isPlanned?.(member) === true,
        why: () => options.why?.(member),
        children: options.below(member)
      })
    )
  })

/** Holds one of the cores from the spawn until the file is loaded: what a setup waits for may be another thread. */
const whileLoading = <B, E, R>(
  cores: Semaphore.Semaphore,
  use: (spawned: (thread: Thread.StartingThread) => void) => Effect.Effect<B, E, R>
): Effect.Effect<B, E, R> =>
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(cores.take(1)), () => {
        let isHeld = true
        const release = Effect.suspend(() => {
          if (!isHeld) return Effect.void
          isHeld = false
          return cores.release(1)
        })
        const spawned = (thread: Thread.StartingThread) =>
          void Effect.runForkWith(context)(Effect.andThen(thread.loaded, release))
        return Effect.ensuring(restore(use(spawned)), release)
      })
    )
  )

const start = <A, M extends Member<A>>(
  options: Options<A, M>,
  member: M,
  reserve: Reserve.Reserve,
  spawned?: (thread: Thread.StartingThread) => void
): Effect.Effect<Thread.Thread, ThreadDown, Scope.Scope> =>
  Effect.gen(function*() {
    const {
      data,
      heartbeat,
      maxSpins,
      onEnded,
      onMessage,
      onReady,
      onStarting,
      readyTimeout,
      spawn,
      spots,
      stopTimeout
    } = options
    const epoch = ++member.starts
    const thread = yield* Thread.make({
      name: member.name,
      index: member.index,
      epoch,
      spawn,
      standby: () => {
        const standby = reserve.next
        member.isFromStandby = standby !== undefined
        return standby
      },
      data: data(member),
      maxSpins,
      spot: spots?.[member.index - 1],
      readyTimeout,
      heartbeat,
      stopTimeout,
      onMessage: (message) => onMessage(member, message),
      beforeReady: (starting) => {
        member.thread = starting
        onStarting(member)
        starting.onExit((reason, isSeen) => {
          member.isUp = false
          member.down = reason
          member.requests.giveUp()
          onEnded(member, reason, isSeen)
        })
        spawned?.(starting)
      }
    })
    // It may have died in the moment in which it was ready; then its supervisor is about to hear of that.
    if (!member.hasEnded) {
      member.isUp = true
      onReady(member, thread.ready)
    }
    return thread
  })
