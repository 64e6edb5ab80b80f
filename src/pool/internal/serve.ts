/**
 * How a worker of a pool is set up: a system of its own, the layer, an actor of the behaviour, and then it takes jobs.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as ActorError from "../../actor/ActorError.ts"
import { type Any, refClass } from "../../actor/ActorRef.ts"
import { ActorSystem } from "../../actor/ActorSystem.ts"
import * as ExitReason from "../../actor/ExitReason.ts"
import type { Behaviour } from "../../actor/kernel/Behaviour.ts"
import type { Cell } from "../../actor/kernel/Cell.ts"
import { Deadlines } from "../../actor/kernel/Deadlines.ts"
import * as Layouts from "../../actor/kernel/Layouts.ts"
import { actorName, type Protocol } from "../../actor/kernel/Protocol.ts"
import { RunningCell } from "../../actor/kernel/RunningCell.ts"
import { numberOf } from "../../memory/JobTable.ts"
import { StealOwner, StealThief } from "../../memory/StealDeque.ts"
import * as System from "../../system/ActorSystem.ts"
import { ThreadName } from "../../system/kernel/ThreadName.ts"
import { CurrentThread } from "../../thread/kernel/CurrentThread.ts"
import { HeapUsed } from "../../thread/kernel/Heap.ts"
import * as Launcher from "../../thread/kernel/Launcher.ts"
import { LoopIdle } from "../../thread/kernel/LoopIdle.ts"
import * as ThreadArenas from "../../thread/ThreadArenas.ts"
import type * as ThreadEntry from "../../thread/ThreadEntry.ts"
import { Allowances } from "../kernel/Allowances.ts"
import { inject, InjectorReader } from "../kernel/Injectors.ts"
import { inWorker } from "../kernel/InWorker.ts"
import { CurrentWorker, poolKey, type PoolSide } from "../kernel/PoolKey.ts"
import { attemptsOf } from "./attempts.ts"
import { Blocking } from "./blocking.ts"
import type { Post, Retire, Said } from "./control.ts"
import { benches } from "./job.ts"
import { ringOthers } from "./keyGate.ts"
import { type Access, openMemory, ownerOf, rowOf, SAME_TIME_MILLIS } from "./memory.ts"
import { PoolRecipient } from "./poolRecipient.ts"
import { type Hosted, hosted } from "./streamProtocol.ts"
import { Streams } from "./streams.ts"
import { Submitter } from "./submitter.ts"
import { Wear } from "./wear.ts"
import { Worker } from "./worker.ts"

const UNKNOWN = { thread: "another worker", reason: "it has ended" }

/** What the jobs of a pool are handled by. */
interface Pooled {
  /** The behaviour as it is defined. */
  readonly behaviour: Behaviour
  readonly hosted: Hosted
  readonly streams: Streams
}

/** A system of this thread, and the behaviours that its layers make known. */
const makeSystem = (scope: Scope.Scope, thread: string, pooled: string, side: Side) =>
  Effect.gen(function*() {
    const built = yield* Layer.buildWithScope(System.layer, scope).pipe(
      Effect.provideService(System.EndsProgram, false),
      Effect.provideService(ThreadName, thread)
    )
    const system = Context.get(built, ActorSystem)
    const names: Array<string> = []
    let found: Pooled | undefined
    const register = (behaviour: Behaviour) => {
      const { protocol } = behaviour
      names.push(protocol.name)
      const restarted = inWorker(behaviour, pooled)
      if (protocol.name !== pooled) return system.register(restarted)
      const jobs = side.jobsOf(protocol)
      const streams = side.streamsOf(behaviour)
      found = { behaviour, hosted: jobs, streams }
      if (jobs.nexts.size === 0) return system.register(restarted)
      return system.register({
        ...restarted,
        protocol: jobs,
        build: streams.build(behaviour),
        around: [],
        hosting: streams.hosting
      })
    }
    return { system: ActorSystem.of({ ...system, register }), names, found: () => found }
  })

