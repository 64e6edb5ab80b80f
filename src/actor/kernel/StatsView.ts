/**
 * What was counted, as it is shown: see `ActorStats`.
 */
import { Times } from "../../runtime/Times.ts"
import type { ActorStats, Stats, TypeStats } from "../ActorStats.ts"
import { bucketsOf, type Counted, type CountedReport, type CountedType, Sums } from "./Counted.ts"

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
