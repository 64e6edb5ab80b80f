/**
 * The worker's side of a {@link Thread}: takes the bootstrap message, runs the setup in a Scope of its own, beats, and
 * ends the thread when it is asked to.
 *
 * It promises that the thread stays alive until it is stopped (whatever else it waits for), that a stop closes the
 * setup's Scope before the thread exits, and that the parent hears of a failed setup or finalizer with its tag, message
 * and stack. It never runs finalizers when the parent terminates the thread, and it does not catch what other code
 * throws: an uncaught error ends the thread, and the parent reports it.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { isMainThread, type MessagePort, parentPort, type Transferable } from "node:worker_threads"
import { messageOf, nameOf } from "../runtime/Text.ts"
import { piece } from "../runtime/ThreadContext.ts"
import * as Protocol from "./internal/protocol.ts"
import { thread } from "./kernel/CurrentThread.ts"
import * as Poller from "./Poller.ts"
import { ThreadEntryMisused, ThreadMessageRefused } from "./ThreadError.ts"

/** What a setup learns about its thread, and how it talks to the parent. */
export interface ThreadStart {
  readonly name: string
  readonly index: number
  readonly epoch: number
  /** The `data` that the parent gave to this thread. */
  readonly data: unknown
  /**
   * Posts a message to the parent's `onMessage`, also before the setup is done.
   *
   * **Errors**
   *
   * Throws {@link ThreadMessageRefused} when the message cannot be cloned; nothing of it was sent then.
   */
  readonly post: (message: unknown, transfer?: ReadonlyArray<Transferable>) => void
  /**
   * Ends the thread with a failure (an error or a `Cause`) from anywhere on it: the parent hears of it at once, then
   * the Scope closes, then the thread exits. Only the first call counts.
   */
  readonly fail: (cause: unknown) => void
  /**
   * Shows each message of the parent to `handler` first, also during the setup, when `onMessage` is not there yet; what it
   * answers `true` to goes no further.
   */
  readonly intercept: (handler: (message: unknown) => boolean) => void
  /** Adds a heartbeat by hand, for code that knowingly holds the event loop for longer than the parent's timeout. */
  readonly beat: () => void
}

/** What a setup answers. */
export interface ThreadReady {
  /** Goes to the parent as `Thread.ready`; must be cloneable. */
  readonly ready: unknown
  /** Receives what the parent posts. Messages that came during the setup are delivered first; one that throws ends the thread. */
  readonly onMessage?: ((message: unknown) => void) | undefined
}

/** Why a thread leaves: it was asked to, or something failed. */
type Leaving = { readonly failure: Protocol.FailureText | undefined }

/** The state of the one entry of this thread. */
class Entry {
  readonly port: MessagePort
  readonly words: Int32Array
  readonly leaving = Deferred.makeUnsafe<Leaving>()
  /** What the parent posted before the setup was done, in order. */
  readonly early: Array<unknown> = []
  onMessage: ((message: unknown) => void) | undefined = undefined
  intercept: ((message: unknown) => boolean) | undefined = undefined

  constructor(port: MessagePort, words: Int32Array) {
    this.port = port
    this.words = words
  }
}

// The timers of the moment in which this module is loaded: fake ones that come later change nothing.
const every = globalThis.setInterval
const after = globalThis.setTimeout

/** How long what is left on the event loop may hold it after the Scope is closed. */
const drainGraceMillis = 100

const launched = piece(() => ({ isCalled: false }))

/**
 * Runs the thread. Call it once, at the top level of the file given to `new Worker`.
 *
 * **Details**
 *
 * `setup` runs once, with a Scope that lives until the thread is stopped: start what runs in the background with
 * `Effect.forkScoped`, and report its failure through `start.fail`.
 *
 * **Errors**
 *
 * Throws {@link ThreadEntryMisused} on the main thread, and on a second call.
 */
export const launch = <E>(setup: (start: ThreadStart) => Effect.Effect<ThreadReady, E, Scope.Scope>): void => {
  const port = claimPort()
  const onFirst = (raw: unknown) => {
    const message = Protocol.toWorker(raw)
    if (message?.type !== "bootstrap") return
    port.off("message", onFirst)
    begin(port, message, setup)
  }
  process.on("uncaughtExceptionMonitor", (error) => port.postMessage(Protocol.uncaught(failureText(error))))
  // The listener holds the thread: a pending Atomics.waitAsync alone would let it exit.
  port.on("message", onFirst)
}

const claimPort = (): MessagePort => {
  if (isMainThread || parentPort === null) throw new ThreadEntryMisused({ problem: "main-thread" })
  const entry = thread.get(launched)
  if (entry.isCalled) throw new ThreadEntryMisused({ problem: "called-twice" })
  entry.isCalled = true
  return parentPort
}

