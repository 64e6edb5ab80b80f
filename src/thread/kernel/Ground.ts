/**
 * What the entry of a thread stands on: its context, its port to the parent, and the ways in which it can end.
 *
 * A real worker gets it from `node:worker_threads` and `process`; a simulated thread is given one of its own, so that the same
 * entry runs on both.
 */
import type * as Effect from "effect/Effect"
import type { Transferable } from "node:worker_threads"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"
import type { Spot } from "./Hardware.ts"

/** The worker's end of the port to its parent. */
export interface Port {
  // As Node declares them; `unknown` would refuse its own `MessagePort`.
  on(event: "message" | "messageerror", listener: (value: any) => void): unknown
  off(event: "message", listener: (value: any) => void): unknown
  postMessage(message: unknown, transfer?: ReadonlyArray<Transferable>): void
  close(): void
}

/** See the module. */
export interface Ground {
  readonly thread: ThreadContext
  readonly port: Port
  /** Runs a fiber on this thread. */
  readonly fork: (effect: Effect.Effect<void>) => void
  /** Calls `run` every so often, and keeps nothing alive for it. */
  readonly every: (run: () => void, millis: number) => void
  /** Hears of an error that nobody catches, just before the thread ends for it. */
  readonly onUncaught: (heard: (error: unknown) => void) => void
  /** Calls back when the thread exits by itself. */
  readonly onExit: (heard: () => void) => void
  /** Puts the thread where on the machine it is to run; throws when that is not possible. */
  readonly settle?: (spot: Spot) => void
  /** It stands by, and the parent is being told. */
  readonly onLoaded?: () => void
  /** The setup is done, and the parent is being told. */
  readonly onReady?: () => void
  /** Ends the thread once what was posted has left, or at the latest after `graceMillis`. */
  readonly leave: (code: number, graceMillis: number) => void
}
