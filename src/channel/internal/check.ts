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

/**
 * The compiled check where all of the schema has a layout, so that the same values pass as between threads; else the
 * schema's own, because a channel within a thread carries what has no binary form.
 */
export const checkOf = (schema: Schema.Top): Check => {
  try {
    const codec = Codec.compile(schema)
    if (!codec.layout.includes("opaque<")) return { isValid: codec.isValid, explain: codec.explain }
  } catch {
    // No binary form at all.
  }
  const type = Schema.toType(schema as Schema.Codec<unknown, unknown>)
  const decode = SchemaParser.decodeUnknownExit(type, { errors: "all" })
  const is = Schema.is(type)
  return {
    isValid: (value) => {
      try {
        return is(value)
      } catch {
        return false
      }
    },
    explain: (value) => {
      const exit = attempt(() => decode(value))
      if (Exit.isSuccess(exit)) return "the value is valid"
      const reason = exit.cause.reasons[0]
      return reason?._tag === "Fail" ? new Schema.SchemaError(reason.error).message : Cause.pretty(exit.cause)
    }
  }
}

/** A filter of the user may throw. */
const attempt = <A, E>(run: () => Exit.Exit<A, E>): Exit.Exit<A, E> => {
  try {
    return run()
  } catch (defect) {
    return Exit.die(defect)
  }
}
