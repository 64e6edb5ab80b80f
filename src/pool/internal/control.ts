/**
 * What a worker of a pool is given, and what it says.
 */
import type { PoolMemory } from "./memory.ts"

/** Everything by which it is a worker of this pool. */
export interface Post {
  readonly memory: PoolMemory
  /** The protocol of the pool, which the worker must have a behaviour for. */
  readonly protocol: string
  readonly layoutHash: number
  /** What the pool is called, behind the name of its protocol. */
  readonly key: string
  readonly place: number
  readonly incarnation: number
  readonly capacity: number
  readonly concurrency: number
  /** How long a handler may go on that nobody waits for any more. */
  readonly graceMillis: number
  /** How long a worker without work sleeps with its thread. */
  readonly restMillis: number
  /** The time of who has made the pool, in monotonic milliseconds. */
  readonly nowMillis: number
}

/** What a worker is told: to take no jobs any more, or to go on. */
export interface Retire {
  readonly retire: boolean
}

/** What one tells that takes none and has none any more. */
export interface Retired {
  readonly retired: number
}

/** What a worker tells who has made the pool: an incarnation has had a job of the worker's for too long. */
export interface Overdue {
  readonly number: number
  readonly tag: string
}
