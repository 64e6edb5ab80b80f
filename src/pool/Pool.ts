/**
 * A pool of worker threads that hosts a protocol: the same messages and handlers as an actor, on all cores.
 *
 * What is sent to a pool is a job. Any idle worker takes it; each worker has an actor of the behaviour, with the services of its layer built once.
 * A pool is used by a reference like that of an actor, so code that has one does not know what hosts it.
 *
 * ```text
 *  submit ─► slot in shared memory ─► injector ─► worker ─► handler ─► the same slot ─► asker
 *  from inside of a job: ─► deque of that worker ─► itself, or who steals half of it
 * ```
 *
 * It promises:
 * - each job is begun by one worker, and settles once: reply, declared error, defect, `AskTimeout`, `ThreadLost`, `ActorStopped`, interruption;
 * - a worker's death concerns the jobs that it had begun and no others; those whose message has {@link Attempts} are begun again;
 * - jobs go from the thread that submits to the one that handles them and back through shared memory, past all other threads;
 * - a job that waits for jobs of its own keeps no worker from them, however deep that goes;
 * - a message that is answered with a stream has it made by one worker, as far as it is read;
 * - what moves with a job or its reply is in one hand at each moment, and free when the job is over and nobody has it;
 * - nobody waits for ever: a pool that ends settles what it has;
 * - it does not end silently: one that gives up ends its program, or is built again by the supervisor whose child it is.
 *
 * It does not promise an order between jobs, but of those that have a `Route` or a key. What is not there yet is told in `docs/guide/08-pools.md`.
 *
 * **Example** (main.ts)
 *
 * ```ts
 * import type { Actor } from "shared-nothing"
 * import { Pool } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 * import type * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 * import { Worker } from "node:worker_threads"
 *
 * const Sha256 = { payload: { text: Schema.String }, success: Schema.String }
 * declare const Hashing: Actor.Actor<"Hashing", Rpc.Rpc<"Sha256", Schema.Struct<typeof Sha256.payload>, typeof Sha256.success>>
 *
 * const program = Effect.gen(function*() {
 *   const hashing = yield* Pool.ref(Hashing)
 *   return yield* hashing.ask.Sha256({ text: "tea" })
 * })
 *
 * const HashingPool = Pool.layer(Hashing, { spawn: () => new Worker(new URL("./worker.ts", import.meta.url)) })
 * const run = program.pipe(Effect.provide(HashingPool))
 * ```
 */
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Rpc from "effect/rpc/Rpc"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Actor } from "../actor/Actor.ts"
import { InvalidOptions, type LayoutMismatch } from "../actor/ActorError.ts"
import { type ActorRef, type Any, refClass } from "../actor/ActorRef.ts"
import type { Protocol } from "../actor/kernel/Protocol.ts"
import type { Recipient } from "../actor/kernel/Recipient.ts"
import { checkNames, givenOf, type Names } from "../runtime/Options.ts"
import { textOf } from "../runtime/Text.ts"
import { durationMillis } from "../supervisor/kernel/Millis.ts"
import type { InvalidSupervision } from "../supervisor/SupervisorError.ts"
import { Cores } from "../thread/kernel/Cores.ts"
import { Hardware } from "../thread/kernel/Hardware.ts"
import { steady } from "../thread/kernel/Steady.ts"
import type { ThreadDown } from "../thread/ThreadError.ts"
import { blocking as blockingOf } from "./internal/blocking.ts"
import * as Client from "./internal/client.ts"
import { type PoolOptions, resolve } from "./internal/options.ts"
import * as Owner from "./internal/owner.ts"
import {
  escalation as escalationOf,
  events as eventsOf,
  reload as reloadOf,
  resize as resizeOf,
  statsOf,
  workersOf
} from "./internal/workers.ts"
import { CurrentWorker as Current, poolKey, type PoolSide } from "./kernel/PoolKey.ts"
import type { PoolEvent } from "./PoolEvent.ts"
import type { PoolGaveUp } from "./PoolGaveUp.ts"
import type { PoolRef } from "./PoolRef.ts"
import type { PoolStats } from "./PoolStats.ts"

import type { PoolAmbiguous, PoolCrowded, PoolNotFound } from "./PoolError.ts"

