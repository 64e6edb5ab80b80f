/**
 * What the main thread and its workers say to each other besides messages for actors: start and stop actors, hand rings
 * over, tell who is up.
 *
 * It travels on the worker's port, so that no amount of messages in the rings can hold it up. The values are cloned by
 * the port; errors travel as tag and text.
 */
import type { Overflow } from "../../actor/kernel/Mailbox.ts"
import type { Rings } from "../../link/kernel/Node.ts"
import type { TreeNode } from "../../supervisor/Tree.ts"

/** What a worker needs to take its place. */
export interface Seat {
  readonly names: ReadonlyArray<string>
  readonly doorbells: SharedArrayBuffer
  /** What the threads count; see `Tally`. */
  readonly tally: SharedArrayBuffer
  readonly ringBytes: number
  readonly maxSpins: number
  /** The number of the system, which no other has. */
  readonly system: number
  /** The incarnation of the main thread, which is always up. */
  readonly mainEpoch: number
}

/** What a worker answers when it is ready: the behaviours it has. */
export interface Ready {
  readonly behaviours: ReadonlyArray<{ readonly name: string; readonly layoutHash: number }>
}

/** An error as text. */
export interface ErrorText {
  readonly tag: string
  readonly text: string
  /** The name of the error behind a `SpawnFailed`. */
  readonly name?: string | undefined
  /** The layout hash of the other side, for `LayoutMismatch`. */
  readonly there?: number | undefined
  /** The behaviours that the thread has, for `BehaviourNotFound`. */
  readonly known?: ReadonlyArray<string> | undefined
}

/** The actor is up, and so large is its mailbox. */
export interface Spawned {
  readonly capacity: number
  readonly overflow: Overflow
}

/** What an event says once its cause is text. */
export interface EventText {
  readonly tag: "ActorRestarted" | "ActorEnded" | "HandlerFailed" | "BehaviourEscalated"
  readonly who: string
  readonly restarts: number
  readonly text: string
  /** The bytes of the `ExitReason`, for `ActorEnded`. */
  readonly reason?: Uint8Array | undefined
}

/** From the main thread to a worker. */
export type ToWorker =
  | {
    readonly _tag: "Spawn"
    readonly request: number
    readonly actor: number
    readonly name: string
    readonly layoutHash: number
    readonly key: string
  }
  | { readonly _tag: "Stop"; readonly request: number; readonly actor: number }
  | { readonly _tag: "Inspect"; readonly request: number }
  | { readonly _tag: "Rings"; readonly from: number; readonly epoch: number; readonly rings: Rings }
  | { readonly _tag: "Up"; readonly thread: number; readonly epoch: number }
  | { readonly _tag: "Down"; readonly thread: number; readonly reason: string; readonly isFinal: boolean }

/** From a worker to the main thread. */
export type ToMain =
  | { readonly _tag: "Spawned"; readonly request: number; readonly result: Spawned | ErrorText }
  | { readonly _tag: "Stopped"; readonly request: number }
  | {
    readonly _tag: "Inspected"
    readonly request: number
    readonly tree: ReadonlyArray<TreeNode>
  }
  | { readonly _tag: "Rings"; readonly to: number; readonly epoch: number; readonly rings: Rings }
  | { readonly _tag: "Ended"; readonly actor: number; readonly reason: Uint8Array }
  | { readonly _tag: "Event"; readonly event: EventText }
