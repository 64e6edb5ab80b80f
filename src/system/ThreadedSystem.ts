/**
 * A system of this thread and a number of supervised worker threads.
 *
 * Each worker is a child of a one-for-one supervisor. When one dies, everything that waited for it fails with a typed
 * reason and nothing else is touched; it is started again, then its actors, and only then do the others hear that it is
 * up, so that no message reaches a thread on which its actor does not stand yet.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import { randomInt } from "node:crypto"
import * as ActorError from "../actor/ActorError.ts"
import { ActorSystem, type SpawnOptions } from "../actor/ActorSystem.ts"
import * as ExitReason from "../actor/ExitReason.ts"
import type { Escalation, Host } from "../actor/kernel/Host.ts"
import * as Owner from "../actor/kernel/Owner.ts"
import { actorName, type Protocol } from "../actor/kernel/Protocol.ts"
import type { Recipient } from "../actor/kernel/Recipient.ts"
import type { SystemEvent } from "../actor/SystemEvent.ts"
import { Node } from "../link/kernel/Node.ts"
import * as Doorbell from "../memory/Doorbell.ts"
import { MAX_CAPACITY_BYTES, MIN_CAPACITY_BYTES } from "../memory/Layouts.ts"
import * as Bulletin from "../observe/kernel/Bulletin.ts"
import { DROPPED, Tally } from "../observe/kernel/Tally.ts"
import type * as Backoff from "../supervisor/Backoff.ts"
import * as Child from "../supervisor/Child.ts"
import type { IntensityOptions } from "../supervisor/Intensity.ts"
import * as Supervisor from "../supervisor/Supervisor.ts"
import type { InvalidSupervision } from "../supervisor/SupervisorError.ts"
import type { TreeNode } from "../supervisor/Tree.ts"
import type { SpawnedWorker } from "../thread/SpawnedWorker.ts"
import * as Thread from "../thread/Thread.ts"
import type { ThreadDown } from "../thread/ThreadError.ts"
import { runtime } from "../thread/ThreadRuntime.ts"
import type * as Control from "./internal/control.ts"
import { makeHostWith, systemOf } from "./internal/host.ts"
import { Account, type Placed, Requests, type Workplace } from "./internal/placement.ts"
import * as Machine from "./Machine.ts"

/** The main thread never restarts, and 0 means that nobody is up. */
const MAIN_EPOCH = 1

/** How a system with worker threads is made. */
export interface ThreadsOptions {
  /**
   * Makes a worker; called once per start and restart. Write
   * `() => new Worker(new URL("./worker.ts", import.meta.url))`, so that bundlers see the file.
   */
  readonly spawn: () => SpawnedWorker
  /** How many workers; default one for each core but one, and at least 2. */
  readonly threads?: number | undefined
  /** Rings between threads: each takes so many bytes of shared memory, a power of two; default 1 MiB. */
  readonly ring?: { readonly capacityBytes?: number | undefined } | undefined
  /** How long a worker may take to build its layer; default 10 seconds. */
  readonly readyTimeout?: Duration.Input | undefined
  /** How often a worker gives a sign of life, and how long it may be silent; default 250 millis and 5 seconds. */
  readonly heartbeat?: {
    readonly interval?: Duration.Input | undefined
    readonly timeout?: Duration.Input | undefined
  } | undefined
  /** How often workers may be restarted, all of them together; default 3 within 5 seconds. */
  readonly intensity?: IntensityOptions | undefined
  /** The pause before a restart; default none. */
  readonly backoff?: Backoff.BackoffInput | undefined
}

class WorkerThread implements Workplace {
  readonly index: number
  readonly name: string
  readonly requests: Requests
  thread: Thread.StartingThread | undefined
  behaviours: ReadonlyMap<string, number>
  starts: number
  reason: string
  isUp: boolean
  constructor(index: number) {
    this.index = index
    this.name = `worker-${index - 1}`
    this.requests = new Requests()
    this.thread = undefined
    this.behaviours = new Map()
    this.starts = 0
    this.reason = "it has not started yet"
    this.isUp = false
  }

