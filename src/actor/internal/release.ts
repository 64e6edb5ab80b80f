/**
 * Why what an incarnation holds is released.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as ExitReason from "../ExitReason.ts"
import type { Cell } from "../kernel/Cell.ts"
import { RESTARTING, STARTING } from "../kernel/Phase.ts"

/**
 * Why what an incarnation holds is released: it makes way for the next one, after a crash of its own (`cause`) or of a sibling (empty), or
 * its actor ends for good.
 */
export type Release =
  | { readonly _tag: "Restart"; readonly cause: Cause.Cause<unknown> }
  | { readonly _tag: "End"; readonly reason: ExitReason.ExitReason }

/** The reason, as the scope of an incarnation closes with `exit`. */
export const releaseOf = (cell: Cell, exit: Exit.Exit<unknown, unknown>): Release => {
  const cause = Exit.isFailure(exit) ? exit.cause : Cause.empty
  if (cell.phase === RESTARTING) return { _tag: "Restart", cause }
  return { _tag: "End", reason: cell.phase === STARTING ? ExitReason.neverStarted(Cause.squash(cause)) : cell.reason }
}
