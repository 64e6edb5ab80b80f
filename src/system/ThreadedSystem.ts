/**
 * A system of this thread and a number of supervised worker threads.
 *
 * Each worker is a child of a one-for-one supervisor. When one dies, everything that waited for it fails with a typed
 * reason and nothing else is touched; it is started again and announced, and its actors are built there, each by its own rules and
 * reachable as soon as it stands.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as ActorError from "../actor/ActorError.ts"
import { ActorSystem, type SpawnOptions } from "../actor/ActorSystem.ts"
import * as ExitReason from "../actor/ExitReason.ts"
import type { Escalation } from "../actor/kernel/Host.ts"
import type { Keying } from "../actor/kernel/Keying.ts"
import * as Layouts from "../actor/kernel/Layouts.ts"
import { actorName, type Protocol } from "../actor/kernel/Protocol.ts"
import type { Recipient } from "../actor/kernel/Recipient.ts"
import type { Shards } from "../actor/kernel/Shard.ts"
import * as Terms from "../actor/kernel/Terms.ts"
import { Node } from "../link/kernel/Node.ts"
import type { ArenaEnd } from "../memory/Arena.ts"
import * as Doorbell from "../memory/Doorbell.ts"
import { MAX_CAPACITY_BYTES, MIN_CAPACITY_BYTES } from "../memory/Layouts.ts"
import * as ReadySet from "../memory/ReadySet.ts"
import * as Bulletin from "../observe/kernel/Bulletin.ts"
import { DROPPED, Tally } from "../observe/kernel/Tally.ts"
import { checkNames, givenOf, type Names as OptionNames, type Refuse } from "../runtime/Options.ts"
import type { ThreadContext } from "../runtime/ThreadContext.ts"
import type * as Backoff from "../supervisor/Backoff.ts"
import type { Running } from "../supervisor/ChildSpec.ts"
import type { IntensityOptions } from "../supervisor/Intensity.ts"
import { durationMillis } from "../supervisor/kernel/Millis.ts"
import type { InvalidSupervision } from "../supervisor/SupervisorError.ts"
import type * as Cpu from "../thread/Cpu.ts"
import { Cores } from "../thread/kernel/Cores.ts"
import { CurrentThread, thread as realThread } from "../thread/kernel/CurrentThread.ts"
import { Hardware, type Spot } from "../thread/kernel/Hardware.ts"
import { MILLIS } from "../thread/kernel/Rehearsal.ts"
import { spotsOf } from "../thread/kernel/Spots.ts"
import { steady } from "../thread/kernel/Steady.ts"
import * as ThreadGroup from "../thread/kernel/ThreadGroup.ts"
import type { SpawnWorker } from "../thread/SpawnedWorker.ts"
import type { ThreadDown } from "../thread/ThreadError.ts"
import * as ArenaOwners from "../wire/kernel/ArenaOwners.ts"
import type * as Control from "./internal/control.ts"
import { Families } from "./internal/families.ts"
import { onThread, tellOthers } from "./internal/groups.ts"
import { holding, MAIN, makeHostWith, systemOf } from "./internal/host.ts"
import { groundsOf, locate, shardsOf } from "./internal/keyed.ts"
import { resendAnywhere } from "./internal/letters.ts"
import { Names } from "./internal/names.ts"
import { Account } from "./internal/placement.ts"
import * as Rehearsal from "./internal/rehearsal.ts"
import * as Workers from "./internal/workers.ts"
import { SystemNumbers } from "./kernel/SystemNumbers.ts"
import * as Machine from "./Machine.ts"
import { endingIts } from "./SystemGaveUp.ts"

/** How a system with worker threads is made. */
export interface ThreadsOptions {
  /**
   * Makes a worker; called once per start and restart: `() => new Worker(new URL("./worker.ts", import.meta.url))`.
   */
  readonly spawn: SpawnWorker
  /** On which cores of the machine the workers run, and how much they give way; wherever the system likes unless told. */
  readonly cpu?: Cpu.Placement | undefined
  /** How many workers; default one for each core but one, and at least 2. */
  readonly threads?: number | undefined
  /** Rings between threads: each has room for so many bytes, a power of two; default 1 MiB. Memory is taken by what is once under way in one. */
  readonly ring?: { readonly capacityBytes?: number | undefined } | undefined
  /**
   * Arenas that are open on this thread (`ThreadArenas.open`) and shall be on the workers, for messages with parcels; there they are
   * `ThreadArenas.all`. What a worker holds there when it exits is recovered.
   */
  readonly arenas?: ReadonlyArray<ArenaEnd> | undefined
  /** How long a worker may take from its spawn until its layer is built; default 10 seconds. */
  readonly readyTimeout?: Duration.Input | undefined
  /**
   * How often a worker gives a sign of life, and how long one and the same piece of code may hold it; default 250 millis and
   * 5 seconds.
   */
  readonly heartbeat?: {
    readonly interval?: Duration.Input | undefined
    readonly timeout?: Duration.Input | undefined
  } | undefined
  /** How long a worker's finalizers may take at the end before it is terminated; default 5 seconds. All stop at once. */
  readonly stopTimeout?: Duration.Input | undefined
  /**
   * How many threads stand by in reserve: started, their modules loaded, their layer not built. One of them takes over when a worker
   * ends, within milliseconds, and the reserve is filled up again. Default none.
   *
   * **Gotchas** Each costs the memory of a worker that does nothing. One that does not come up, or ends, is replaced within `intensity`,
   * counted apart; then there is no reserve any more, and the system goes on without.
   */
  readonly standby?: number | undefined
  /** How often workers may be restarted, all of them together; default 3 within 5 seconds. */
  readonly intensity?: IntensityOptions | undefined
  /** The pause before a restart; default none. */
  readonly backoff?: Backoff.BackoffInput | undefined
  /**
   * Whether the death of a thread counts against the actor in whose hands it died, and not against `intensity`; default `true`.
   *
   * **Details**
   *
   * An actor has its thread while a handler or a build of it runs. When the thread exits, runs out of heap or stands still meanwhile, that is a
   * crash of the actor, counted with what its `supervision.intensity` allows, in the time for which its thread was up. One too many, and it does
   * not come back with its thread: it has ended for the reason `Crashed` with the rule `"thread"`. For a supervisor it has crashed each time, and
   * stays down in the end unless the decider of its spec says otherwise.
   *
   * **Gotchas** What nobody catches on a thread, and what timers and callbacks do there, is not known by its actor; nor are actors that a worker has
   * spawned itself, or that come up by their key, known here. Such a death, and that of a thread that somebody has terminated, counts against `intensity`.
   */
  readonly strikeOff?: boolean | undefined
}

