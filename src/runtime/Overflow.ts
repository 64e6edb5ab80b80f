/**
 * What happens to a message that finds no room: the four policies, and what each means for who sends and forgets and for who
 * waits for an answer.
 */

/**
 * What a sender meets when there is no room.
 *
 * What Effect's queues call `"dropping"` and `"sliding"` is `"dropNewest"` and `"dropOldest"` here.
 */
export type Overflow = "suspend" | "fail" | "dropNewest" | "dropOldest"

/** All of them, the default first. */
export const policies: ReadonlyArray<Overflow> = ["suspend", "fail", "dropNewest", "dropOldest"]

/** The sender waits for room. */
export const WAIT = 0
/** The sender is refused, and has its message back. */
export const REFUSE = 1
/** The message is dropped, and counted. */
export const DROP = 2
/** The oldest message that nobody waits for is dropped to make room; when there is none, as `DROP`, or for an ask `REFUSE`. */
export const EVICT = 3

/** One of these four. */
export type Step = typeof WAIT | typeof REFUSE | typeof DROP | typeof EVICT

/** What a policy does, by kind of message. */
export interface Steps {
  readonly tell: Step
  /** Never `DROP`: an asker is not left without an answer. */
  readonly ask: Step
}

/** The table. */
export const steps: Readonly<Record<Overflow, Steps>> = {
  suspend: { tell: WAIT, ask: WAIT },
  fail: { tell: REFUSE, ask: REFUSE },
  dropNewest: { tell: DROP, ask: REFUSE },
  dropOldest: { tell: EVICT, ask: EVICT }
}
