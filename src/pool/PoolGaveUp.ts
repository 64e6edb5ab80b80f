/**
 * What a program ends with whose pool gives up: its workers have used up their restarts, or one of them cannot be ended, and nobody
 * has asked for `Pool.escalation`.
 */
import * as Cause from "effect/Cause"
import { causeText, type ExitReason } from "../actor/ExitReason.ts"

/**
 * The pool has given up. Where nobody has asked for `Pool.escalation` it is a defect, which ends the program.
 *
 * **Errors** `cause` is the end of a worker that was one too many: look at that first. A job with `Pool.Attempts` ends one worker after the other,
 * so `intensity` has to allow for as many restarts as such jobs may cost. A program that goes on without its pool races itself against
 * `Pool.escalation`, or provides `Pool.EndsProgram` with `false`.
 */
export class PoolGaveUp extends Error {
  readonly _tag = "PoolGaveUp"
  /** The name of its protocol, and its own behind that: `"Hashing/pool"`. */
  readonly pool: string
  /** What its jobs are told, by `ActorStopped`. */
  readonly reason: ExitReason
  constructor(pool: string, reason: ExitReason, cause: Cause.Cause<unknown>) {
    super(`${pool} has given up: ${causeText(cause)}`, { cause: Cause.squash(cause) })
    this.name = "PoolGaveUp"
    this.pool = pool
    this.reason = reason
  }
}
