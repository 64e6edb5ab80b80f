/**
 * What a supervisor tells its observers. Plain data; each event names the supervisor and the child it speaks of.
 */
import type * as Exit from "effect/Exit"
import type { RestartLimitReached } from "./SupervisorError.ts"

interface About {
  readonly supervisor: string
  readonly child: string
}

/** A child is ready for the first time, or again after `restartChild`. */
export interface ChildStarted extends About {
  readonly _tag: "ChildStarted"
}

/** An incarnation ended without having been told to, or failed to start again; what it held is released. */
export interface ChildEnded extends About {
  readonly _tag: "ChildEnded"
  readonly exit: Exit.Exit<unknown, unknown>
}

/** A new incarnation of a child is ready; `restarts` counts the attempts so far. */
export interface ChildRestarted extends About {
  readonly _tag: "ChildRestarted"
  readonly restarts: number
}

/**
 * A child is down and will not come back by itself.
 *
 * **Details**
 *
 * `how` is `"ended"` when it ended by itself, `"stopped"` when it ended in time after being told to, `"forced"` when it had
 * to be closed over after its shutdown time, `"abandoned"` when even that had no effect, `"ignored"` when its start found
 * nothing to do.
 */
export interface ChildStopped extends About {
  readonly _tag: "ChildStopped"
  readonly how: "ended" | "stopped" | "forced" | "abandoned" | "ignored"
}

/** A child went down because `sibling` had ended, and comes up again with it; see `Strategy`. */
export interface ChildTakenDown extends About {
  readonly _tag: "ChildTakenDown"
  readonly sibling: string
  readonly how: "stopped" | "forced"
}

/** The end of a significant child ends the supervisor, normally; its children stop next. */
export interface AutoShutdown extends About {
  readonly _tag: "AutoShutdown"
}

/** The supervisor gives up; its children stop next. */
export interface LimitReached extends About {
  readonly _tag: "LimitReached"
  readonly error: RestartLimitReached
}

/** Any event of a supervisor. */
export type SupervisorEvent =
  | ChildStarted
  | ChildEnded
  | ChildRestarted
  | ChildStopped
  | ChildTakenDown
  | AutoShutdown
  | LimitReached