export { EndsProgram } from "../supervisor/EndsProgram.ts"
export { Attempts } from "./Attempts.ts"
export type { PoolOptions, Profile, Range, Recycle } from "./internal/options.ts"
export { forEach, map, partition, reduce } from "./Parallel.ts"
export { PoolAmbiguous, PoolCrowded, PoolNotFound } from "./PoolError.ts"
export type {
  GrowthHeld,
  PoolEvent,
  Resized,
  ResizeFailed,
  SizeSignal,
  ThreadStandsBy,
  WorkerRecycled
} from "./PoolEvent.ts"
export { PoolGaveUp } from "./PoolGaveUp.ts"
export type { AskOptions, JobOptions, JobSends, PoolRef, StreamOptions } from "./PoolRef.ts"
export type { PoolStats, WorkerStats } from "./PoolStats.ts"

/** What a program requires that uses the pool of a protocol. */
export interface Pool<in out Name extends string> {
  readonly "~shared-nothing/Pool": (_: Name) => Name
}

// One key a name. All are made by one class, whose type has no name in it: hence the cast.
const keyOf = <Name extends string>(name: Name) => poolKey(name) as unknown as Context.Key<Pool<Name>, PoolSide>

/** The type of references to the pool of a definition: `Pool.Ref<typeof Hashing>`. */
export type Ref<A> = A extends Actor<infer _Name, infer Rpcs> ? PoolRef<Rpcs> : never

// The class of references knows the messages of its protocol, and its type does not.
const referenceOf = <Rpcs extends Rpc.Any>(protocol: Protocol, recipient: Recipient): PoolRef<Rpcs> =>
  new (refClass(protocol))(recipient) as unknown as PoolRef<Rpcs>

/** The reference of the pool that hosts a protocol; also inside of its jobs, which submit to their own worker first. */
export const ref = <Name extends string, Rpcs extends Rpc.Any>(
  actor: Actor<Name, Rpcs>
): Effect.Effect<PoolRef<Rpcs>, never, Pool<Name>> =>
  // What is found under the name of a protocol speaks it.
  Effect.map(keyOf(actor.name), (side) => side.reference(actor.protocol) as PoolRef<Rpcs>)

/**
 * Starts a pool and answers its reference; it ends with the scope.
 *
 * **Details**
 *
 * Every option has a default but `spawn`. A worker that ends is started again within `intensity` (3 times within 5 seconds unless told, all
 * together); after that the pool gives up: its jobs end with `ActorStopped`, and the program with {@link PoolGaveUp}, unless somebody has asked for
 * {@link escalation}. At the end of its scope the pool takes nothing any more, handles what it has
 * accepted for as long as `shutdown` says, and stops its workers.
 *
 * A handler that goes on for `grace` (5 seconds unless told) after its asker was interrupted or timed out ends with its thread, which is replaced without a restart being counted. One
 * that is waited for may hold its worker for 30 seconds unless `heartbeat.timeout` says otherwise.
 *
 * **Errors** `InvalidOptions` and `InvalidSupervision` for options that make no sense; the `ThreadDown` of the first worker that does not come up:
 * `ThreadSpawnFailed` or `ThreadCrashed` (no such file, or one that throws), `ThreadSetupFailed` (its layer fails, or has no such behaviour),
 * `ThreadNotReady`. Dies with `InvalidThreadOptions` for times of a thread that make no sense, and with {@link PoolGaveUp} as its scope ends when it has given up: the fiber that
 * has made it is interrupted then, see {@link EndsProgram}.
 */
export const make = <Name extends string, Rpcs extends Rpc.Any>(
  actor: Actor<Name, Rpcs>,
  options: PoolOptions
): Effect.Effect<PoolRef<Rpcs>, InvalidOptions | InvalidSupervision | ThreadDown, Scope.Scope> =>
  steady(Effect.gen(function*() {
    const { protocol } = actor
    const cores = yield* Cores
    const hardware = yield* Hardware
    const settings = yield* Effect.try({
      try: () => resolve(protocol, options, cores, hardware),
      catch: (error) => error as InvalidOptions
    })
    return referenceOf<Rpcs>(protocol, yield* Owner.make(protocol, settings, options))
  }))

/**
 * The layer of a pool, for {@link ref}.
 *
 * **Errors** As of {@link make}.
 */
export const layer = <Name extends string, Rpcs extends Rpc.Any>(
  actor: Actor<Name, Rpcs>,
  options: PoolOptions
): Layer.Layer<Pool<Name>, InvalidOptions | InvalidSupervision | ThreadDown> =>
  Layer.effect(keyOf(actor.name), Effect.map(make(actor, options), (made): PoolSide => ({ reference: () => made })))

