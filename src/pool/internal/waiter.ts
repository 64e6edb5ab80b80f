/**
 * What was told and waits for room, in the line of those that somebody waits for.
 */
import type * as Tracer from "effect/Tracer"
import type { Waiter } from "../../actor/kernel/Recipient.ts"
import type { JobWaiter } from "./job.ts"

/** Its sender does not wait. */
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