const checked = (
  found: Pooled | undefined,
  known: ReadonlyArray<string>,
  { key, layoutHash, layouts, protocol }: Post
): Effect.Effect<Pooled, ActorError.BehaviourNotFound | ActorError.LayoutMismatch> => {
  if (found === undefined) {
    return Effect.fail(new ActorError.BehaviourNotFound({ behaviour: protocol, known, elsewhere: [] }))
  }
  const { behaviour } = found
  return behaviour.protocol.layoutHash === layoutHash
    ? Effect.succeed(found)
    : Effect.fail(Layouts.mismatch(`${protocol}/${key}`, { layoutHash, layouts }, Layouts.of(behaviour.protocol)))
}

/** What runs on the thread. */
export const serve = <A, E>(behaviours: Layer.Layer<A, E, ActorSystem>) => (start: ThreadEntry.ThreadStart) =>
  Effect.gen(function*() {
    yield* Launcher.checked("PoolThread.launch", start)
    const post = start.data as Post
    const scope = yield* Effect.scope
    const context = yield* Effect.context<never>()
    yield* Effect.forEach(post.arenas, ({ buffer, owner }) => ThreadArenas.open(buffer, owner), { discard: true })
    const side = yield* makeSide(start, post)
    const { found, names, system } = yield* makeSystem(scope, start.name, post.protocol, side)
    const services = Context.make(ActorSystem, system).pipe(
      Context.add(poolKey(post.protocol), side),
      Context.add(CurrentWorker, { place: post.place, name: start.name })
    )
    yield* Layer.buildWithScope(behaviours, scope).pipe(Effect.provideContext(services))
    const { behaviour: { protocol }, hosted: jobs, streams } = yield* checked(found(), names, post)
    let seats = 0
    // What a system of one thread spawns is a cell.
    const spawn = Effect.suspend(() =>
      system.spawn(jobs, `${start.name}-${seats++}`, undefined, scope)
    ) as Effect.Effect<
      Cell,
      ActorError.SpawnError
    >
    const open = (opened: (cell: Cell) => void) =>
      void Effect.runForkWith(context)(Effect.match(spawn, { onFailure: start.fail, onSuccess: opened }))
    const ended = (reason: ExitReason.ExitReason) =>
      start.fail(new Error(`an actor of ${protocol.name} has ended: ${ExitReason.render(reason)}`))
    const worker = side.work(protocol, streams, open, ended)
    const cell = yield* spawn
    streams.freight = cell.host.freight
    worker.begin(cell)
    yield* Effect.addFinalizer(() => Effect.sync(() => worker.close()))
    yield* Effect.forkIn(Effect.flatMap(system.escalation, ({ cause }) => Effect.sync(() => start.fail(cause))), scope)
    const onMessage = (message: unknown) => {
      const { isLast, retire } = message as Retire
      worker.retire(retire, isLast)
    }
    return { ready: undefined, onMessage }
  })

const makeSide = (start: ThreadEntry.ThreadStart, post: Post) =>
  Effect.gen(function*() {
    const context = yield* Effect.context<never>()
    const thread = yield* CurrentThread
    const clock = yield* Clock.Clock
    const run = Effect.runForkWith(context)
    const fork = (effect: Effect.Effect<void>) => void run(effect)
    const failed = (where: string, error: unknown) => fork(Effect.logError(`${start.name}: ${where}`, error))
    const deadlines = new Deadlines(context, clock, thread, (defect) => failed("a deadline", defect))
    yield* Effect.addFinalizer(() => Effect.sync(() => deadlines.close()))
    const access = openMemory(thread, post.memory, ownerOf(post.place, post.incarnation))
    return new Side(post, access, {
      deadlines,
      run: fork,
      failed,
      heapUsed: yield* HeapUsed,
      loopIdle: yield* LoopIdle,
      tell: (said) => start.post(said)
    })
  })

/** What it has of its thread. */
interface Ground {
  readonly deadlines: Deadlines
  readonly run: (effect: Effect.Effect<void>) => void
  readonly failed: (where: string, error: unknown) => void
  readonly heapUsed: () => number
  readonly loopIdle: (() => number) | undefined
  readonly tell: (said: Said) => void
}

/** The pool on the thread of a worker: made for the first who asks, the layer that uses the pool or the worker itself. */
class Side implements PoolSide {
  private readonly post: Post
  private readonly access: Access
  private readonly deadlines: Deadlines
  private readonly run: Ground["run"]
  private readonly failed: (where: string, error: unknown) => void
  private readonly heapUsed: () => number
  private readonly loopIdle: Ground["loopIdle"]
  private readonly tell: (said: Said) => void
  private readonly deque: StealOwner
  private hosted: Hosted | undefined = undefined
  private submitter: Submitter | undefined = undefined
  private made: Any | undefined = undefined
  private worker: Worker | undefined = undefined

