/** Checks of options, shared by the modules of this layer. */
import { textOf } from "../../runtime/Text.ts"
import { InvalidSupervision } from "../SupervisorError.ts"

/** The error to throw about one option. */
export const invalid = (where: string, option: string, value: unknown, expected: string): InvalidSupervision =>
  new InvalidSupervision({ where, option, value: typeof value === "string" ? `"${value}"` : textOf(value), expected })
