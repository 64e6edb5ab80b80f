/**
 * What the parent knows about one thread, and the only places where that changes.
 *
 * ```
 *  spawned ──ready──► running ──stop asked──► stopping
 *     │                  │                       │
 *     └──── doom ────────┴───────► dying ◄───────┘        the reason is decided, the thread may still run
 *                                    │
 *                                  exit event             (or the deadline of terminate)
 *                                    ▼
 *                                  ended                  listeners first, then whoever waits
 * ```
 *
 * `doom` keeps the first reason. An `error` event decides at the exit that follows it, because the worker's own
 * description of the error may come in between. It never says that a thread has ended while
 * memory shared with it could still be written, except after the deadline of `terminate`, and then `exitSeen` is false.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { messageOf, stackOf } from "../../runtime/Text.ts"
import type { SpawnedWorker } from "../SpawnedWorker.ts"
import {
  ThreadCrashed,
  type ThreadDown,
  ThreadExited,
  ThreadOutOfMemory,
  type ThreadPhase,
  ThreadSetupFailed,
  ThreadSpawnFailed,
  ThreadStopped,
  WorkerFailure
} from "../ThreadError.ts"
import * as Protocol from "./protocol.ts"

/** Is told once that a thread has ended; `exitSeen` is false when `terminate` ran into its deadline. */
export type ExitListener = (reason: ThreadDown, exitSeen: boolean) => void

/** The callbacks of the layer above. */
export interface Outlets {
  onMessage: (message: unknown) => void
  /** A callback of the layer above threw; it must not take the parent's event loop with it. */
  readonly onCallbackError: (error: unknown) => void
}

/** The state of one thread as its parent sees it. */
export class Lifecycle {
  /** That of its place: a thread in reserve has another one once it takes over. */
  name: string
  readonly worker: SpawnedWorker
  readonly threadId: number
  readonly words: Int32Array<SharedArrayBuffer>
  readonly outlets: Outlets
  /** Completed when the thread's file is loaded, or the thread is ready, dying or ended. */
  readonly begun = Deferred.makeUnsafe<void>()
  /** Completed when the thread is ready, dying or ended. */
  readonly settled = Deferred.makeUnsafe<void>()
  /** Completed when the reason is decided. */
  readonly dying = Deferred.makeUnsafe<void>()
  readonly ended = Deferred.makeUnsafe<ThreadDown>()
  readonly listeners: Array<ExitListener> = []
  /** Its file is loaded, and it waits to be told who it is. */
  isStandby = false
  isReady = false
  ready: unknown = undefined
  stopAsked = false
  stopClean = false
  /** The worker reported a failure itself and is closing its scope. */
  leaving = false
  terminateCalled = false
  /** What the `error` event carried; the exit follows. */
  crash: { readonly error: unknown } | undefined = undefined
  /** How the worker described its last uncaught error; comes before or after the `error` event, never after the exit. */
  uncaught: WorkerFailure | undefined = undefined
  reason: ThreadDown | undefined = undefined
  end: ThreadDown | undefined = undefined
  exitSeen = false

  constructor(name: string, worker: SpawnedWorker, words: Int32Array<SharedArrayBuffer>, outlets: Outlets) {
    this.name = name
    this.worker = worker
    this.threadId = worker.threadId
    this.words = words
    this.outlets = outlets
  }
}

/** How far the thread came. */
export const phaseOf = (life: Lifecycle): ThreadPhase => {
  if (life.isReady) return "running"
  if (hasEntered(life)) return "setup"
  return life.isStandby ? "standby" : "loading"
}

/** Whether it has begun to be what it is for: what runs before that has nothing to finalise. */
export const hasEntered = (life: Lifecycle): boolean => Protocol.currentBeat(life.words) !== 0

/**
 * Attaches every listener. Must run in the tick of the spawn: a worker that fails with no `error` listener attached
 * takes the whole process with it.
 */
export const attach = (life: Lifecycle): void => {
  life.worker.on("error", (error: unknown) => {
    life.crash ??= { error }
  })
  life.worker.on("exit", (code) => onExitEvent(life, code))
  life.worker.on("messageerror", (error: unknown) => {
    doom(life, new ThreadCrashed({ thread: life.name, error, phase: phaseOf(life) }))
  })
  life.worker.on("message", (message: unknown) => onMessageEvent(life, message))
}

/** Decides why the thread ends, and wakes who must see to its end; the first reason stays. */
export const doom = (life: Lifecycle, reason: ThreadDown): void => {
  if (life.reason !== undefined) return
  life.reason = crashReason(life) ?? reason
  Deferred.doneUnsafe(life.dying, Effect.void)
  Deferred.doneUnsafe(life.settled, Effect.void)
  Deferred.doneUnsafe(life.begun, Effect.void)
}

