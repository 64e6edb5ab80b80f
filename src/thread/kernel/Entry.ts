/**
 * The life of a thread, whatever it stands on: the bootstrap message, the setup in a Scope of its own, the beats, the end.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Transferable } from "node:worker_threads"
import { messageOf, nameOf } from "../../runtime/Text.ts"
import { piece, type ThreadContext } from "../../runtime/ThreadContext.ts"
import * as Protocol from "../internal/protocol.ts"
import * as Poller from "../Poller.ts"
import { ThreadMessageRefused } from "../ThreadError.ts"
import type { Ground, Port } from "./Ground.ts"

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

/** What a thread runs: what was given to `ThreadEntry.launch`. */
export type Setup<E = unknown> = (start: ThreadStart) => Effect.Effect<ThreadReady, E, Scope.Scope>

/** What a thread does before its setup, to have done once what will have to be done quickly: `undefined` of one in reserve, whom nobody waits for. */
export type Rehearsal = (start: ThreadStart | undefined) => Effect.Effect<unknown>

const taker = piece(() => ({ take: undefined as ((setup: Setup, rehearsal: Rehearsal) => void) | undefined }))

const noRehearsal: Rehearsal = () => Effect.void

/** Who takes what is launched on this thread instead of running it: set while the file of a worker is imported to be simulated. */
export const takerOf = (context: ThreadContext) => context.get(taker)

/** Why a thread leaves: it was asked to, or something failed. */
type Leaving = { readonly failure: Protocol.FailureText | undefined }

/** The state of the one entry of this thread. */
class Entry {
  readonly ground: Ground
  readonly port: Port
  readonly words: Int32Array
  readonly leaving = Deferred.makeUnsafe<Leaving>()
  /** What the parent posted before the setup was done, in order. */
  readonly early: Array<unknown> = []
  onMessage: ((message: unknown) => void) | undefined = undefined
  intercept: ((message: unknown) => boolean) | undefined = undefined

  constructor(ground: Ground, words: Int32Array) {
    this.ground = ground
    this.port = ground.port
    this.words = words
  }
}

/** How long what is left on the event loop may hold it after the Scope is closed. */
const drainGraceMillis = 100

/** Runs what was launched on a thread that stands on `ground`. */
export const enter = <E>(ground: Ground, setup: Setup<E>, rehearsal: Rehearsal = noRehearsal): void => {
  const { port } = ground
  const standBy = Effect.sync(() => {
    port.postMessage(Protocol.loaded)
    ground.onLoaded?.()
  })
  const onFirst = (raw: unknown) => {
    const message = Protocol.toWorker(raw)
    if (message?.type === "prepare") ground.fork(Effect.andThen(rehearsal(undefined), standBy))
    if (message?.type !== "bootstrap") return
    port.off("message", onFirst)
    begin(ground, message, (start) => Effect.andThen(Effect.ignoreCause(rehearsal(start)), setup(start)))
  }
  ground.onUncaught((error) => port.postMessage(Protocol.uncaught(failureText(error))))
  // The listener holds the thread: a pending Atomics.waitAsync alone would let it exit.
  port.on("message", onFirst)
}

const begin = <E>(ground: Ground, bootstrap: Protocol.Bootstrap, setup: Setup<E>): void => {
  const { port, thread } = ground
  const entry = new Entry(ground, new Int32Array(bootstrap.heartbeat))
  Protocol.beat(entry.words)
  thread.turn.show(entry.words, Protocol.turnCell)
  ground.onExit(() => Protocol.exits(entry.words))
  if (bootstrap.maxSpins !== undefined) Poller.of(thread).limitSpins(bootstrap.maxSpins)
  const { heartbeatIntervalMillis } = bootstrap
  if (heartbeatIntervalMillis > 0) ground.every(() => Protocol.beat(entry.words), heartbeatIntervalMillis)
  port.on("message", (raw: unknown) => receive(entry, raw))
  port.on("messageerror", (error: unknown) => fail(entry, error))
  port.postMessage(Protocol.begun)
  ground.fork(live(
    entry,
    Effect.suspend(() => {
      if (bootstrap.spot !== undefined) ground.settle?.(bootstrap.spot)
      return setup(startOf(entry, bootstrap))
    })
  ))
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
  else if (message.type === "probe") Protocol.beat(entry.words)
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
  entry.ground.onReady?.()
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
  // Closing delivers what was posted, and gives up the handle that held the thread.
  entry.port.close()
  entry.ground.leave(code, drainGraceMillis)
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