  post(message: Control.ToWorker): void {
    this.thread?.post(message)
  }

  request(make: (request: number) => Control.ToWorker): Effect.Effect<Control.ToMain | undefined> {
    return Effect.suspend(() =>
      this.thread === undefined || this.thread.exitUnsafe() !== undefined
        ? Exit.succeed(undefined)
        : this.requests.send(make, (message) => this.post(message))
    )
  }

  whyDown(): string {
    return this.reason
  }
}

interface Threaded {
  readonly options: ThreadsOptions
  readonly host: Host
  readonly node: Node
  readonly workers: ReadonlyArray<WorkerThread>
  readonly account: Account
  readonly seat: Control.Seat
  readonly events: PubSub.PubSub<SystemEvent>
  /** The worker that is offered the next actor. */
  turn: number
}

const refuse = (option: string, value: unknown, expected: string) =>
  new ActorError.InvalidOptions({ where: "ActorSystem.layerThreads", option, value: String(value), expected })

const check = (options: ThreadsOptions): Effect.Effect<void, ActorError.InvalidOptions> => {
  const { ring, threads } = options
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 1024)) {
    return Effect.fail(refuse("threads", threads, "an integer from 1 to 1024"))
  }
  const bytes = ring?.capacityBytes
  const isPower = bytes === undefined || (Number.isInteger(bytes) && (bytes & (bytes - 1)) === 0)
  if (!isPower || bytes! < MIN_CAPACITY_BYTES || bytes! > MAX_CAPACITY_BYTES) {
    const expected = `a power of two from ${MIN_CAPACITY_BYTES} to ${MAX_CAPACITY_BYTES}`
    return Effect.fail(refuse("ring.capacityBytes", bytes, expected))
  }
  return Effect.void
}

const makeThreaded = (options: ThreadsOptions) =>
  Effect.gen(function*() {
    yield* check(options)
    const context = yield* Effect.context<never>()
    const count = options.threads ?? Machine.defaultThreads()
    const tally = Tally.create(count + 1)
    const host = yield* makeHostWith(new Tally(tally, 0))
    const workers = Array.from({ length: count }, (_, i) => new WorkerThread(i + 1))
    const seat = {
      names: ["main", ...workers.map((worker) => worker.name)],
      mainEpoch: MAIN_EPOCH,
      doorbells: Doorbell.create(count + 1),
      tally,
      ringBytes: options.ring?.capacityBytes ?? 1 << 20,
      maxSpins: Machine.maxSpins(count),
      system: randomInt(1, 2 ** 47)
    }
    const log = Effect.runForkWith(context)
    const node = new Node(host, {
      ...seat,
      index: 0,
      epoch: MAIN_EPOCH,
      runtime,
      connect: (to, _epoch, rings) => workers[to - 1]!.post({ _tag: "Rings", from: 0, epoch: MAIN_EPOCH, rings }),
      failed: (error) => log(Effect.logError("a turn of the main thread has thrown", error)),
      malformed: (thread, error) => log(Effect.logError(`a record from ${seat.names[thread]} was skipped`, error))
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => node.close()))
    const self: Threaded = {
      options,
      host,
      node,
      workers,
      account: new Account((recipient) => node.forget(recipient)),
      seat,
      events: host.events,
      turn: 0
    }
    return self
  })

// ---- threads

const threadChild = (self: Threaded, worker: WorkerThread): Child.ChildSpec =>
  Child.make(worker.name, {
    kind: "thread",
    start: Effect.gen(function*() {
      const thread = yield* startThread(self, worker)
      const actors = yield* startAgain(self, worker)
      yield* Effect.sync(() => announce(self, worker, actors))
      return {
        exit: Effect.map(thread.exit, (reason) => Exit.fail(reason)),
        children: treeOf(worker)
      }
    })
  })