/** Which pool a thread joins, and how long it looks for it. */
export interface JoinOptions {
  /** What the pool is called behind the name of its protocol, as `Pool.layer` was told; default `"pool"`. */
  readonly name?: string | undefined
  /** How long to look for a pool that is not there yet; default 5 seconds. */
  readonly timeout?: Duration.Input | undefined
}

const JOIN: Names<JoinOptions> = { name: true, timeout: true }
const JOIN_TIMEOUT = "5 seconds"

const invalidJoin = (where: string, options: JoinOptions, millis: number): InvalidOptions | undefined => {
  let found: InvalidOptions | undefined
  const refuse = (option: string, value: unknown, expected: string) => {
    found ??= new InvalidOptions({ where, option, value: givenOf(value), expected })
  }
  checkNames(options, JOIN, refuse)
  if (!(millis >= 0)) refuse("timeout", options.timeout, "a duration of zero or more")
  return found
}

/**
 * Finds the pool of a protocol that another thread of the process has made, and answers its reference on this thread; it is left with the scope.
 *
 * **When to use**: on threads that have not made it: those of an `ActorSystem.layerThreads`, workers of another pool, threads of channels.
 *
 * **Details**
 *
 * Jobs go straight to the workers through shared memory, and the thread that has made the pool takes no part in it. Each thread has room for
 * `queue.capacity` jobs of its own; what its jobs end with is said in {@link make}. A thread that leaves, or dies, is waited for by nobody: what it
 * had asked is withdrawn, what it had told is done. When the pool ends, so do the jobs that this thread waits for, with `ActorStopped`.
 *
 * **Errors** `PoolNotFound` when there was none in time, `PoolCrowded` when as many threads use it as may (`clients`), `PoolAmbiguous` when several
 * pools have the name, `LayoutMismatch` when they were built from another protocol, `InvalidOptions` for a `timeout` that is none.
 */
export const join = <Name extends string, Rpcs extends Rpc.Any>(
  actor: Actor<Name, Rpcs>,
  options: JoinOptions = {}
): Effect.Effect<
  PoolRef<Rpcs>,
  PoolNotFound | PoolCrowded | PoolAmbiguous | LayoutMismatch | InvalidOptions,
  Scope.Scope
> =>
  steady(Effect.gen(function*() {
    const { protocol } = actor
    const { name = "pool", timeout = JOIN_TIMEOUT } = options
    const millis = durationMillis(timeout)
    const invalid = invalidJoin(`Pool.join ${protocol.name}/${textOf(name)}`, options, millis)
    if (invalid !== undefined) return yield* invalid
    return referenceOf<Rpcs>(protocol, yield* Client.join(protocol, textOf(name), millis))
  }))

/**
 * The layer of a pool that another thread has made, for {@link ref}.
 *
 * **Errors** As of {@link join}.
 *
 * **Example** (worker.ts of an `ActorSystem.layerThreads`)
 *
 * ```ts
 * import { type Actor, type ActorSystem, ActorThread, Pool } from "shared-nothing"
 * import * as Layer from "effect/Layer"
 * import type * as Rpc from "effect/rpc/Rpc"
 *
 * declare const Hashing: Actor.Actor<"Hashing", Rpc.Any>
 * declare const GatewayLive: Layer.Layer<never, never, ActorSystem.ActorSystem | Pool.Pool<"Hashing">> // its handlers use Pool.ref(Hashing)
 *
 * ActorThread.launch(GatewayLive.pipe(Layer.provide(Pool.layerJoin(Hashing))))
 * ```
 */
export const layerJoin = <Name extends string, Rpcs extends Rpc.Any>(
  actor: Actor<Name, Rpcs>,
  options?: JoinOptions
): Layer.Layer<Pool<Name>, PoolNotFound | PoolCrowded | PoolAmbiguous | LayoutMismatch | InvalidOptions> =>
  Layer.effect(keyOf(actor.name), Effect.map(join(actor, options), (joined): PoolSide => ({ reference: () => joined })))
