/**
 * What was counted, as it is shown: see `ActorStats`.
 */
import { Times } from "../../runtime/Times.ts"
import { bucketsOf, type Counted, type CountedReport, type CountedType, Sums } from "./Counted.ts"

/** What is counted, of one actor or of several together. */
export interface Stats {
  /** Messages that a handler has come to its end with, whatever that was; one that was handed out again counts each time. What is put off was not handled yet. */
  readonly processed: number
  /** How many of these handlers have failed, with a declared error or a defect. One that was interrupted has not. */
  readonly failed: number
  /** Messages that wait, are put off or are being handled. Across threads, what is on its way does not count yet. */
  readonly pending: number
  /** Tells that were accepted and will not be handled: the mailbox was full, or the actor has ended. */
  readonly dropped: number
  /** Senders that wait for room in the mailbox; of other threads each knows its own. */
  readonly waitingSenders: number
  /** How often the actor was started again. */
  readonly restarts: number
  /** How long the message has waited that has waited longest, in milliseconds; `undefined` when none waits, or times are not measured. */
  readonly oldestMillis: number | undefined
  /**
   * How long messages have waited until a handler began with them, each time that one did: `waitTime.quantile(0.99)` is in milliseconds. `undefined` where times are not measured, or no
   * message has come. What other threads have put into a mailbox that survives its thread is not counted here, since nobody knows when that was.
   */
  readonly waitTime: Times | undefined
  /** How long handlers have taken to their ends. */
  readonly handlingTime: Times | undefined
}

/** What an actor has done, and has still to do. */
export interface ActorStats extends Stats {
  /** The key it was spawned under. */
  readonly key: string
}

/** What the actors of one definition have done together, those that have ended included, and have still to do. */
export interface TypeStats extends Stats {
  /** The name of the definition. */
  readonly name: string
  /** How many there are. */
  readonly actors: number
  /** The threads that have not answered within a second: what is there is missing. */
  readonly missing: ReadonlyArray<string>
}

const timesOf = (pairs: Counted["waits"]): Times | undefined => {
  const buckets = bucketsOf(pairs)
  return buckets === undefined ? undefined : new Times(buckets)
}

/** What was counted, as it is shown. */
const statsOf = (counted: Counted): Stats => {
  const { dropped, failed, handlings, oldestMillis, pending, processed, restarts, waitingSenders, waits } = counted
  return {
    processed,
    failed,
    pending,
    dropped,
    waitingSenders,
    restarts,
    oldestMillis: oldestMillis < 0 ? undefined : oldestMillis,
    waitTime: timesOf(waits),
    handlingTime: timesOf(handlings)
  }
}

/** What was counted of one actor. */
export const actorStats = (key: string, counted: Counted): ActorStats => ({ key, ...statsOf(counted) })

/** What was counted of the actors of a definition. */
export const typeStats = ({ name, sums }: CountedType, missing: ReadonlyArray<string>): TypeStats => ({
  name,
  actors: sums.actors,
  ...statsOf(sums),
  missing
})

const nothing = new Sums().plain()

/** What was counted of a definition of which there may be nothing. */
export const reportOf = (name: string, { missing, types }: CountedReport): TypeStats =>
  typeStats(types.find((type) => type.name === name) ?? { name, sums: nothing, each: [] }, missing)
