/**
 * One worker thread as a scoped resource: started, ready, watched, stopped, and down for one typed reason.
 *
 * It promises that:
 * - listeners are attached in the tick of the spawn, so that no failure of the worker can end the process;
 * - {@link make} returns only when the thread's own setup is done, and fails with the reason when that does not happen;
 * - every thread ends exactly once with exactly one {@link ThreadDown}, and `onExit` callbacks run before anybody who
 *   waits on `exit` goes on;
 * - closing the scope stops the thread: by request first, by `terminate()` after `stopTimeout`, and it waits for the
 *   `exit` event. A thread that does not even end within `terminateTimeout` is given up, and an error in the log says so.
 *
 * It never restarts a thread (its supervisor does), never counts a late message of a blocked parent as silence of the
 * worker, and never says that a thread is gone on a timer alone without marking it so.
 *
 * **Liveness**
 *
 * A thread is alive while it rests or makes progress. That it rests Node tells the parent: how long its event loop has had nothing to
 * do. That it makes progress it shows in two words of shared memory: a beat, for which the parent asks when nothing else has moved,
 * and the number of the turn in which its actors and channels are served. A turn has a budget of a few milliseconds (`Turn`), so a
 * thread under any load moves one of them. What moves none for `timeout` is stuck in one and the same piece of code. So a thread
 * with nothing to do is not woken to say so; it is looked at four times in a `timeout`, and what gets stuck after that is found so much
 * later. A worker whose rest cannot be seen, as it is no `Worker` of Node, beats by a timer every `interval`.
 *
 * The parent compares these every `interval` and counts checks without progress. A parent that was blocked checks late, sees
 * that a word has moved, and counts nothing; a machine that was suspended costs one check, not the whole time. So `timeout` is
 * the least time of silence; under a busy parent the detection is later, never earlier.
 *
 * Before it is ended it is asked where it is, by a debugger within this process: for a second at most, and not where Node has none.
 *
 * While the inspector listens in this process (`--inspect`) no thread is ended for its silence, which is logged once instead: a
 * breakpoint looks the same from outside. The checks hold no process: one whose workers are unref'd may end.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Transferable } from "node:worker_threads"
import { mayBePaused } from "./internal/debugger.ts"
import { bury, type Hosted, kill, millisSince, probe, reach, restedMillis, spawn, stop } from "./internal/hosted.ts"
import type { ExitListener } from "./internal/lifecycle.ts"
import * as Life from "./internal/lifecycle.ts"
import * as Protocol from "./internal/protocol.ts"
import { type Settings, settingsOf, type Times } from "./internal/settings.ts"
import { whereabouts } from "./internal/whereabouts.ts"
import { broadcastOf, EXIT, numberOf } from "./kernel/Broadcast.ts"
import { CurrentThread } from "./kernel/CurrentThread.ts"
import type { Spot } from "./kernel/Hardware.ts"
import { sleep } from "./kernel/Patience.ts"
import type { Standby } from "./kernel/Reserve.ts"
import { type Spawn, Spawning } from "./kernel/Spawning.ts"
import type { SpawnWorker } from "./SpawnedWorker.ts"
import { type ThreadDown, ThreadMessageRefused, ThreadSpawnFailed, ThreadUnresponsive } from "./ThreadError.ts"

export type { ExitListener } from "./internal/lifecycle.ts"

/** What {@link make} needs to start a thread. */
export interface Options extends Times {
  /** The thread's name in errors and logs. */
  readonly name: string
  /** Its place among its siblings; passed to the worker. */
  readonly index: number
  /** Which incarnation at that place this is; passed to the worker. */
  readonly epoch: number
  /** Makes the worker: `new Worker(new URL("./worker.ts", import.meta.url))`. */
  readonly spawn: SpawnWorker
  /** Answers a thread in reserve that takes the place, if there is one, instead of a new one. */
  readonly standby?: (() => Standby | undefined) | undefined
  /** What the worker's setup receives; must be cloneable, and may hold SharedArrayBuffers. */
  readonly data: unknown
  /** Where on the machine it runs; wherever the system likes unless told. */
  readonly spot?: Spot | undefined
  /** How often its loops may look before they let go of their core; as each thinks best unless told. */
  readonly maxSpins?: number | undefined
  /** Receives the messages the worker posts, also those posted before it is ready; synchronous. */
  readonly onMessage: (message: unknown) => void
  /** Receives the thread right after its spawn, for those who must answer it or see it die before it is ready. */
  readonly beforeReady?: ((thread: StartingThread) => void) | undefined
}

