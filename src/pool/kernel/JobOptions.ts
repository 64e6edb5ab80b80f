/** What is said of one job, as those check it who take it. */
import type * as Duration from "effect/Duration"
import { InvalidOptions } from "../../actor/ActorError.ts"
import { LEVELS } from "../../actor/kernel/Ageing.ts"
import type { SendOptions } from "../../actor/kernel/Recipient.ts"
import { givenOf } from "../../runtime/Options.ts"
import { durationMillis } from "../../supervisor/kernel/Millis.ts"

/** What a limit of a run can be. */
export const runTimeouts = "a duration of more than zero, up to 24 days, or \"Infinity\""

/** Longest limit, in milliseconds: a start is a wrapping Int32, and a look may be late. */
const MAX_MILLIS = 24 * 24 * 60 * 60 * 1000

/** A limit in whole milliseconds, rounded up; 0 for any time, a small integer like the others, and NaN for what is no limit. */
export const runMillisOf = (limit: Duration.Input): number => {
  const millis = Math.ceil(durationMillis(limit))
  if (millis === Infinity) return 0
  return millis > 0 && millis <= MAX_MILLIS ? millis : NaN
}

const wrong = (pool: string, option: string, value: unknown, expected: string): InvalidOptions =>
  new InvalidOptions({ where: `a message to ${pool}`, option, value: givenOf(value), expected })

/**
 * The level of a job and the limit of its run; -1 for what is not said.
 *
 * **Errors** Throws `InvalidOptions`.
 */
export const jobOptions = (
  pool: string,
  { priority, runTimeout }: SendOptions
): { readonly level: number; readonly runMillis: number } => {
  const level = priority === undefined ? -1 : LEVELS.indexOf(priority)
  if (priority !== undefined && level < 0) throw wrong(pool, "priority", priority, LEVELS.join(", "))
  // What is no duration is no limit.
  const runMillis = runTimeout === undefined ? -1 : runMillisOf(runTimeout as Duration.Input)
  if (Number.isNaN(runMillis)) throw wrong(pool, "runTimeout", runTimeout, runTimeouts)
  return { level, runMillis }
}