/** With more workers a thread looks at the rings of those that have said something, and not at all of them. */
const FEW_WORKERS = 8

const OPTIONS: OptionNames<ThreadsOptions> = {
  spawn: true,
  cpu: true,
  threads: true,
  ring: true,
  arenas: true,
  readyTimeout: true,
  heartbeat: true,
  stopTimeout: true,
  standby: true,
  intensity: true,
  backoff: true,
  strikeOff: true
}
const RING: OptionNames<NonNullable<ThreadsOptions["ring"]>> = { capacityBytes: true }

const refuse: Refuse = (option, value, expected) => {
  throw new ActorError.InvalidOptions({ where: "ActorSystem.layerThreads", option, value: givenOf(value), expected })
}

/**
 * Checks the options of a system.
 *
 * **Errors** Throws `InvalidOptions` with the offending value.
 */
const check = (options: ThreadsOptions): void => {
  checkNames(options, OPTIONS, refuse)
  const { heartbeat, readyTimeout, ring, standby, stopTimeout, threads } = options
  checkNames(ring, RING, refuse, "ring.")
  checkNames(heartbeat, ThreadGroup.heartbeatNames, refuse, "heartbeat.")
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 1024)) {
    refuse("threads", threads, "an integer from 1 to 1024")
  }
  if (standby !== undefined && !(Number.isInteger(standby) && standby >= 0 && standby <= 1024)) {
    refuse("standby", standby, "an integer from 0 to 1024")
  }
  const bytes = ring?.capacityBytes ?? MIN_CAPACITY_BYTES
  const isPower = Number.isInteger(bytes) && (bytes & (bytes - 1)) === 0
  if (!isPower || bytes < MIN_CAPACITY_BYTES || bytes > MAX_CAPACITY_BYTES) {
    refuse("ring.capacityBytes", bytes, `a power of two from ${MIN_CAPACITY_BYTES} to ${MAX_CAPACITY_BYTES}`)
  }
  for (const [option, value] of Object.entries({ readyTimeout, stopTimeout })) {
    if (value !== undefined && !(durationMillis(value) > 0)) refuse(option, value, "a duration above zero")
  }
  const interval = durationMillis(heartbeat?.interval ?? 250)
  if (!(interval >= 1 && Number.isFinite(interval))) {
    refuse("heartbeat.interval", heartbeat?.interval, "a finite duration of at least 1 millisecond")
  }
  if (!(durationMillis(heartbeat?.timeout ?? 5_000) >= 2 * interval)) {
    refuse("heartbeat.timeout", heartbeat?.timeout ?? "5 seconds", `at least twice heartbeat.interval (${interval} ms)`)
  }
}

