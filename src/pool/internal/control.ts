/**
 * What a worker of a pool is given, and what it says.
 */
import type { Overflow } from "../../runtime/Overflow.ts"
import type { Launched } from "../../thread/kernel/Launcher.ts"
import type { Given } from "../../wire/kernel/ArenaOwners.ts"
import type { PoolMemory } from "./memory.ts"
import type { Limits, Worn } from "./wear.ts"

/** Everything by which it is a worker of this pool. */
export interface Post extends Launched {
  readonly memory: PoolMemory
  /** The arenas of the worker, for what moves with messages. */
  readonly arenas: ReadonlyArray<Given>
  /** The protocol of the pool, which the worker must have a behaviour for. */
  readonly protocol: string
  readonly layoutHash: number
  /** The same in words: `Layouts.textOf`. */
  readonly layouts: string
  /** What the pool is called, behind the name of its protocol. */
  readonly key: string
  readonly place: number
  readonly incarnation: number
  readonly capacity: number
  readonly concurrency: number
  /** How long a handler may go on that nobody waits for any more. */
  readonly graceMillis: number
  /** How long the run of a job may take whose sender does not say; 0 for any time. */
  readonly runMillis: number
  /** How long a worker without work sleeps with its thread. */
  readonly restMillis: number
  /** After what the worker is worn; nothing where it never is. */
  readonly recycle: Limits | undefined
  /** Whether another worker stands in for it while it blocks. */
  readonly isCompensated: boolean
  /** The time of who has made the pool, in monotonic milliseconds. */
  readonly nowMillis: number
}

/** What a worker is told: to take no jobs any more, and which request that is; or to go on, for 0. */
export interface Retire {
  readonly retire: number
  /** Whether nobody comes after it: then it comes to the end of what is for it alone, too. */
  readonly isLast: boolean
}

/** What one tells that takes none and has none any more, as it was last told. */
export interface Retired {
  readonly retired: number
  readonly request: number
}

/** What one tells that is to be made anew. */
export interface Retiring {
  /** The number of its incarnation. */
  readonly worn: number
  readonly by: Worn
}

/** What one tells of its jobs: whether any of them blocks. */
export interface Blocks {
  /** The number of its incarnation. */
  readonly blocks: number
  readonly isBlocked: boolean
}

/** What a worker tells who has made the pool: an incarnation has had a job of the worker's for too long. */
export interface Overdue {
  readonly number: number
  readonly tag: string
}

/** Anything that a worker says. */
export type Said = Overdue | Retired | Retiring | Blocks

// ---- between a pool and threads that use it, over the voice of the process

/** A thread wants to use the pool of a name. */
export const JOIN = "pool/join"
/** Says it. */
export interface Join {
  readonly name: string
  readonly layoutHash: number
  /** Tells it from all others, for as long as it uses the pool. */
  readonly request: number
  /** The number of the thread. */
  readonly thread: number
}

/** What a pool says to one that joins. */
export const ANSWER = "pool/answer"
/** Says it. */
export interface Answer {
  readonly request: number
  readonly pool: number
  readonly result:
    | ({ readonly _tag: "Joined" } & Membership)
    | { readonly _tag: "Crowded"; readonly clients: number }
    | { readonly _tag: "Mismatch"; readonly layoutHash: number; readonly layouts: string }
    | { readonly _tag: "Ambiguous" }
}

/** Everything by which a thread is a client of this pool. */
export interface Membership {
  readonly memory: PoolMemory
  readonly row: number
  readonly owner: number
  readonly capacity: number
  /** Jobs that run at once. */
  readonly parallelism: number
  readonly overflow: Overflow
  readonly graceMillis: number
  readonly runMillis: number
  readonly mayNap: boolean
  /** The number of the thread that has the pool. */
  readonly thread: number
  /** The time there, in monotonic milliseconds. */
  readonly nowMillis: number
}

/** A client is none any more; of one pool, or of all that it may have asked. */
export const LEAVE = "pool/leave"
/** Says it. */
export interface Leave {
  readonly request: number
  readonly pool: number | undefined
}

/** A pool is there: those that look for it ask, and those of the same name say that they are there too. */
export const OPENED = "pool/opened"
/** Says it. */
export interface Opened {
  readonly name: string
  readonly pool: number
  readonly thread: number
  readonly isAnswer: boolean
}

/** A pool is there no more. */
export const GONE = "pool/gone"
/** Says it. */
export interface Gone {
  readonly pool: number
  /** An `ExitReason`. */
  readonly reason: Uint8Array
}

/** A worker has had a job of a client's for too long. */
export const OVERDUE = "pool/overdue"
/** Says it. */
export interface ClientOverdue extends Overdue {
  readonly pool: number
}
