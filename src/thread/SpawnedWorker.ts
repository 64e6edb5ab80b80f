/**
 * The part of `node:worker_threads` that a {@link Thread} uses.
 *
 * A `Worker` of Node fits this shape as it is. Tests pass an in-process stand-in of the same shape, so that start,
 * stop, heartbeat and every way to die can be driven by `TestClock` without a thread.
 */
import type { Transferable } from "node:worker_threads"

/**
 * One running worker, as far as this library looks at it.
 *
 * **Details**
 *
 * `exit` is the only proof that the thread is gone. It comes after every message that the worker had posted, and
 * after `error` where there is one.
 */
export interface SpawnedWorker {
  /** The id Node gave the thread; read once after the spawn, because Node resets it to -1 at the exit. */
  readonly threadId: number
  /** Listens to `message`, `messageerror`, `error` (each with one value) and `exit` (with the exit code). */
  // As Node declares it; `unknown` would refuse its own `Worker`.
  on(event: "message" | "messageerror" | "error", listener: (value: any) => void): unknown
  on(event: "exit", listener: (code: number) => void): unknown
  /**
   * How long its event loop has had nothing to do, in milliseconds, as that is seen from here without waking it. One without this shows
   * that it is alive by beats from a timer.
   */
  readonly performance?: { eventLoopUtilization(): { readonly idle: number } } | undefined
  /** Posts a structured clone of `message`; throws when it cannot be cloned. */
  postMessage(message: unknown, transfer?: ReadonlyArray<Transferable>): void
  /** Ends the thread without running its `finally` blocks, finalizers or exit handlers. */
  terminate(): Promise<number>
}

/** A place for a thread, and which of its incarnations is started there. That of one in reserve becomes another once it takes over. */
export interface Place {
  /** What the thread is called in errors and in the tree; as `name` of the `Worker` it is also what the system shows of it, cut to 15 characters. */
  readonly name: string
  readonly index: number
  readonly epoch: number
}

/** Makes the worker of a place: `({ name }) => new Worker(new URL("./worker.ts", import.meta.url), { name })`. */
export type SpawnWorker = (place: Place) => SpawnedWorker
