/**
 * The control messages between a thread and its parent, and the heartbeat word they share.
 *
 * They travel on the worker's own port, which user code may use as well: every message carries a tag with the version
 * of this protocol, and anything else on the port is left alone. Nothing here travels by `workerData`, because the
 * user writes `new Worker(...)`.
 *
 * ```
 * parent                                worker
 *   | prepare (in reserve only) ---------> |   heard once its file is loaded
 *   | <--------------------------- loaded  |   it waits for its bootstrap, which may come at any time
 *   | bootstrap (index, epoch, data) ----> |   beat becomes 1: the entry runs
 *   | <---------------------------- begun  |   its file is loaded, the setup begins
 *   | <------------ ready | setupFailed -- |
 *   | <---- user messages, both ways ----> |
 *   | probe -----------------------------> |   it beats
 *   | stop ------------------------------> |   its Scope closes
 *   | <----------------- stopped | failed  |   then exit
 *
 * heartbeat: SharedArrayBuffer(16), written by the worker only; the first two wrap
 *   Int32 0   beat   0 = entry not reached; else incremented, when it is asked, by a timer or by hand
 *         1   turn   twice the number of the last turn of the thread's loop, and one more while it is under way
 *         2   owner  who has the thread in that turn; 0 for nobody in particular
 *         3   exit   1 once the thread has begun to exit by itself, which one that is terminated does not
 * ```
 */
import type { Spot } from "../kernel/Hardware.ts"

/** The version of the messages below; a message of another version is foreign. */
export const version = 1

const tagKey = "~shared-nothing/thread"

interface Tagged {
  readonly [tagKey]: typeof version
}

/** An error as text, for the way back to the parent. */
export interface FailureText {
  readonly tag: string
  readonly text: string
  readonly stackText: string | undefined
}

/** With what the life of a worker begins: who it is, and what it gets. */
export interface Bootstrap extends Tagged {
  readonly type: "bootstrap"
  readonly name: string
  readonly index: number
  readonly epoch: number
  readonly heartbeat: SharedArrayBuffer
  /** How often it beats by a timer; 0 for a thread that is only asked. */
  readonly heartbeatIntervalMillis: number
  readonly maxSpins: number | undefined
  /** Where on the machine it is to run. */
  readonly spot: Spot | undefined
  readonly data: unknown
}

interface User extends Tagged {
  readonly type: "user"
  readonly message: unknown
}

/** What a parent sends to its worker. */
export type ToWorker = (Tagged & { readonly type: "prepare" | "probe" | "stop" }) | Bootstrap | User

/** What a worker sends to its parent. */
export type ToParent =
  | (Tagged & { readonly type: "loaded" })
  | (Tagged & { readonly type: "begun" })
  | (Tagged & { readonly type: "ready"; readonly data: unknown })
  | (Tagged & { readonly type: "setupFailed"; readonly failure: FailureText })
  | (Tagged & { readonly type: "failed"; readonly failure: FailureText })
  | (Tagged & { readonly type: "uncaught"; readonly failure: FailureText })
  | (Tagged & { readonly type: "stopped" })
  | User

/** Asks a worker to say when its file is loaded: it is kept in reserve. */
export const prepare: ToWorker = { [tagKey]: version, type: "prepare" }

/** Says that the file is loaded, of a worker in reserve. */
export const loaded: ToParent = { [tagKey]: version, type: "loaded" }

/** Tells a worker who it is, and what it gets. */
export const bootstrap = (fields: Omit<Bootstrap, typeof tagKey | "type">): ToWorker => ({
  [tagKey]: version,
  type: "bootstrap",
  ...fields
})

/** Asks for a beat. */
export const probe: ToWorker = { [tagKey]: version, type: "probe" }

/** Asks a worker to close its scope and end. */
export const stop: ToWorker = { [tagKey]: version, type: "stop" }

/** A message of the layer above, in either direction. */
export const user = (message: unknown): ToWorker & ToParent => ({ [tagKey]: version, type: "user", message })

/** Says that the file is loaded and the setup begins. */
export const begun: ToParent = { [tagKey]: version, type: "begun" }

/** Says that the setup is done. */
export const ready = (data: unknown): ToParent => ({ [tagKey]: version, type: "ready", data })

/** Says that the setup failed; the worker ends. */
export const setupFailed = (failure: FailureText): ToParent => ({ [tagKey]: version, type: "setupFailed", failure })

/** Says that something failed that ends the thread. */
export const failed = (failure: FailureText): ToParent => ({ [tagKey]: version, type: "failed", failure })

/**
 * Describes an uncaught error just before Node handles it. Node's own clone of an error that is not a plain `Error`
 * (every tagged error) keeps neither tag nor message.
 */
export const uncaught = (failure: FailureText): ToParent => ({ [tagKey]: version, type: "uncaught", failure })

/** Says that every finalizer has run after a stop. */
export const stopped: ToParent = { [tagKey]: version, type: "stopped" }

const isTagged = (message: unknown): boolean =>
  typeof message === "object" && message !== null && Object.hasOwn(message, tagKey) &&
  (message as Tagged)[tagKey] === version

/** Reads a message on the worker's side; `undefined` for one that is not ours. */
export const toWorker = (message: unknown): ToWorker | undefined => isTagged(message) ? message as ToWorker : undefined

/** Reads a message on the parent's side; `undefined` for one that is not ours. */
export const toParent = (message: unknown): ToParent | undefined => isTagged(message) ? message as ToParent : undefined

/** Bytes of the shared heartbeat buffer. */
export const heartbeatBytes = 4 * Int32Array.BYTES_PER_ELEMENT

const beatCell = 0

/** The word to which the thread's loop writes its turns, and that to which it writes whose they are; see `Turn.show`. */
export const turnCell = 1
const ownerCell = 2
const exitCell = 3

/** Adds one beat; only the worker calls this. */
export const beat = (words: Int32Array): void => {
  Atomics.add(words, beatCell, 1)
}

/** The current beat; 0 until the worker's entry has run. */
export const currentBeat = (words: Int32Array): number => Atomics.load(words, beatCell)

/** The turn of the thread's loop that is under way, or was last: 0 when there is no such loop. */
export const currentTurn = (words: Int32Array): number => Atomics.load(words, turnCell)

/** Who has the thread, or had it when it ended: 0 when that is nobody in particular. */
export const currentOwner = (words: Int32Array): number => Atomics.load(words, ownerCell)

/** Says that the thread exits by itself. */
export const exits = (words: Int32Array): void => {
  Atomics.store(words, exitCell, 1)
}

/** Whether the thread has exited by itself: one that somebody else has terminated has not. */
export const hasExited = (words: Int32Array): boolean => Atomics.load(words, exitCell) === 1

/** Whether a turn is under way. */
export const isTurn = (turn: number): boolean => (turn & 1) === 1