/** A thread whose setup may not be done yet. */
export interface StartingThread {
  readonly name: string
  readonly index: number
  readonly epoch: number
  readonly threadId: number
  /**
   * Posts a message to the worker's `onMessage`; after the thread's end it does nothing.
   *
   * **Errors**
   *
   * Throws {@link ThreadMessageRefused} when the message cannot be cloned; nothing of it was sent then.
   */
  readonly post: (message: unknown, transfer?: ReadonlyArray<Transferable>) => void
  /** Waits until its file is loaded and its setup begins, or the thread ends. */
  readonly loaded: Effect.Effect<void>
  /** Waits for the end of the thread, for any number of waiters. */
  readonly exit: Effect.Effect<ThreadDown>
  /** The reason, once the thread has ended. */
  readonly exitUnsafe: () => ThreadDown | undefined
  /** True once the `exit` event fired: from then on nothing writes to memory shared with the thread. */
  readonly exitSeenUnsafe: () => boolean
  /**
   * In whose hands the thread has ended by what was done there (it exited, ran out of heap, stood still), as its loop says: a number, 0
   * for nobody in particular.
   */
  readonly culpritUnsafe: () => number
  /**
   * Calls back exactly once, synchronously, at the moment the thread's end is known; at once if it is known already.
   *
   * **Gotchas**
   *
   * The second argument is false when `terminate()` ran into its deadline: the thread may still write to shared
   * memory, which must not be reused then.
   */
  readonly onExit: (listener: ExitListener) => void
  /** Asks the worker to close its scope and waits for its end; terminates it after `stopTimeout`. */
  readonly stop: Effect.Effect<void>
  /** Terminates the thread now and waits for its end. Finalizers on the thread do not run. */
  readonly kill: Effect.Effect<void>
}

/** A thread that is, or was, ready. */
export interface Thread extends StartingThread {
  /** What the worker's setup answered. */
  readonly ready: unknown
}

/**
 * Starts a thread and waits until its setup is done. The thread ends with the scope.
 *
 * **Errors**
 *
 * Fails with the {@link ThreadDown} when the thread does not become ready; it is gone by then. Dies with
 * `InvalidThreadOptions` when an option makes no sense.
 */
export const make = (options: Options): Effect.Effect<Thread, ThreadDown, Scope.Scope> =>
  Effect.gen(function*() {
    const settings = settingsOf(options.name, options)
    const context = yield* Effect.context<Scope.Scope>()
    const scope = yield* Effect.scope
    const clock = yield* Clock.Clock
    const run = Effect.runForkWith(context)
    const log = (entry: Effect.Effect<void>) => void run(Effect.ignoreCause(entry))
    const hosted = yield* Effect.acquireRelease(
      Effect.map(begin(options, settings, log, yield* Spawning), (life): Hosted => ({ life, settings, clock, log })),
      stop
    )
    const thread = handle(options, hosted)
    yield* Effect.sync(() => options.beforeReady?.(thread))
    const voice = broadcastOf(yield* CurrentThread)
    // After who has started it: what other threads share with it they look after themselves.
    thread.onExit((_, isSeen) => {
      if (isSeen && thread.threadId > 0) voice.say(EXIT, numberOf(thread.threadId))
    })
    yield* reach(hosted, hosted.life.settled, ({ isReady }) => isReady)
    yield* Effect.forkIn(guard(hosted), scope, { startImmediately: true })
    return { ...thread, ready: hosted.life.ready }
  })

/** The thread of these options: a new one, or one in reserve that takes their place. */
const begin = (
  options: Options,
  settings: Settings,
  log: Hosted["log"],
  spawning: Spawn
): Effect.Effect<Life.Lifecycle, ThreadSpawnFailed> =>
  Effect.suspend(() => {
    const standby = options.standby?.()
    return Effect.map(
      standby === undefined
        ? spawn(options, options.spawn, spawning, log, options.onMessage)
        : Effect.succeed(standby.take(options, options.onMessage)),
      (life) => {
        postBootstrap(life, options, settings)
        return life
      }
    )
  })