/**
 * Declares the thread ended, for `reason` unless one was decided before: tells every listener, then everybody who
 * waits. A second call finds the reason decided and nobody to tell.
 */
export const finish = (life: Lifecycle, reason: ThreadDown): void => {
  const end = life.reason ?? crashReason(life) ?? reason
  life.reason = end
  // Set before anybody is told: completing a Deferred resumes its waiters inside this call.
  life.end = end
  for (const listener of life.listeners.splice(0)) tell(life, listener, end)
  Deferred.doneUnsafe(life.ended, Effect.succeed(end))
  Deferred.doneUnsafe(life.dying, Effect.void)
  Deferred.doneUnsafe(life.settled, Effect.void)
  Deferred.doneUnsafe(life.begun, Effect.void)
}

/** The reason of a thread that was asked to end. */
export const stoppedReason = (life: Lifecycle): ThreadDown =>
  new ThreadStopped({ thread: life.name, clean: life.stopClean })

/** Whether it has ended by what ran on it, and not by what nobody there has done, or nobody has caught. */
export const endsByItself = ({ end, words }: Lifecycle): boolean =>
  end?._tag === "ThreadExited"
    ? Protocol.hasExited(words)
    : end?._tag === "ThreadOutOfMemory" || end?._tag === "ThreadUnresponsive"

/** Registers a listener for the end; one that comes late is told at once. */
export const listen = (life: Lifecycle, listener: ExitListener): void => {
  if (life.end === undefined) life.listeners.push(listener)
  else tell(life, listener, life.end)
}

const tell = (life: Lifecycle, listener: ExitListener, reason: ThreadDown): void => {
  try {
    listener(reason, life.exitSeen)
  } catch (error) {
    life.outlets.onCallbackError(error)
  }
}

const onExitEvent = (life: Lifecycle, code: number): void => {
  life.exitSeen = true
  finish(
    life,
    life.stopAsked ? stoppedReason(life) : new ThreadExited({ thread: life.name, code, phase: phaseOf(life) })
  )
}

const onMessageEvent = (life: Lifecycle, raw: unknown): void => {
  const message = Protocol.toParent(raw)
  if (message === undefined || life.end !== undefined) return
  switch (message.type) {
    case "loaded":
      life.isStandby = true
      Deferred.doneUnsafe(life.begun, Effect.void)
      return
    case "begun":
      Deferred.doneUnsafe(life.begun, Effect.void)
      return
    case "ready":
      life.isReady = true
      life.ready = message.data
      Deferred.doneUnsafe(life.begun, Effect.void)
      Deferred.doneUnsafe(life.settled, Effect.void)
      return
    case "setupFailed":
      life.leaving = true
      return doom(life, new ThreadSetupFailed({ thread: life.name, cause: workerFailure(message.failure) }))
    case "failed":
      life.leaving = true
      return doom(
        life,
        new ThreadCrashed({ thread: life.name, error: workerFailure(message.failure), phase: phaseOf(life) })
      )
    case "uncaught":
      life.uncaught = workerFailure(message.failure)
      return
    case "stopped":
      life.stopClean = true
      return
    case "user":
      return deliver(life, message.message)
  }
}

const deliver = (life: Lifecycle, message: unknown): void => {
  try {
    life.outlets.onMessage(message)
  } catch (error) {
    life.outlets.onCallbackError(error)
  }
}

const workerFailure = (failure: Protocol.FailureText): WorkerFailure => new WorkerFailure(failure)

/** What the `error` event means, where there was one. */
const crashReason = (life: Lifecycle): ThreadDown | undefined => {
  if (life.crash === undefined) return undefined
  const { error } = life.crash
  const phase = phaseOf(life)
  const code = errorCode(error)
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return new ThreadOutOfMemory({ thread: life.name, phase })
  if (phase === "loading" && isEntryMissing(code, error as object)) {
    return new ThreadSpawnFailed({ thread: life.name, cause: error })
  }
  // An error has a stack, whatever realm it comes from; what has none was cloned badly, and the worker's account is better.
  return new ThreadCrashed({
    thread: life.name,
    error: stackOf(error) === undefined ? life.uncaught ?? error : error,
    phase
  })
}

const errorCode = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "code" in error ? error.code : undefined

/**
 * Node names nobody as the requirer when the file that is missing is the worker's own; and the folder it was started in as the importer,
 * where a hook of the program loads modules (`--import`).
 */
const isEntryMissing = (code: unknown, error: object): boolean =>
  code === "MODULE_NOT_FOUND"
    ? "requireStack" in error && Array.isArray(error.requireStack) && error.requireStack.length === 0
    : code === "ERR_MODULE_NOT_FOUND" && / imported from .*[\\/]$/m.test(messageOf(error))
