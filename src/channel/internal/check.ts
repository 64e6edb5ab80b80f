/**
 * Whether a value may go into a channel, in the words of its schema.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import * as Codec from "../../wire/Codec.ts"

/** Checks the values of one schema. */
export interface Check {
  readonly isValid: (value: unknown) => boolean
  readonly explain: (value: unknown) => string
}

/** The compiled check where the schema has a binary form, else the schema's own: a channel within a thread carries anything. */
export const checkOf = (schema: Schema.Top): Check => {
  try {
    const codec = Codec.compile(schema)
    return { isValid: codec.isValid, explain: codec.explain }
  } catch {
    const type = Schema.toType(schema as Schema.Codec<unknown, unknown>)
    const decode = SchemaParser.decodeUnknownExit(type)
    return {
      isValid: Schema.is(type),
      explain: (value) => {
        const exit = decode(value)
        if (Exit.isSuccess(exit)) return "the value is valid"
        const reason = exit.cause.reasons[0]
        return reason?._tag === "Fail" ? new Schema.SchemaError(reason.error).message : Cause.pretty(exit.cause)
      }
    }
  }
}