const begin = <E>(
  port: MessagePort,
  bootstrap: Protocol.Bootstrap,
  setup: (start: ThreadStart) => Effect.Effect<ThreadReady, E, Scope.Scope>
): void => {
  const entry = new Entry(port, new Int32Array(bootstrap.heartbeat))
  Protocol.beat(entry.words)
  thread.turn.show(entry.words, Protocol.turnCell)
  if (bootstrap.maxSpins !== undefined) Poller.limitSpins(bootstrap.maxSpins)
  every(() => Protocol.beat(entry.words), bootstrap.heartbeatIntervalMillis).unref()
  port.on("message", (raw: unknown) => receive(entry, raw))
  port.on("messageerror", (error: unknown) => fail(entry, error))
  port.postMessage(Protocol.begun)
  Effect.runFork(live(entry, Effect.suspend(() => setup(startOf(entry, bootstrap)))))
}

const startOf = (entry: Entry, bootstrap: Protocol.Bootstrap): ThreadStart => ({
  name: bootstrap.name,
  index: bootstrap.index,
  epoch: bootstrap.epoch,
  data: bootstrap.data,
  post: (message, transfer) => post(entry, bootstrap.name, message, transfer),
  fail: (cause) => fail(entry, cause),
  intercept: (handler) => {
    entry.intercept = handler
  },
  beat: () => Protocol.beat(entry.words)
})

const post = (entry: Entry, thread: string, message: unknown, transfer?: ReadonlyArray<Transferable>): void => {
  try {
    entry.port.postMessage(Protocol.user(message), transfer === undefined ? [] : [...transfer])
  } catch (cause) {
    throw new ThreadMessageRefused({ thread, cause })
  }
}

const receive = (entry: Entry, raw: unknown): void => {
  const message = Protocol.toWorker(raw)
  if (message === undefined) return
  if (message.type === "stop") Deferred.doneUnsafe(entry.leaving, Effect.succeed({ failure: undefined }))
  else if (message.type === "user") deliver(entry, message.message)
}

const deliver = (entry: Entry, message: unknown, isEarly = false): void => {
  try {
    if (!isEarly && entry.intercept?.(message) === true) return
    if (entry.onMessage === undefined) entry.early.push(message)
    else entry.onMessage(message)
  } catch (error) {
    fail(entry, error)
  }
}

const ignoreMessages = (): void => {}

const fail = (entry: Entry, cause: unknown): void => depart(entry, cause, Protocol.failed)

/** Begins the end of the thread; the report goes out first, because the Scope may close within the completion. */
const depart = (entry: Entry, cause: unknown, report: (failure: Protocol.FailureText) => Protocol.ToParent): void => {
  if (Deferred.isDoneUnsafe(entry.leaving)) return
  const failure = failureText(cause)
  entry.port.postMessage(report(failure))
  Deferred.doneUnsafe(entry.leaving, Effect.succeed({ failure }))
}

/** The whole life of the thread after its bootstrap. */
const live = <E>(entry: Entry, setup: Effect.Effect<ThreadReady, E, Scope.Scope>): Effect.Effect<void> =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const start = Effect.matchCauseEffect(Scope.provide(setup, scope), {
      onFailure: (cause) => Effect.sync(() => refuse(entry, cause)),
      onSuccess: (ready) => Effect.sync(() => open(entry, ready))
    })
    // A stop that comes during the setup interrupts it.
    yield* Effect.raceFirst(start, Deferred.await(entry.leaving))
    const { failure } = yield* Deferred.await(entry.leaving)
    const closed = yield* Effect.exit(Scope.close(scope, failure === undefined ? Exit.void : Exit.die(failure.text)))
    leave(entry, failure, closed)
  })

const open = (entry: Entry, ready: ThreadReady): void => {
  try {
    entry.port.postMessage(Protocol.ready(ready.ready))
  } catch (cause) {
    return refuse(entry, Cause.die(cause))
  }
  entry.onMessage = ready.onMessage ?? ignoreMessages
  for (const message of entry.early.splice(0)) deliver(entry, message, true)
}

const refuse = (entry: Entry, cause: Cause.Cause<unknown>): void => depart(entry, cause, Protocol.setupFailed)

const leave = (entry: Entry, failure: Protocol.FailureText | undefined, closed: Exit.Exit<unknown>): void => {
  if (failure === undefined) {
    const last = Exit.isSuccess(closed) ? Protocol.stopped : Protocol.failed(failureText(closed.cause))
    entry.port.postMessage(last)
  }
  const code = failure === undefined && Exit.isSuccess(closed) ? 0 : 1
  process.exitCode = code
  // Closing delivers what was posted, and gives up the handle that held the thread.
  entry.port.close()
  after(() => process.exit(code), drainGraceMillis).unref()
}

// What user code throws may be anything, down to values that throw when they are looked at.
const failureText = (value: unknown): Protocol.FailureText => {
  const cause = isCause(value) ? value : Cause.die(value)
  const error = Cause.squash(cause)
  const tag = typeof error === "object" ? nameOf(error) : typeof error
  return { tag, text: messageOf(error), stackText: prettyOf(cause) }
}

const isCause = (value: unknown): value is Cause.Cause<unknown> => {
  try {
    return Cause.isCause(value)
  } catch {
    return false
  }
}

const prettyOf = (cause: Cause.Cause<unknown>): string | undefined => {
  try {
    return Cause.pretty(cause)
  } catch {
    return undefined
  }
}