/**
 * A reference to each worker of a pool, in the order of their names `worker-0`, `worker-1`, …: what is sent to it is handled by that worker and by no other.
 *
 * **Details** Jobs of one sender begin in the order in which they were sent to the worker. While its thread is started again they wait for it. A job that it had begun
 * is lost, or begun again before those behind it if its message has {@link Attempts}. `depth` counts what waits for the worker alone, of all
 * senders, and what it runs. An actor that is no pool is its own only worker.
 *
 * **Errors** Those of the pool.
 *
 * **Example** (Each worker says who it is)
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import type * as Rpc from "effect/rpc/Rpc"
 * import type * as Schema from "effect/Schema"
 * import { type ActorRef, Pool } from "shared-nothing"
 *
 * declare const jobs: ActorRef.ActorRef<Rpc.Rpc<"Who", typeof Schema.Void, typeof Schema.String>>
 *
 * const names = Effect.forEach(Pool.workers(jobs), (worker) => worker.ask.Who(), { concurrency: "unbounded" })
 * ```
 */
export const workers = <Rpcs extends Rpc.Any>(pool: ActorRef<Rpcs>): ReadonlyArray<ActorRef<Rpcs>> =>
  workersOf(pool) as ReadonlyArray<ActorRef<Rpcs>>

/**
 * Has each worker of a pool do the same, once, and answers what has become of it for each, in the order of {@link workers}.
 *
 * **Details** A worker that is busy does it when it comes to it, one whose thread is being started again when it is back. Nothing fails as a whole: what
 * worked for some workers is there beside what others have failed with.
 *
 * **Errors** None; each `Exit` has those of the ask.
 *
 * **Example** (Empty the cache of each worker)
 *
 * ```ts
 * import type * as Rpc from "effect/rpc/Rpc"
 * import type * as Schema from "effect/Schema"
 * import { type ActorRef, Pool } from "shared-nothing"
 *
 * declare const images: ActorRef.ActorRef<Rpc.Rpc<"Forget", typeof Schema.Void, typeof Schema.Int>>
 *
 * const forgotten = Pool.broadcast(images, (worker) => worker.ask.Forget({ timeout: "10 seconds" }))
 * ```
 */
export const broadcast = <Rpcs extends Rpc.Any, A, E, R>(
  pool: ActorRef<Rpcs>,
  ask: (worker: ActorRef<Rpcs>, place: number) => Effect.Effect<A, E, R>
): Effect.Effect<ReadonlyArray<Exit.Exit<A, E>>, never, R> =>
  Effect.suspend(() =>
    Effect.forEach(workers(pool), (worker, place) => Effect.exit(Effect.suspend(() => ask(worker, place))), {
      concurrency: "unbounded"
    })
  )

/**
 * Starts each worker of a pool anew, one after the other, and loses no job: a worker takes no more, comes to the end of what it runs, closes its layer and ends; once
 * the next one is up it is the turn of the next worker.
 *
 * **Details** What waits for the worker alone waits until it is back. No restart is counted. It waits for as long as a job runs; one that is interrupted has
 * the worker whose turn it is go on. Meanwhile the pool goes on to decide its size, and somebody stands in for what blocks ({@link blocking}); a worker that leaves is not waited for. It also completes when the pool ends.
 *
 * **Errors** Dies with a `TypeError` for what is no pool that this thread has made. A worker that does not come up again is started again within `intensity`, as after a crash.
 *
 * **Gotchas** A job of a pool that waits for its own pool to be reloaded waits for ever: `reload` is for who has made it.
 */
export const reload = <Rpcs extends Rpc.Any>(pool: ActorRef<Rpcs>): Effect.Effect<void> => reloadOf(pool)

/**
 * Has a pool have so many workers, of as many as its `threads` allow. Completes when those are up that come, and those have ended that leave.
 *
 * **Details** Workers come and go at the end of {@link workers}. One that leaves takes nothing new: it comes to the end of what it runs and of what waits for it alone, closes its
 * layer and ends; that is no crash. No job is lost or done twice. Jobs of a key that has another worker now keep their order, and of those one runs at a time as ever:
 * what a thread sends of a key waits until what it had sent before is done where the key was. By the highest random weight only the keys of workers that leave have another one, and of each
 * other worker as many as it gives to those that come; by the remainder most have; sticky keys leave with their worker only.
 *
 * Interrupted while workers come, those stay that are up; while workers leave, they leave. Commands to one pool are done one after the other, {@link reload} is one too; what the pool decides itself waits for none.
 *
 * **Errors** `InvalidOptions` for a number that `threads` does not allow. The `ThreadDown` of a worker that does not come up: the pool has those below it. Dies with a
 * `TypeError` for what is no pool that this thread has made.
 *
 * **Gotchas** What was sent to a worker by its reference, or by `Route.toWorker` and `Route.custom`, and is found after that has left fails with `NotRouted`, as what is sent from then on.
 *
 * **Example** (More workers by day)
 *
 * ```ts
 * import { type ActorRef, Pool } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 *
 * declare const images: ActorRef.Any // made with threads: { min: 2, max: 8 }
 *
 * const day = Effect.andThen(Pool.resize(images, 8), Effect.sleep("12 hours"))
 * const year = Effect.forever(Effect.andThen(day, Effect.andThen(Pool.resize(images, 2), Effect.sleep("12 hours"))))
 * ```
 */
