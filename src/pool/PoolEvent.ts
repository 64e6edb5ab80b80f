/**
 * What a pool tells its observers of its workers (`Pool.events`). Plain data.
 */
import type * as Cause from "effect/Cause"

/** What a pool has seen when it decides how many workers it has. */
export interface SizeSignal {
  /** How many workers there were. */
  readonly size: number
  /** Jobs that waited for a worker at that moment, whoever had sent them. */
  readonly waiting: number
  /** How long half of the jobs had waited at most that were begun since the last look, in milliseconds; `undefined` when it is known of none. */
  readonly waitMillis: number | undefined
  /** Which part of the time since the last look the workers had a job, from 0 to 1, all together. */
  readonly utilisation: number
  /** How long the last worker has had nothing to do, in milliseconds. */
  readonly idleMillis: number
  /** How many workers block, as their jobs have said (`Pool.blocking`). */
  readonly blocked: number
}

/** The pool has another number of workers. */
export interface Resized {
  readonly _tag: "Resized"
  readonly from: number
  readonly to: number
  /** `"asked"` by `Pool.resize`, or decided: since jobs waited, since the last worker had nothing to do, since a worker blocks, or since it does no more. */
  readonly why: "asked" | "waiting" | "idle" | "blocking" | "unblocked"
  /** What it was decided by. */
  readonly signal: SizeSignal | undefined
}

/** A worker that was to come has not come up: the pool has `to` workers, and was to have more. */
export interface ResizeFailed {
  readonly _tag: "ResizeFailed"
  readonly from: number
  readonly to: number
  readonly wanted: number
  readonly why: Resized["why"]
  readonly cause: Cause.Cause<unknown>
}

/** A worker was made anew, since it was worn (`recycle`). */
export interface WorkerRecycled {
  readonly _tag: "WorkerRecycled"
  /** Its place, from 0 on. */
  readonly place: number
  /** Which limit it had reached. */
  readonly why: "heap" | "jobs" | "age"
  /** What of its heap was in use when it was found to be worn. */
  readonly heapBytes: number
  /** Jobs that it had done by then. */
  readonly jobs: number
  /** How long it had been there by then, in milliseconds. */
  readonly ageMillis: number
}

/** A thread in reserve is loaded, and takes the place of the next worker that starts (`standby`). */
export interface ThreadStandsBy {
  readonly _tag: "ThreadStandsBy"
  readonly thread: string
}

/** Any event of a pool. */
export type PoolEvent = Resized | ResizeFailed | WorkerRecycled | ThreadStandsBy
