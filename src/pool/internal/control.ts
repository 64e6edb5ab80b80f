/**
 * What a worker of a pool is given.
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
  /** The time of who has made the pool, in monotonic milliseconds. */
  readonly nowMillis: number
}
