/**
 * Why a worker thread is down, as typed values.
 *
 * A thread has exactly one reason, decided by what was known first: an `error` event or a report of the worker itself,
 * then what the parent did to it (asked it to stop, found it silent or late), and only then the bare exit code. So a
 * stop that was asked for never reads as a crash, although `terminate()` and an uncaught error both exit with code 1.
 */
import * as Schema from "effect/Schema"
import { messageOf, nameOf, textOf } from "../runtime/Text.ts"

/**
 * How far a thread came: `loading` until `launch` took its first message, `setup` until it said that it is ready,
 * `running` from then on; `standby` while one in reserve waits for its place.
 */
export const ThreadPhase = Schema.Literals(["loading", "standby", "setup", "running"])
/** How far a thread came. */
export type ThreadPhase = typeof ThreadPhase.Type

const whileIn = (phase: ThreadPhase): string => {
  switch (phase) {
    case "loading":
      return "while its file was loading"
    case "standby":
      return "while it stood by, in reserve"
    case "setup":
      return "during its setup, before it was ready"
    case "running":
      return "while it was running"
  }
}

/** What a worker's file calls, by the names that users know. */
const LAUNCH = "launch (ActorThread.launch, PoolThread.launch or ChannelThread.launch)"

const describe = (value: unknown): string => {
  if (nameOf(value) === "WorkerFailure") return messageOf(value)
  // Node passes a thrown value that it can neither clone nor print as its serialised bytes.
  return ArrayBuffer.isView(value) ? "a thrown value that cannot cross threads" : textOf(value)
}

const codeOf = (value: unknown): unknown => {
  try {
    return (value as { readonly code?: unknown } | null | undefined)?.code
  } catch {
    return undefined
  }
}

/**
 * A failure that happened on a worker thread and came back as text: the tag or name of the error, its message and the
 * worker's own stack.
 *
 * **Gotchas**
 *
 * It is a description, not the original: fields of the original error stay on the thread where it happened.
 */
export class WorkerFailure extends Schema.TaggedError<WorkerFailure>("shared-nothing/WorkerFailure")("WorkerFailure", {
  tag: Schema.String,
  text: Schema.String,
  stackText: Schema.optional(Schema.String)
}) {
  override get message() {
    return this.text === "" ? this.tag : `${this.tag}: ${this.text}`
  }
}

/** The thread ended by itself: `process.exit` ran on it, or nothing was left on its event loop. */
export class ThreadExited extends Schema.TaggedError<ThreadExited>("shared-nothing/ThreadExited")("ThreadExited", {
  thread: Schema.String,
  code: Schema.Int,
  phase: ThreadPhase
}) {
  override get message() {
    const hint = this.phase === "loading"
      ? `let the file that spawn names call ${LAUNCH} at its top level, and not process.exit`
      : "look for process.exit in code that runs on it; end a thread by closing the scope that owns it"
    return `thread "${this.thread}" exited with code ${this.code} ${whileIn(this.phase)}, and nobody had asked: ${hint}`
  }
}

/**
 * The thread died of an uncaught error or an unhandled rejection, its module threw while it was loading, or code on it
 * reported a failure that ends the thread.
 *
 * **Details**
 *
 * `error` is Node's clone of a thrown `Error`. It is a {@link WorkerFailure} for a tagged error, which Node's clone
 * would not keep, and for a failure that was reported.
 */
export class ThreadCrashed extends Schema.TaggedError<ThreadCrashed>("shared-nothing/ThreadCrashed")("ThreadCrashed", {
  thread: Schema.String,
  error: Schema.Defect(),
  phase: ThreadPhase
}) {
  private get hint(): string {
    if (this.phase !== "loading") {
      return "everything that ran on it is lost; catch the error where it is thrown if it should not end the thread"
    }
    const code = codeOf(this.error)
    return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND"
      ? "correct the import, or install the package, in the file that spawn names or in one that it imports"
      : "the file that spawn names, and every file that it imports, has to load without an error"
  }
  override get message() {
    return `thread "${this.thread}" crashed ${whileIn(this.phase)} (${describe(this.error)}): ${this.hint}`
  }
}

/** The thread's heap reached the `resourceLimits` given at its spawn; the process and its other threads go on. */
export class ThreadOutOfMemory
  extends Schema.TaggedError<ThreadOutOfMemory>("shared-nothing/ThreadOutOfMemory")("ThreadOutOfMemory", {
    thread: Schema.String,
    phase: ThreadPhase
  })
{
  override get message() {
    return `thread "${this.thread}" ran out of heap ${whileIn(this.phase)}: ` +
      "hold less on it, or raise resourceLimits.maxOldGenerationSizeMb where spawn makes the Worker"
  }
}

/** The thread was started and did not say that it is ready in time; it was terminated. */
export class ThreadNotReady
  extends Schema.TaggedError<ThreadNotReady>("shared-nothing/ThreadNotReady")("ThreadNotReady", {
    thread: Schema.String,
    waitedMillis: Schema.Number,
    phase: ThreadPhase
  })
{
  override get message() {
    const hint = this.phase === "loading"
      ? `its file is still loading, or has not called ${LAUNCH} of the same version of this package; ` +
        "call it at the top level of the file, before any long await"
      : "its setup has not finished; look for what it waits for, or raise readyTimeout"
    return `thread "${this.thread}" was not ready after ${Math.round(this.waitedMillis)} ms and was terminated: ${hint}`
  }
}