interface Threaded extends Workers.Threaded {
  readonly seat: Control.Seat
  readonly thread: ThreadContext
  /** Where on the machine each worker runs. */
  readonly spots: ReadonlyArray<Spot> | undefined
  /** The worker that is offered the next actor. */
  turn: number
  /** How often programs here have asked for keys. */
  holds: number
}

const makeThreaded = (options: ThreadsOptions) =>
  Effect.gen(function*() {
    const context = yield* Effect.context<never>()
    const thread = yield* CurrentThread
    const { runtime } = thread
    const cores = yield* Cores
    const hardware = yield* Hardware
    const count = options.threads ?? Machine.defaultThreads(cores)
    const spots = yield* Effect.try({
      try: () => spotsOf(options.cpu, count, hardware, refuse),
      catch: (error) => error as ActorError.InvalidOptions
    })
    const tally = Tally.create(count + 1)
    const host = yield* makeHostWith(MAIN, new Tally(tally, 0))
    const workers = Array.from({ length: count }, (_, i) => new Workers.WorkerThread(i + 1))
    const seat: Control.Seat = {
      launcher: "ActorThread.launch",
      names: [MAIN, ...workers.map((worker) => worker.name)],
      mainEpoch: Workers.MAIN_EPOCH,
      doorbells: Doorbell.create(count + 1),
      ready: count > FEW_WORKERS ? ReadySet.create(count + 1, count + 1) : undefined,
      tally,
      ringBytes: options.ring?.capacityBytes ?? 1 << 20,
      maxSpins: Machine.maxSpins(count, cores),
      system: (yield* SystemNumbers)(),
      arenas: []
    }
    const run = Effect.runForkWith(context)
    const log = (entry: Effect.Effect<void>) => void run(Effect.ignoreCause(entry))
    const node: Node = new Node(host, {
      ...seat,
      index: 0,
      epoch: Workers.MAIN_EPOCH,
      runtime,
      connect: (to, _epoch, rings) =>
        workers[to - 1]!.say({ _tag: "Rings", from: 0, epoch: Workers.MAIN_EPOCH, rings }),
      announce: (actor, memory) => {
        account.addLane(actor, { ...memory, from: 0, epoch: Workers.MAIN_EPOCH })
        return true
      },
      failed: (error) => log(Effect.logError("a turn of the main thread has thrown", error)),
      // Names are given out here.
      afterEnd: (then) => then(),
      malformed: (thread, error) => log(Effect.logError(`a record from ${seat.names[thread]} was skipped`, error))
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => node.close()))
    const names = new Names()
    const account: Account = new Account(names, node, run)
    host.groups.connect(onThread(node, (change) => tellOthers({ workers }, change)))
    const self: Threaded = {
      host,
      node,
      workers,
      account,
      names,
      seat,
      thread,
      events: host.events,
      isClosing: false,
      families: new Families((effect) => void run(effect)),
      run: (effect) => void run(Effect.ignoreCause(effect)),
      spots,
      holds: 0,
      unread: 0,
      strikesOff: options.strikeOff !== false,
      turn: 0
    }
    return self
  })

// ---- actors