const startThread = (self: Threaded, worker: WorkerThread): Effect.Effect<Thread.Thread, ThreadDown, Scope.Scope> =>
  Effect.gen(function*() {
    const { heartbeat, readyTimeout, spawn } = self.options
    const epoch = ++worker.starts
    const thread = yield* Thread.make({
      name: worker.name,
      index: worker.index,
      epoch,
      spawn,
      data: self.seat,
      readyTimeout,
      heartbeat,
      onMessage: (message) => receive(self, worker, message as Control.ToMain),
      beforeReady: (starting) => {
        worker.thread = starting
        // From here on it hears of every thread that comes or goes; who is up already, it hears first.
        for (const other of self.workers) if (other.isUp) worker.post(up(other))
        starting.onExit((reason) => ended(self, worker, reason))
      }
    })
    const { behaviours } = thread.ready as Control.Ready
    worker.behaviours = new Map(behaviours.map(({ layoutHash, name }) => [name, layoutHash]))
    return thread
  })

// The worker's actors stand before anybody can send to them; one that does not start is struck off.
const startAgain = (self: Threaded, worker: WorkerThread): Effect.Effect<number> =>
  Effect.gen(function*() {
    let actors = 0
    for (const actor of self.account.on(worker)) {
      // Its scope may have closed while an older one was being started.
      if (!actor.isDown) continue
      const exit = yield* Effect.exit(self.account.start(actor))
      if (Exit.isSuccess(exit)) actors++
      // Nothing is wrong with an actor whose thread died once more: the next incarnation starts it.
      else if (hasEnded(worker)) return actors
      else struckOff(self, actor, Cause.squash(exit.cause))
    }
    return actors
  })

const struckOff = (self: Threaded, actor: Placed, error: unknown): void => {
  const reason = ExitReason.neverStarted(error)
  self.account.end(actor, reason)
  Bulletin.publish(self.events, { _tag: "ActorEnded", actor: actor.name, reason })
}

const up = (worker: WorkerThread): Control.ToWorker => ({ _tag: "Up", thread: worker.index, epoch: worker.starts })

const hasEnded = (worker: WorkerThread): boolean => worker.thread?.exitUnsafe() !== undefined

const announce = (self: Threaded, worker: WorkerThread, actors: number): void => {
  // It may have died while its actors were started; then its supervisor is about to hear of that.
  if (hasEnded(worker)) return
  worker.isUp = true
  self.node.peerUp(worker.index, worker.starts)
  for (const other of self.workers) if (other !== worker) other.post(up(worker))
  const restarts = worker.starts - 1
  Bulletin.publish(
    self.events,
    restarts === 0
      ? { _tag: "ThreadStarted", thread: worker.name, restarts }
      : { _tag: "ThreadRestarted", thread: worker.name, restarts, actors }
  )
}

const ended = (self: Threaded, worker: WorkerThread, reason: ThreadDown): void => {
  worker.isUp = false
  worker.reason = reason.message
  const isFinal = reason._tag === "ThreadStopped"
  const unread = self.node.peerDown(worker.index, reason.message, isFinal)
  self.node.ringForDead()
  worker.requests.giveUp()
  for (const other of self.workers) {
    if (other !== worker) other.post({ _tag: "Down", thread: worker.index, reason: reason.message, isFinal })
  }
  Bulletin.publish(self.events, { _tag: "ThreadEnded", thread: worker.name, reason: reason.message, unread })
}

