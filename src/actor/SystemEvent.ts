/**
 * What happens in a system besides messages: starts, deaths and restarts, as a stream of plain values.
 */
import type * as Cause from "effect/Cause"
import type { ExitReason } from "./ExitReason.ts"

/** An actor has crashed: the report of who, when and why; what comes of it is told by the events that follow. */
export interface ActorCrashed {
  readonly _tag: "ActorCrashed"
  readonly actor: string
  /** The incarnation that has crashed: 1 is the first. */
  readonly incarnation: number
  /** The tag of the message that was being handled; `undefined` when it was none. */
  readonly message: string | undefined
  readonly cause: Cause.Cause<unknown>
  /** What its behaviour has decided. */
  readonly directive: "restart" | "stop" | "escalate"
  /**
   * The restarts that its rules allow now, the one that follows included: 0 means that none follows. `undefined` where there is to be none, and
   * where a supervisor decides, which tells of that itself.
   */
  readonly restartsLeft: number | undefined
}

/** An actor crashed and has a new incarnation. */
export interface ActorRestarted {
  readonly _tag: "ActorRestarted"
  readonly actor: string
  /** Restarts of this actor so far. */
  readonly restarts: number
  readonly cause: Cause.Cause<unknown>
}

/** An actor has ended for good. */
export interface ActorEnded {
  readonly _tag: "ActorEnded"
  readonly actor: string
  readonly reason: ExitReason
}

/** A handler failed and the actor was resumed; nobody had asked, so this event is the only account of it. */
export interface HandlerFailed {
  readonly _tag: "HandlerFailed"
  readonly actor: string
  readonly cause: Cause.Cause<unknown>
}

/**
 * A message was being handled at each of so many crashes in a row, and is not handled again; see `SupervisionOptions.redeliver`.
 *
 * It is a dead letter as well, with its payload as its own codec has it, and can be sent again: `ActorSystem.deadLetters`.
 */
export interface MessageSetAside {
  readonly _tag: "MessageSetAside"
  readonly actor: string
  /** The tag of its `Rpc`. */
  readonly message: string
  /** As it was delivered; from another thread plain data as it is, and everything else as its text. */
  readonly payload: unknown
  /** How often a handler was begun with it. */
  readonly attempts: number
  /** The crash, or the end of the thread, that was one too many. */
  readonly cause: Cause.Cause<unknown>
}

/** Too many restarts, or a decider's choice: all actors of a behaviour on one thread have been stopped. */
export interface BehaviourEscalated {
  readonly _tag: "BehaviourEscalated"
  readonly name: string
  readonly cause: Cause.Cause<unknown>
}

/** A worker thread is ready. */
export interface ThreadStarted {
  readonly _tag: "ThreadStarted"
  readonly thread: string
  /** Restarts of this thread so far. */
  readonly restarts: number
}

/** A worker thread stands by: started, its modules loaded, it takes over when another one ends. */
export interface ThreadStandsBy {
  readonly _tag: "ThreadStandsBy"
  readonly thread: string
}

/** A worker thread has ended, also one that stood by; `unread` messages sent to it were never read. */
export interface ThreadEnded {
  readonly _tag: "ThreadEnded"
  readonly thread: string
  /** Why, in words. */
  readonly reason: string
  /** Why, as the `ThreadDown` that it failed with. */
  readonly cause: Cause.Cause<unknown>
  readonly unread: number
}

/** A worker thread was started again, and its actors with it. */
export interface ThreadRestarted {
  readonly _tag: "ThreadRestarted"
  readonly thread: string
  readonly restarts: number
  /** The actors that were started again there. */
  readonly actors: number
  /** Whether one took over that stood by. */
  readonly isFromStandby: boolean
}

/** Any of them. */
export type SystemEvent =
  | ActorCrashed
  | ActorRestarted
  | ActorEnded
  | HandlerFailed
  | MessageSetAside
  | BehaviourEscalated
  | ThreadStarted
  | ThreadStandsBy
  | ThreadEnded
  | ThreadRestarted