export const resize = (pool: Any, threads: number): Effect.Effect<void, InvalidOptions | ThreadDown> =>
  resizeOf(pool, threads)

/**
 * What happens to the workers of a pool from now on: each change of their number, why it was made, and what it was decided by; each one that did not come up, and each one that
 * was made anew since it was worn. Ends with the pool.
 *
 * **Errors** Dies with a `TypeError` for what is no pool that this thread has made.
 *
 * **Gotchas** A subscriber that falls more than 256 events behind misses the oldest. How many workers there are is in {@link stats}.
 */
export const events = (pool: Any): Stream.Stream<PoolEvent> => eventsOf(pool)

/**
 * Why a pool has given up; completes when it has: its workers have used up their restarts (`intensity`), or one of them could not be ended and still has its memory.
 *
 * **Details** While somebody waits for it, or once it was told, the program does not end by it: who asks decides. A pool whose scope ends, or whose layer is released, does not give up.
 *
 * **Errors** Dies with a `TypeError` for what is no pool that this thread has made.
 *
 * **Example** (A program that goes on without thumbnails)
 *
 * ```ts
 * import { type ActorRef, Pool } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 *
 * declare const thumbnails: ActorRef.Any
 *
 * const watched = Effect.flatMap(Pool.escalation(thumbnails), ({ message }) => Effect.logError(message))
 * ```
 */
export const escalation = (pool: Any): Effect.Effect<PoolGaveUp> => escalationOf(pool)

/**
 * Says of a part of a job that it blocks: that it holds the thread of its worker, or waits for long for something that is no job. A pool whose `threads` is a range has one more worker meanwhile,
 * never more than `max`, so that the others do not have to do the work of that one.
 *
 * **Details** One that blocks several times at once, or inside of itself, counts once, and so do several jobs of one worker. The worker in addition leaves when nothing blocks any more and has not for
 * `adapt.cooldown`, so that what blocks often keeps it; both are events of {@link events}. Where the number of workers is fixed, is changed by hand alone (`adapt: false`), or in what is no job
 * of a pool, it is the effect itself. So it is while the process uses more of its memory than `adapt.memory` allows, where that is said.
 *
 * **Gotchas** Nobody waits until the other worker is up: it takes as long as the start of a thread, less with `standby`. A thread that is held for longer than `heartbeat.timeout` still ends.
 *
 * **Example** (A library that reads a file without letting go of its thread)
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { readFileSync } from "node:fs"
 * import { Pool } from "shared-nothing"
 *
 * const read = (file: string) => Pool.blocking(Effect.sync(() => readFileSync(file, "utf8")))
 * ```
 */
export const blocking = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => blockingOf(effect)

/** On which worker of a pool the code of a layer or of a behaviour runs: its place in {@link workers} and its name. `undefined` where that is no pool. */
export const CurrentWorker: Context.Reference<{ readonly place: number; readonly name: string } | undefined> = Current

/**
 * What a pool does and has done: the state of each worker, how long jobs wait and run, how busy the workers are. Reads shared memory and sends nothing.
 *
 * **Details** Counted from the start of the pool; for a rate or a utilisation take two and divide their difference by the time in between.
 *
 * **Errors** Dies with a `TypeError` for a reference of something else than a pool.
 *
 * **Example** (How far the workers are used)
 *
 * ```ts
 * import { type ActorRef, Pool } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 *
 * const utilisation = (pool: ActorRef.Any) =>
 *   Effect.gen(function*() {
 *     const before = yield* Pool.stats(pool)
 *     yield* Effect.sleep("1 second")
 *     const { workers } = yield* Pool.stats(pool)
 *     return workers.map(({ busyMillis }, i) => (busyMillis - before.workers[i]!.busyMillis) / 1000)
 *   })
 * ```
 */
export const stats = (pool: Any): Effect.Effect<PoolStats> =>
  Effect.suspend(() => {
    const found = statsOf(pool)
    return found === undefined ? Effect.die(new TypeError(`${String(pool)} is no pool`)) : Effect.succeed(found)
  })