const receive = (self: Threaded, worker: WorkerThread, message: Control.ToMain): void => {
  switch (message._tag) {
    case "Spawned":
    case "Stopped":
    case "Inspected":
      return worker.requests.answer(message.request, message)
    case "Rings": {
      const { epoch, rings, to } = message
      if (to === 0) return self.node.accept(worker.index, worker.starts, rings)
      const target = self.workers[to - 1]
      // A ring for an incarnation that has gone is left to the collector; its sender hears that the thread is down.
      if (target?.isUp && target.starts === epoch) {
        target.post({ _tag: "Rings", from: worker.index, epoch: worker.starts, rings })
      }
      return
    }
    case "Ended": {
      const placed = self.account.get(message.actor)
      return placed === undefined ? undefined : self.account.end(placed, ExitReason.decode(message.reason))
    }
    case "Event":
      Bulletin.publish(self.events, eventOf(message.event))
  }
}

const eventOf = ({ reason, restarts, tag, text, who }: Control.EventText): SystemEvent => {
  const cause = Cause.die(new Error(text))
  switch (tag) {
    case "ActorEnded":
      return { _tag: tag, actor: who, reason: ExitReason.decode(reason!) }
    case "ActorRestarted":
      return { _tag: tag, actor: who, restarts, cause }
    case "HandlerFailed":
      return { _tag: tag, actor: who, cause }
    case "BehaviourEscalated":
      return { _tag: tag, name: who, cause }
  }
}

const treeOf = (worker: WorkerThread): Effect.Effect<ReadonlyArray<TreeNode>> =>
  worker.request((request) => ({ _tag: "Inspect", request })).pipe(
    Effect.map((answer) => answer?._tag === "Inspected" ? answer.tree : []),
    Effect.timeoutOrElse({ duration: "1 second", orElse: () => Effect.succeed([]) })
  )

// ---- actors

const chooseWorker = (
  self: Threaded,
  protocol: Protocol,
  options: SpawnOptions | undefined
): WorkerThread | undefined => {
  const { workers } = self
  const placement = options?.placement ?? "spread"
  if (placement === "here") return undefined
  const { length } = workers
  if (typeof placement === "object") return workers[(Math.trunc(placement.thread) % length + length) % length]
  for (let i = 0; i < length; i++) {
    const worker = workers[self.turn++ % length]!
    if (worker.isUp && worker.behaviours.has(protocol.name)) return worker
  }
  // One that is down right now: the spawn fails with the reason, and can be tried again.
  return workers.find((worker) => worker.behaviours.has(protocol.name))
}

const spawn = (
  self: Threaded,
  protocol: Protocol,
  key: string,
  options: SpawnOptions | undefined,
  owner: Scope.Scope
): Effect.Effect<Recipient, ActorError.SpawnError> => {
  const actor = actorName(protocol, key)
  if (self.account.has(actor) || self.host.has(protocol.name, key)) {
    return Effect.fail(new ActorError.NameTaken({ actor }))
  }
  const worker = chooseWorker(self, protocol, options)
  if (worker === undefined) return spawnHere(self, protocol, key, owner)
  return Effect.suspend(() => {
    const placed = self.account.enter(worker, protocol, key)
    return self.account.start(placed).pipe(
      Effect.flatMap(({ capacity, overflow }) => {
        const { layoutHash } = protocol
        const address = self.node.address(worker.index, 0, placed.actor, { capacity, overflow }, layoutHash, key)
        const recipient = self.node.remote(address, protocol)
        placed.recipient = recipient
        return Effect.as(Owner.adopt(owner, placed) ?? Effect.void, recipient)
      }),
      // An interrupted spawn may have got as far as the worker.
      Effect.onExit((exit) =>
        Exit.isSuccess(exit)
          ? Effect.void
          : placed.stop(ExitReason.neverStarted("its spawn was given up")) ?? Effect.void
      )
    )
  })
}

// A behaviour that no worker has may still be one of the main thread's own.
const spawnHere = (
  self: Threaded,
  protocol: Protocol,
  key: string,
  owner: Scope.Scope
): Effect.Effect<Recipient, ActorError.SpawnError> => {
  if (self.host.known.includes(protocol.name)) return self.host.spawn(protocol, key, owner)
  const known = new Set(self.workers.flatMap((worker) => Array.from(worker.behaviours.keys())))
  return Effect.fail(
    new ActorError.BehaviourNotFound({ behaviour: protocol.name, known: [...self.host.known, ...known] })
  )
}

