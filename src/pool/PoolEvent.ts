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
  /** Which part of that time they had none and could not have begun one at once, since their event loops were busy with something else. */
  readonly elsewhere: number
  /** Which part of that time their event loops were not idle, all together: 0.1 with a `utilisation` of 1 says that jobs wait for something. `undefined` when it is known of none, as in a simulation. */
  readonly loopUtilisation: number | undefined
  /** Which part of the jobs that they may run at once (`concurrency`) they ran at that moment, from 0 to 1. */
  readonly occupied: number
  /** How long the last worker has had nothing to do, in milliseconds. */
  readonly idleMillis: number
  /** How many workers block, as their jobs have said (`Pool.blocking`). */
  readonly blocked: number
  /** Memory of the process that is resident, all its threads together, in bytes. */
  readonly memoryBytes: number
  /** How much of it the process may have, in bytes: what its container grants it, else what the machine has. */
  readonly memoryLimitBytes: number
}

/** The pool has another number of workers. */
export interface Resized {
  readonly _tag: "Resized"
  /** How many there were. */
  readonly from: number
  /** How many there are. */
  readonly to: number
  /** `"asked"` by `Pool.resize`, or decided: since jobs waited, since the last worker had nothing to do, since a worker blocks, or since it does no more. */
  readonly why: "asked" | "waiting" | "idle" | "blocking" | "unblocked"
  /** What it was decided by. */
  readonly signal: SizeSignal | undefined
}

/**
 * More workers were wanted, and the process has too little memory left for them (`threads.adapt.memory`): their number stays. Where jobs wait it is told once, until a later look finds memory, or that no more are
 * wanted; where one blocks, each time that another worker does.
 */
export interface GrowthHeld {
  readonly _tag: "GrowthHeld"
  /** How many there are. */
  readonly size: number
  /** How many there would be. */
  readonly wanted: number
  /** Since jobs waited, or since a worker blocks. */
  readonly why: "waiting" | "blocking"
  /** What it was decided by. */
  readonly signal: SizeSignal
}

/** A worker that was to come has not come up: the pool has `to` workers, and was to have more. */
export interface ResizeFailed {
  readonly _tag: "ResizeFailed"
  /** How many there were. */
  readonly from: number
  /** How many there are: those below the first that has not come up. */
  readonly to: number
  /** How many there should have been. */
  readonly wanted: number
  /** For what there should. */
  readonly why: Resized["why"]
  /** Why one has not come up: the `ThreadDown` of each that has not. */
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
  /** How the thread is called as long as it has no place. */
  readonly thread: string
}

/** Any event of a pool. */
export type PoolEvent = Resized | ResizeFailed | GrowthHeld | WorkerRecycled | ThreadStandsBy
