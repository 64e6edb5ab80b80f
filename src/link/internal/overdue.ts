/**
 * Whether records lie unread in a ring for long: those for an actor that has nothing to do, behind those for actors that cannot keep up.
 *
 * ```text
 *   head ─ for who is slow ─ ─ ─ for who is idle ─ mark ─ ─ ─ ─ tail
 *                                                   └─ what was visible PATIENCE_MILLIS ago and is not read is overdue
 * ```
 *
 * Actors that are quick handle what comes while it is read, and nothing is ever overdue.
 */
import type { SpscReader } from "../../memory/SpscRing.ts"
import type { Turn } from "../../runtime/Turn.ts"

/** How long a record may wait for those before it to be handled: two turns. */
const PATIENCE_MILLIS = 10

/** How long what is overdue is put into the mailboxes, at a time. */
export const SORTING_MILLIS = 2

/** So many messages of one thread are put by into a mailbox that has no bound. */
export const MOST_SORTED = 16_384

/** See the module. */
export class Overdue {
  declare private readonly turn: Turn
  declare private mark: number
  declare private markedAt: number
  constructor(turn: Turn) {
    this.turn = turn
    this.mark = 0
    this.markedAt = -Infinity
  }

  /** Whether something is overdue; said once in that time. */
  isIn(reader: SpscReader): boolean {
    const { markedAt, turn: { seenMillis } } = this
    if (seenMillis - markedAt < PATIENCE_MILLIS) return false
    const isOverdue = markedAt >= 0 && reader.isBehind(this.mark)
    this.mark = reader.published()
    this.markedAt = seenMillis
    return isOverdue
  }
}
