/**
 * Messages of this thread on their way into a mailbox that survives: written down first, as far as there is room.
 */
import type * as Tracer from "effect/Tracer"
import { KEPT, KEPT_NEVER, type Mailbox } from "../kernel/Mailbox.ts"
import { NO_ROOM, type Outcome, TOO_LARGE } from "../kernel/Recipient.ts"
import { type Full, overflow, ROOM } from "./admission.ts"

/** Has a mailbox that survives write a tell down, for which there is room otherwise. */
export const keep = (
  cell: Full,
  mailbox: Mailbox,
  index: number,
  payload: unknown,
  span: Tracer.AnySpan | undefined
): Outcome | typeof ROOM => {
  const kept = mailbox.keep(index, payload, span)
  if (kept === KEPT) return ROOM
  if (kept === KEPT_NEVER) return TOO_LARGE
  return mailbox.isOpening ? NO_ROOM : overflow(cell, mailbox, false)
}