// ---- the system

/** The failure that kept the first worker from starting. */
const startFailure = (error: { readonly cause: Cause.Cause<unknown> }): Effect.Effect<never, ThreadDown> =>
  Effect.failCause(error.cause as Cause.Cause<ThreadDown>)

const superviseThreads = (self: Threaded) =>
  Effect.gen(function*() {
    const { backoff, intensity } = self.options
    const supervisor = yield* Supervisor.make("threads", { strategy: "one-for-one", backoff, intensity }).pipe(
      Effect.catchTag("ChildStartFailed", startFailure)
    )
    // All at once: a worker takes a while to load, and none needs another to be ready.
    yield* Effect.forEach(self.workers, (worker) => supervisor.startChild(threadChild(self, worker)), {
      concurrency: "unbounded",
      discard: true
    }).pipe(
      Effect.catchTag("ChildStartFailed", startFailure),
      Effect.catchTag(["ChildAlreadyExists", "SupervisorStopped"], (error) => Effect.die(error))
    )
    return supervisor
  })

const gaveUp = (self: Threaded, supervisor: Supervisor.Supervisor["Service"]): Effect.Effect<Escalation> =>
  Effect.flatMap(supervisor.exit, (exit) => {
    for (const worker of self.workers) self.node.peerDown(worker.index, worker.reason, true)
    return Exit.isFailure(exit) ? Effect.succeed({ name: "threads", cause: exit.cause }) : Effect.never
  })

const make = (options: ThreadsOptions) =>
  Effect.gen(function*() {
    const self = yield* makeThreaded(options)
    const supervisor = yield* superviseThreads(self)
    const local = systemOf(self.host)
    const threadsEnded = yield* Effect.forkScoped(gaveUp(self, supervisor))
    const escalation = Effect.raceFirst(
      local.escalation,
      Effect.callback<Escalation>((resume) => {
        const remove = threadsEnded.addObserver((exit) => {
          if (Exit.isSuccess(exit)) resume(exit)
        })
        return Effect.sync(remove)
      })
    )
    return ActorSystem.of({
      ...local,
      spawn: (protocol, key, where, owner) => spawn(self, protocol, key, where, owner),
      tree: Effect.map(Effect.zip(local.tree, supervisor.tree), ([tree, threads]) => ({
        ...tree,
        children: [...tree.children, threads]
      })),
      droppedMessages: Effect.sync(() => Tally.total(self.seat.tally, DROPPED)),
      escalation
    })
  })

/**
 * A system of this thread and worker threads, each of which runs `ActorThread.launch`.
 *
 * Actors are placed on the workers in turn, or where `placement` says. Behaviours provided to the main thread with
 * `Layer.provideMerge` can be spawned `"here"` as well.
 *
 * **Errors** `InvalidOptions` and `InvalidSupervision` for options that make no sense; a `ThreadDown` when a worker does
 * not come up: `ThreadSpawnFailed`, `ThreadCrashed` (its file threw), `ThreadNotReady`, `ThreadSetupFailed` (its layer
 * failed), `ThreadExited`, `ThreadOutOfMemory`.
 *
 * **Example** (main.ts)
 *
 * ```ts
 * import { ActorSystem } from "shared-nothing"
 * import { Worker } from "node:worker_threads"
 *
 * const Threads = ActorSystem.layerThreads({
 *   spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
 *   threads: 2
 * })
 * ```
 */
export const layerThreads = (
  options: ThreadsOptions
): Layer.Layer<ActorSystem, ActorError.InvalidOptions | InvalidSupervision | ThreadDown> =>
  Layer.effect(ActorSystem, make(options))
