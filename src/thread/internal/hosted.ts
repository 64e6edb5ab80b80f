/**
 * A thread as its parent waits for it: spawned, up within a time, stopped by request, ended by force.
 */
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { textOf } from "../../runtime/Text.ts"
import type { Spawn } from "../kernel/Spawning.ts"
import type { Place, SpawnedWorker, SpawnWorker } from "../SpawnedWorker.ts"
import { type ThreadDown, ThreadNotReady, ThreadSpawnFailed } from "../ThreadError.ts"
import * as Life from "./lifecycle.ts"
import * as Protocol from "./protocol.ts"
import type { Settings } from "./settings.ts"

/** A thread with what is needed to wait for it. */
export interface Hosted {
  readonly life: Life.Lifecycle
  readonly settings: Settings
  readonly clock: Clock.Clock
  readonly log: (entry: Effect.Effect<void>) => void
}

/** Starts the worker of a place and hears of it from its first tick on. */
export const spawn = (
  place: Place,
  worker: SpawnWorker,
  spawning: Spawn,
  log: Hosted["log"],
  onMessage: (message: unknown) => void
): Effect.Effect<Life.Lifecycle, ThreadSpawnFailed> =>
  Effect.suspend(() => {
    const { name: thread } = place
    let spawned: SpawnedWorker
    try {
      spawned = spawning(worker, place)
    } catch (cause) {
      return Effect.fail(new ThreadSpawnFailed({ thread, cause }))
    }
    if (!isWorker(spawned)) {
      const cause = new TypeError(`spawn answered ${textOf(spawned)}; it must return the new Worker(...) itself`)
      return Effect.fail(new ThreadSpawnFailed({ thread, cause }))
    }
    const words = new Int32Array(new SharedArrayBuffer(Protocol.heartbeatBytes))
    const life = new Life.Lifecycle(thread, spawned, words, {
      onMessage,
      onCallbackError: (error) => log(Effect.logError(`a callback of thread "${life.name}" threw`, error))
    })
    Life.attach(life)
    return Effect.succeed(life)
  })

/** Asked of what a program without types, or an async function, may have answered. */
const isWorker = (value: unknown): boolean =>
  typeof value === "object" && value !== null
  && ["on", "postMessage", "terminate"].every((name) => typeof (value as Record<string, unknown>)[name] === "function")

/**
 * Waits for a moment in the life of a thread, as long as it may take to get ready.
 *
 * **Errors** The `ThreadDown` when it does not come to that; the thread is gone by then.
 */
export const reach = (
  hosted: Hosted,
  moment: Deferred.Deferred<void>,
  isReached: (life: Life.Lifecycle) => boolean
): Effect.Effect<void, ThreadDown> =>
  Effect.gen(function*() {
    const { life, settings } = hosted
    const started = hosted.clock.monotonicTimeNanosUnsafe()
    yield* within(hosted, settings.readyMillis, Deferred.await(moment))
    if (isReached(life) && life.reason === undefined) return
    // What decided the matter is still unknown only when the time is up.
    const waitedMillis = millisSince(hosted, started)
    Life.doom(life, new ThreadNotReady({ thread: life.name, waitedMillis, phase: Life.phaseOf(life) }))
    yield* bury(hosted)
    return yield* Effect.fail(yield* Deferred.await(life.ended))
  })

/** How long the event loop of a thread has had nothing to do; always 0 where that cannot be seen from here. */
export const restedMillis = ({ worker }: Life.Lifecycle): number => {
  try {
    return worker.performance?.eventLoopUtilization().idle ?? 0
  } catch {
    // It has gone meanwhile.
    return 0
  }
}

/** Asks a thread whose rest can be seen from here for a beat: it has no timer for that. */
export const probe = ({ worker }: Life.Lifecycle): void => {
  if (worker.performance !== undefined) worker.postMessage(Protocol.probe)
}

/** Ends a thread whose reason is decided. One that reported a failure itself may run its finalizers first. */
export const bury = (hosted: Hosted): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (!hosted.life.leaving) return terminate(hosted)
    return Effect.andThen(awaitEnd(hosted, hosted.settings.stopMillis), terminate(hosted))
  })

export const stop = (hosted: Hosted): Effect.Effect<void> =>
  Effect.suspend(() => {
    const life = hosted.life
    if (life.end !== undefined) return Effect.void
    // A file whose entry has not run has nothing to finalise, and nobody there reads the request.
    if (!Life.hasEntered(life)) return kill(hosted)
    if (!life.stopAsked) {
      life.stopAsked = true
      life.worker.postMessage(Protocol.stop)
    }
    return Effect.andThen(awaitEnd(hosted, hosted.settings.stopMillis), kill(hosted))
  })

export const kill = (hosted: Hosted): Effect.Effect<void> =>
  Effect.suspend(() => {
    const life = hosted.life
    if (life.end !== undefined) return Effect.void
    Life.doom(life, Life.stoppedReason(life))
    return terminate(hosted)
  })

/** Terminates a thread that has not ended, and declares it ended when not even that shows within the deadline. */
const terminate = (hosted: Hosted): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { life, settings } = hosted
    if (life.end !== undefined) return Effect.void
    if (!life.terminateCalled) {
      life.terminateCalled = true
      try {
        // Only the exit event counts; what the promise says comes later or, in rare cases, never.
        life.worker.terminate().catch(life.outlets.onCallbackError)
      } catch (error) {
        life.outlets.onCallbackError(error)
      }
    }
    return Effect.map(awaitEnd(hosted, settings.terminateMillis), () => {
      if (life.end !== undefined) return
      Life.finish(life, Life.stoppedReason(life))
      hosted.log(Effect.logError(
        `thread "${life.name}" has not ended ${settings.terminateMillis} ms after it was terminated; ` +
          "it may still run, and write to the memory that it shares"
      ))
    })
  })

const awaitEnd = (hosted: Hosted, millis: number): Effect.Effect<void> =>
  within(hosted, millis, Deferred.await(hosted.life.ended))

const slices = 4

/**
 * Waits for `effect`, at most `millis`. The wait is cut into slices because timers fire before messages and exit
 * events when a blocked parent wakes up: after each slice the event loop has delivered what had happened.
 */
const within = (hosted: Hosted, millis: number, effect: Effect.Effect<unknown>): Effect.Effect<void> => {
  const deadline = Number.isFinite(millis)
    ? Effect.repeat(hosted.clock.sleep(Duration.millis(millis / slices)), { times: slices - 1 })
    : Effect.never
  return Effect.asVoid(Effect.raceFirst(effect, deadline))
}

export const millisSince = (hosted: Hosted, nanos: bigint): number =>
  Number(hosted.clock.monotonicTimeNanosUnsafe() - nanos) / 1e6
