/** Checks of options, shared by the modules of this layer. */
import { givenOf, type Refuse } from "../../runtime/Options.ts"
import { InvalidSupervision } from "../SupervisorError.ts"

/** The error to throw about one option. */
export const invalid = (where: string, option: string, value: unknown, expected: string): InvalidSupervision =>
  new InvalidSupervision({ where, option, value: givenOf(value), expected })

/** What throws it, for one place. */
export const refusing = (where: string): Refuse => (option, value, expected) => {
  throw invalid(where, option, value, expected)
}
