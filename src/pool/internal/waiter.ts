/**
 * A job, asked or told, that waits for room in the row of its submitter.
 */
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import type { TellError } from "../../actor/ActorError.ts"
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

/** An ask that waits for room: an object with all of its fields from the beginning, since a burst has as many of them as it is larger than the queue. */
class WaitingJob implements JobWaiter {
  declare readonly index: number
  declare payload: unknown
  declare readonly span: Tracer.AnySpan | undefined
  declare readonly ask: undefined
  declare readonly job: Job
  declare abandoned: boolean
  declare aim: Aim | undefined
  declare isOwed: boolean
  declare level: number | undefined
  declare key: number | undefined
  constructor(job: Job) {
    this.index = job.message.index
    this.payload = job.payload
    this.span = job.span
    this.ask = undefined
    this.job = job
    this.abandoned = false
    this.aim = undefined
    this.isOwed = false
    this.level = undefined
    this.key = undefined
  }

  done(refusal: TellError | undefined): void {
    const { job } = this
    job.waiter = undefined
    if (refusal !== undefined) job.settle(Exit.fail(refusal))
  }

  died(defect: unknown): void {
    const { job } = this
    job.waiter = undefined
    job.settle(Exit.die(defect))
  }
}

/** What an ask that waits for room is told. */
export const waiterOf = (job: Job): JobWaiter => new WaitingJob(job)

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