const postBootstrap = (
  life: Life.Lifecycle,
  options: Options,
  settings: Settings
): void => {
  try {
    life.worker.postMessage(Protocol.bootstrap({
      name: options.name,
      index: options.index,
      epoch: options.epoch,
      heartbeat: life.words.buffer,
      heartbeatIntervalMillis: life.worker.performance === undefined ? settings.intervalMillis : 0,
      maxSpins: options.maxSpins,
      spot: options.spot,
      data: options.data
    }))
  } catch (cause) {
    Life.doom(life, new ThreadSpawnFailed({ thread: options.name, cause }))
  }
}

const handle = (options: Options, hosted: Hosted): StartingThread => {
  const life = hosted.life
  return {
    name: options.name,
    index: options.index,
    epoch: options.epoch,
    threadId: life.threadId,
    loaded: Deferred.await(life.begun),
    post: (message, transfer) => post(life, message, transfer),
    exit: Deferred.await(life.ended),
    exitUnsafe: () => life.end,
    exitSeenUnsafe: () => life.exitSeen,
    culpritUnsafe: () => Life.endsByItself(life) ? Protocol.currentOwner(life.words) : 0,
    onExit: (listener) => Life.listen(life, listener),
    stop: stop(hosted),
    kill: kill(hosted)
  }
}

const post = (life: Life.Lifecycle, message: unknown, transfer?: ReadonlyArray<Transferable>): void => {
  if (life.end !== undefined) return
  try {
    life.worker.postMessage(Protocol.user(message), transfer ?? [])
  } catch (cause) {
    throw new ThreadMessageRefused({ thread: life.name, cause })
  }
}

/** Lives as long as the thread: ends it when it falls silent, and sees to it that a dying thread dies. */
const guard = (hosted: Hosted): Effect.Effect<void> =>
  Effect.raceFirst(Deferred.await(hosted.life.dying), untilSilent(hosted)).pipe(
    Effect.andThen(bury(hosted))
  )

const untilSilent = (hosted: Hosted): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { clock, life, settings } = hosted
    let beat = Protocol.currentBeat(life.words)
    let turn = Protocol.currentTurn(life.words)
    let rested = restedMillis(life)
    let isResting = false
    let seenAt = clock.monotonicTimeNanosUnsafe()
    let silentChecks = 0
    let isExcused = false
    let where: string | undefined
    while (true) {
      yield* sleep(clock, isResting ? settings.restMillis : settings.intervalMillis)
      const before = { beat, turn, rested }
      beat = Protocol.currentBeat(life.words)
      turn = Protocol.currentTurn(life.words)
      rested = restedMillis(life)
      isResting = rested !== before.rested
      // A thread that was asked to stop answers to stopTimeout instead.
      if (beat !== before.beat || turn !== before.turn || isResting || life.stopAsked) {
        seenAt = clock.monotonicTimeNanosUnsafe()
        silentChecks = 0
        isExcused = false
        continue
      }
      probe(life)
      if (++silentChecks >= settings.silentChecks) {
        if (!mayBePaused()) {
          where = yield* whereabouts(life.worker, clock)
          // It may have gone on meanwhile.
          if (beat === Protocol.currentBeat(life.words) && turn === Protocol.currentTurn(life.words)) break
          continue
        }
        if (!isExcused) hosted.log(Effect.logWarning(excuse(life.name, millisSince(hosted, seenAt))))
        isExcused = true
      }
    }
    const silentMillis = millisSince(hosted, seenAt)
    const isInTurn = Protocol.isTurn(turn)
    Life.doom(life, new ThreadUnresponsive({ thread: life.name, silentMillis, isInTurn, where }))
  })

const excuse = (thread: string, silentMillis: number): string =>
  `thread "${thread}" has made no progress for ${Math.round(silentMillis)} ms; it is not ended, ` +
  "because the inspector listens in this process and a debugger may have paused it"
