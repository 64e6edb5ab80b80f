/** Durations that options are given as numbers to compare. */
import * as Duration from "effect/Duration"

/** Milliseconds of a duration, NaN when it is none: every range check on it then fails. */
export const durationMillis = (input: Duration.Input): number => {
  try {
    return Duration.toMillis(Duration.fromInputUnsafe(input))
  } catch {
    return NaN
  }
}