  constructor(post: Post, access: Access, { deadlines, failed, heapUsed, loopIdle, run, tell }: Ground) {
    this.post = post
    this.access = access
    this.deadlines = deadlines
    this.run = run
    this.failed = failed
    this.heapUsed = heapUsed
    this.loopIdle = loopIdle
    this.tell = tell
    this.deque = new StealOwner(post.memory.deques[post.place]!)
  }

  /** The messages of the protocol as jobs. */
  jobsOf(protocol: Protocol): Hosted {
    if (this.hosted === undefined) protocol.prepare(this.access.scratch.carriage)
    return this.hosted ??= hosted(protocol)
  }

  private submitterFor(protocol: Protocol): Submitter {
    const jobs = this.jobsOf(protocol)
    const { access, deadlines, deque, failed, post: { capacity, graceMillis, key, place, runMillis }, tell } = this
    return this.submitter ??= new Submitter(access, {
      name: actorName(protocol, key),
      row: rowOf(place),
      capacity,
      deadlines,
      messages: jobs.messages,
      defined: protocol.messages.length,
      attempts: attemptsOf(jobs),
      levels: jobs.levels,
      runMillis,
      sheds: false,
      put: (slot) => deque.push(slot) || inject(access, slot),
      // A worker looks for as long as it lives.
      watch: () => {},
      sharesTime: true,
      whyEnded: () => ExitReason.systemReleased,
      whyDown: () => UNKNOWN,
      graceMillis,
      overdue: (number, tag) => tell({ number, tag }),
      failed
    })
  }

  reference(protocol: Protocol): Any {
    if (this.made !== undefined) return this.made
    const { capacity, concurrency, key } = this.post
    const Reference = refClass(protocol)
    return this.made = new Reference(
      new PoolRecipient(this.access, this.submitterFor(protocol), {
        protocol,
        hosted: this.jobsOf(protocol),
        key,
        capacity,
        parallelism: this.access.table.workers * concurrency,
        // What it waited for could be room that is its own.
        overflow: "fail",
        isInside: true,
        seatOf: (fiber) => this.worker?.lend(fiber.getRef(RunningCell))
      })
    )
  }

  /** Its streams, as the behaviour has them end. */
  streamsOf({ unreadMillis }: Behaviour): Streams {
    const { access, post: { incarnation, place }, run } = this
    return new Streams(access, { place, incarnation, unreadMillis, run })
  }

  work(
    protocol: Protocol,
    streams: Streams,
    open: (opened: (cell: Cell) => void) => void,
    ended: (reason: ExitReason.ExitReason) => void
  ): Worker {
    const { access, deadlines, deque, failed, post } = this
    const { concurrency, incarnation, isCompensated, key, memory, nowMillis, place, recycle, restMillis } = post
    const number = numberOf(place, incarnation)
    const now = () => deadlines.now()
    const allowances = access.lots.length === 0
      ? undefined
      : new Allowances(access.lots, place, { idle: access.idle, wanted: () => ringOthers(access, place) })
    const worker = this.worker = new Worker(access, this.submitterFor(protocol), {
      key,
      place,
      number,
      concurrency,
      restMillis,
      messages: this.jobsOf(protocol).messages,
      injector: new InjectorReader(memory, ownerOf(place, incarnation), access.lots, allowances),
      allowances,
      deque,
      thieves: memory.deques.map((sab) => new StealThief(sab)),
      knowsTime: Math.abs(now() - nowMillis) < SAME_TIME_MILLIS,
      now,
      loopIdle: this.loopIdle,
      wear: recycle === undefined
        ? undefined
        : new Wear(recycle, now(), this.heapUsed, (by) => this.tell({ worn: number, by })),
      open,
      retired: (request) => this.tell({ retired: number, request }),
      ended,
      streams,
      failed
    })
    const bench = access.thread.get(benches)
    bench.lend = (cell) => worker.lend(cell)
    if (isCompensated) bench.blocking = new Blocking((isBlocked) => this.tell({ blocks: number, isBlocked }))
    return worker
  }
}