const chooseWorker = (
  self: Threaded,
  protocol: Protocol,
  options: SpawnOptions | undefined
): Workers.WorkerThread | undefined => {
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

const taken = (
  { families, host, names }: Threaded,
  protocol: Protocol,
  key: string
): ActorError.NameTaken | undefined => {
  const actor = actorName(protocol, key)
  const isKeyed = families.has(protocol.name)
  return isKeyed || names.has(actor) || host.has(protocol.name, key)
    ? new ActorError.NameTaken({ actor, by: isKeyed ? "keyed" : undefined })
    : undefined
}

const spawn = (
  self: Threaded,
  protocol: Protocol,
  key: string,
  options: SpawnOptions | undefined,
  owner: Scope.Scope
): Effect.Effect<Recipient, ActorError.SpawnError> => {
  const refusal = taken(self, protocol, key)
  if (refusal !== undefined) return Effect.fail(refusal)
  const terms = Terms.make(protocol, key, options?.shutdown)
  const worker = chooseWorker(self, protocol, options)
  return worker === undefined
    ? spawnHere(self, protocol, key, terms, owner, options?.placement === "here")
    : self.account.spawn(worker, protocol, key, terms, owner)
}

const supervise = (
  self: Threaded,
  protocol: Protocol,
  key: string,
  options: SpawnOptions | undefined,
  owner: Scope.Scope
): Effect.Effect<Running<Recipient>, ActorError.SpawnError> => {
  const refusal = taken(self, protocol, key)
  if (refusal !== undefined) return Effect.fail(refusal)
  const terms = Terms.make(protocol, key, options?.shutdown)
  const worker = chooseWorker(self, protocol, options)
  if (worker !== undefined) return self.account.supervise(worker, protocol, key, terms, owner)
  return self.host.known.includes(protocol.name)
    ? self.host.supervise(protocol, key, owner, terms)
    : Effect.fail(notFound(self, protocol, options?.placement === "here"))
}

// A behaviour that no worker has may still be one of the main thread's own.
const spawnHere = (
  self: Threaded,
  protocol: Protocol,
  key: string,
  terms: Terms.Terms,
  owner: Scope.Scope,
  isHereOnly: boolean
): Effect.Effect<Recipient, ActorError.SpawnError> => {
  if (self.host.known.includes(protocol.name)) return self.host.spawn(protocol, key, owner, terms)
  return Effect.fail(notFound(self, protocol, isHereOnly))
}

const notFound = (self: Threaded, protocol: Protocol, isHereOnly: boolean): ActorError.BehaviourNotFound => {
  const known = new Set(self.workers.flatMap((worker) => Array.from(worker.behaviours.keys())))
  return new ActorError.BehaviourNotFound({
    behaviour: protocol.name,
    known: isHereOnly ? self.host.known : [...self.host.known, ...known],
    elsewhere: self.workers.filter(({ behaviours }) => behaviours.has(protocol.name)).map(({ name }) => name)
  })
}

const keyed = (
  self: Threaded,
  protocol: Protocol,
  keying: Keying,
  owner: Scope.Scope
): Effect.Effect<Shards, ActorError.KeyedError> => {
  const { name } = protocol
  const wanted = { name, ...Layouts.of(protocol), keying, bounds: undefined }
  return holding(
    self.families,
    wanted,
    { thread: 0, number: ++self.holds },
    groundsOf(self, wanted),
    owner,
    (grounds) => shardsOf(self.node, protocol, grounds.addresses)
  )
}

// ---- the system

// What an incarnation before this one had is recovered when its exit was seen; one that was never there had nothing.
const lend = (worker: Workers.WorkerThread, arenas: ReadonlyArray<ArenaEnd>): ReadonlyArray<ArenaOwners.Given> => {
  worker.arenas?.recover()
  const lent = ArenaOwners.lend(arenas)
  if (!(lent instanceof ArenaOwners.Lent)) {
    throw new ActorError.InvalidOptions({
      where: "ActorSystem.layerThreads",
      option: "arenas",
      value: givenOf(lent.id),
      expected: ArenaOwners.NO_NUMBER
    })
  }
  worker.arenas = lent
  return lent.given
}

const startWorkers = (self: Threaded, options: ThreadsOptions) =>
  ThreadGroup.make<Control.Answer, Workers.WorkerThread>({
    ...options,
    name: "threads",
    members: self.workers,
    spots: self.spots,
    maxSpins: self.seat.maxSpins,
    data: (worker) => ({ ...self.seat, arenas: lend(worker, options.arenas ?? []) }),
    onMessage: (worker, message) => Workers.receive(self, worker, message as Control.ToMain),
    onStarting: (worker) => Workers.starting(self, worker),
    onReady: (worker, ready) => Workers.ready(self, worker, ready as Control.Ready),
    onEnded: (worker, reason, isSeen) => Workers.ended(self, worker, reason, isSeen),
    after: (worker) => worker.isExcused ? "resume" : "restart",
    onStandby: (thread) => Bulletin.publish(self.events, { _tag: "ThreadStandsBy", thread }),
    onStandbyEnded: (thread, down) => Bulletin.publish(self.events, Workers.threadEnded(thread, down, 0)),
    below: Workers.below
  })

const gaveUp = (self: Threaded, group: Pick<ThreadGroup.ThreadGroup<never>, "exit">): Effect.Effect<Escalation> =>
  Effect.flatMap(group.exit, (exit) => {
    if (Exit.isSuccess(exit)) return Effect.never
    const { cause } = exit
    Workers.close(
      self,
      `the threads have given up: ${ExitReason.causeText(cause)}`,
      ExitReason.supervisorGaveUp("threads", cause)
    )
    return Effect.succeed({ name: "threads", cause })
  })

/** Says what was accepted and is lost with the system. */
const tellLosses = (self: Threaded, before: number): Effect.Effect<void> =>
  Effect.suspend(() => {
    const lost = Tally.total(self.seat.tally, DROPPED) - before + self.unread
    return lost === 0
      ? Effect.void
      : Effect.ignoreCause(Effect.logWarning(`the system was released with ${lost} messages that nobody will handle`))
  })

const make = (options: ThreadsOptions) =>
  Effect.gen(function*() {
    yield* Effect.try({ try: () => check(options), catch: (error) => error as ActorError.InvalidOptions })
    const self = yield* makeThreaded(options)
    let before = 0
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        Workers.close(self, "the system was released", ExitReason.systemReleased)
        return tellLosses(self, before)
      })
    )
    // While the workers load. Threads that are simulated have nothing to compile.
    const rehearsing = yield* Effect.forkScoped(
      self.thread === realThread ? Rehearsal.rehearsal(MILLIS) : Effect.void
    )
    const group = yield* startWorkers(self, options)
    yield* Fiber.join(rehearsing)
    const local = systemOf(self.host)
    const threadsEnded = yield* Effect.forkScoped(gaveUp(self, group))
    const escalation = Effect.raceFirst(
      local.escalation,
      Effect.callback<Escalation>((resume) => {
        const remove = threadsEnded.addObserver((exit) => {
          if (Exit.isSuccess(exit)) resume(exit)
        })
        return Effect.sync(remove)
      })
    )
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        self.isClosing = true
        self.unread = 0
        before = Tally.total(self.seat.tally, DROPPED)
      })
    )
    return yield* endingIts(ActorSystem.of({
      ...local,
      spawn: (protocol, key, where, owner) => spawn(self, protocol, key, where, owner),
      supervise: (protocol, key, where, owner) => supervise(self, protocol, key, where, owner),
      keyed: (protocol, keying, owner) => keyed(self, protocol, keying, owner),
      lookup: (protocol, key) =>
        Effect.map(
          locate(self, protocol.name, key),
          (address) => address === undefined ? undefined : self.node.recipientAt(address, protocol)
        ),
      tree: Effect.map(Effect.zip(local.tree, group.tree), ([tree, threads]) => ({
        ...tree,
        children: [...tree.children, threads]
      })),
      deadLetters: self.host.store.service(self.host.letters, resendAnywhere(self)),
      counted: (of) => Workers.counted(self, of),
      droppedMessages: Effect.sync(() => Tally.total(self.seat.tally, DROPPED)),
      escalation
    }))
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
  Layer.effect(ActorSystem, steady(make(options)))
