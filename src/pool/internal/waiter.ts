/**
 * A job, asked or told, that waits for room in the row of its submitter.
 */
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import type { Waiter } from "../../actor/kernel/Recipient.ts"
import type { Job } from "./job.ts"
import type { Aim } from "./target.ts"

/** A waiter, with the job that waits where it is not a tell. */
export interface JobWaiter extends Waiter {
  readonly job?: Job | undefined
  /** Where its job goes, once it waits. */
  aim?: Aim | undefined
  /** Whether something older was given up for it. */
  isOwed?: boolean | undefined
  /** The level in whose line it stands, and its key, once it does. */
  level?: number | undefined
  key?: number | undefined
}

/** What an ask that waits for room is told. */
export const waiterOf = (job: Job): JobWaiter => ({
  index: job.message.index,
  payload: job.payload,
  span: job.span,
  ask: undefined,
  job,
  done: (refusal) => {
    job.waiter = undefined
    if (refusal !== undefined) job.settle(Exit.fail(refusal))
  },
  died: (defect) => {
    job.waiter = undefined
    job.settle(Exit.die(defect))
  },
  abandoned: false
})

/** What was told waits for room, and its sender does not. */
export const tellWaiterOf = (
  index: number,
  payload: unknown,
  span: Tracer.AnySpan | undefined,
  done: Waiter["done"]
): JobWaiter => ({
  index,
  payload,
  span,
  ask: undefined,
  done,
  died: (defect) => {
    throw defect
  },
  abandoned: false
})
