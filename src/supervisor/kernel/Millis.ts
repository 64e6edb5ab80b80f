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

/** Milliseconds of a shutdown: 0 for `"brutalKill"`, `Infinity` for `"infinity"`, NaN when it is none. */
export const shutdownMillis = (shutdown: Duration.Input | "brutalKill" | "infinity"): number => {
  if (shutdown === "brutalKill") return 0
  const millis = shutdown === "infinity" ? Infinity : durationMillis(shutdown)
  return millis > 0 ? millis : NaN
}

/** What a shutdown may be. */
export const shutdowns = `a duration above zero, "brutalKill" or "infinity"`
