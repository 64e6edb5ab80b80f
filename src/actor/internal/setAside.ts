/**
 * A message that has ended one incarnation after the other: it is handled no more, and whoever has to know is told what it was.
 */
import type * as Cause from "effect/Cause"
import { asSent } from "../kernel/Adapted.ts"
import type { Cell } from "../kernel/Cell.ts"
import type { GivenUp } from "../kernel/Mailbox.ts"
import { INDEX_MASK, wordOf } from "../kernel/Word.ts"
import type { LifecycleHost } from "./roster.ts"

/** Lists the event of a message that is not handled again. */
export const setAside = (
  host: LifecycleHost,
  cell: Cell,
  { attempts, payload, word }: GivenUp,
  cause: Cause.Cause<unknown>
): void => {
  const message = cell.protocol.tags[wordOf(word) & INDEX_MASK]!
  host.lost(cell, word, payload, { _tag: "SetAside", cause }, attempts)
  host.after.add(() =>
    host.report(
      { _tag: "MessageSetAside", actor: cell.name, message, payload: asSent(payload), attempts, cause },
      cell.behaviour
    )
  )
}