/**
 * The thread made no progress for longer than the timeout: its event loop did not go round, and one and the same turn of its
 * actors and channels lasted all that time, or none was under way; it was terminated.
 *
 * **Details**
 *
 * `isInTurn` tells the two apart: a handler (or what it calls) held the thread, or something else that runs on it did. `where` names the
 * function in which it was, with its file and the line where that begins; absent where Node cannot tell.
 */
export class ThreadUnresponsive
  extends Schema.TaggedError<ThreadUnresponsive>("shared-nothing/ThreadUnresponsive")("ThreadUnresponsive", {
    thread: Schema.String,
    silentMillis: Schema.Number,
    isInTurn: Schema.Boolean,
    where: Schema.optional(Schema.String)
  })
{
  override get message() {
    const what = this.isInTurn
      ? "one turn of its actors or channels lasted all that time; a handler in it"
      : "no turn of its actors was under way; a timer, a callback or a fiber on it"
    return `thread "${this.thread}" made no progress for ${Math.round(this.silentMillis)} ms and was terminated: ` +
      `${what} held the event loop (an endless loop, Atomics.wait, long synchronous work)` +
      `${this.where === undefined ? "" : `, in ${this.where}`}; ` +
      "yield now and then, or raise heartbeat.timeout"
  }
}

/** No thread could be started: `spawn` threw or answered no Worker, its file does not exist, or the bootstrap data cannot be cloned. */
export class ThreadSpawnFailed
  extends Schema.TaggedError<ThreadSpawnFailed>("shared-nothing/ThreadSpawnFailed")("ThreadSpawnFailed", {
    thread: Schema.String,
    cause: Schema.Defect()
  })
{
  override get message() {
    return `thread "${this.thread}" could not be started (${describe(this.cause)}): ` +
      "check the URL that spawn gives to new Worker(...), and that the data for the thread can be cloned"
  }
}

/** The setup that the thread runs before it is ready failed on the thread itself. */
export class ThreadSetupFailed
  extends Schema.TaggedError<ThreadSetupFailed>("shared-nothing/ThreadSetupFailed")("ThreadSetupFailed", {
    thread: Schema.String,
    cause: WorkerFailure
  })
{
  override get message() {
    return `the setup of thread "${this.thread}" failed (${this.cause.message}): cause carries the stack of the worker`
  }
}

/**
 * The thread was asked to end.
 *
 * **Details**
 *
 * `clean` is true when the worker reported that all its finalizers had run, and false when it was killed or cut short.
 */
export class ThreadStopped extends Schema.TaggedError<ThreadStopped>("shared-nothing/ThreadStopped")("ThreadStopped", {
  thread: Schema.String,
  clean: Schema.Boolean
}) {
  override get message() {
    return `thread "${this.thread}" was stopped on request` + (this.clean ? "" : ", before its finalizers had all run")
  }
}

/** Every reason for which a thread is down. */
export const ThreadDown = Schema.Union([
  ThreadExited,
  ThreadCrashed,
  ThreadOutOfMemory,
  ThreadNotReady,
  ThreadUnresponsive,
  ThreadSpawnFailed,
  ThreadSetupFailed,
  ThreadStopped
])
/** Every reason for which a thread is down. */
export type ThreadDown = typeof ThreadDown.Type

/** A message for a thread could not be cloned, so nothing of it was sent; `cause` is what `postMessage` threw. */
export class ThreadMessageRefused
  extends Schema.TaggedError<ThreadMessageRefused>("shared-nothing/ThreadMessageRefused")("ThreadMessageRefused", {
    thread: Schema.String,
    cause: Schema.Defect()
  })
{
  override get message() {
    return `a message to or from thread "${this.thread}" was not sent (${describe(this.cause)}): ` +
      "send plain data, ArrayBuffers, SharedArrayBuffers and MessagePorts only"
  }
}

/** An option of a thread makes no sense; thrown where the thread is made, with the offending value. */
export class InvalidThreadOptions
  extends Schema.TaggedError<InvalidThreadOptions>("shared-nothing/InvalidThreadOptions")("InvalidThreadOptions", {
    where: Schema.String,
    option: Schema.String,
    value: Schema.String,
    expected: Schema.String
  })
{
  override get message() {
    return `${this.where}: ${this.option} is ${this.value}, expected ${this.expected}`
  }
}

/** `launch` was called where it cannot work. */
export class ThreadEntryMisused
  extends Schema.TaggedError<ThreadEntryMisused>("shared-nothing/ThreadEntryMisused")("ThreadEntryMisused", {
    problem: Schema.Literals(["main-thread", "called-twice", "other-launcher"]),
    /** With `"other-launcher"`: the name of the thread, what its file has called, and what is needed by who has started it. */
    thread: Schema.optional(Schema.String),
    called: Schema.optional(Schema.String),
    needed: Schema.optional(Schema.String)
  })
{
  override get message() {
    const { called, needed = "none of ours", problem, thread } = this
    if (problem === "other-launcher") {
      return `the file of thread "${thread}" calls ${called}, and what has started the thread needs ${needed}: ` +
        "a system needs ActorThread.launch, a pool PoolThread.launch, and a thread with channels ChannelThread.launch"
    }
    return problem === "main-thread"
      ? `${LAUNCH} was called on the main thread: call it in a file of its own, and give that file to ` +
        "new Worker(new URL(\"./worker.ts\", import.meta.url)) in the spawn option"
      : `${LAUNCH} was called twice on one thread: call it once, and merge what the two calls set up`
  }
}
