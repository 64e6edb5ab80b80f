/** Checks of options, shared by the modules of this layer. */
import * as Duration from "effect/Duration"
import { textOf } from "../../runtime/Text.ts"
import { InvalidSupervision } from "../SupervisorError.ts"

/** Milliseconds of a duration, NaN when it is none: every range check on it then fails. */
export const durationMillis = (input: Duration.Input): number => {
  try {
    return Duration.toMillis(Duration.fromInputUnsafe(input))
  } catch {
    return NaN
  }
}

/** The error to throw about one option. */
export const invalid = (where: string, option: string, value: unknown, expected: string): InvalidSupervision =>
  new InvalidSupervision({ where, option, value: typeof value === "string" ? `"${value}"` : textOf(value), expected })
