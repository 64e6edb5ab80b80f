/**
 * Whether a value may go into a channel, in the words of its schema.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"
import * as Codec from "../../wire/Codec.ts"
import { carriageOf } from "../../wire/kernel/ThreadCarriage.ts"
import { Scratch } from "../../wire/Scratch.ts"

/** Checks the values of one schema. */
export interface Check {
  readonly isValid: (value: unknown) => boolean
  readonly explain: (value: unknown) => string
}

/**
 * The compiled check, and the schema's own for what that refuses: a channel within a thread carries what has no binary form.
 */
export const checkOf = (schema: Schema.Top, thread: ThreadContext): Check => {
  const type = Schema.toType(schema as Schema.Codec<unknown, unknown>)
  const is = Schema.is(type)
  const decode = SchemaParser.decodeUnknownExit(type, { errors: "all" })
  const isBinary = binaryCheckOf(schema, thread)
  const isOther = (value: unknown): boolean => safely(() => is(value), () => false)
  return {
    isValid: (value) => isBinary(value) || isOther(value),
    explain: (value) => {
      const exit = safely(() => decode(value), Exit.die)
      if (Exit.isSuccess(exit)) return CHANGED
      const reason = exit.cause.reasons[0]
      return reason?._tag === "Fail" ? new Schema.SchemaError(reason.error).message : Cause.pretty(exit.cause)
    }
  }
}

/** Of a value that was refused a moment ago. */
const CHANGED = "the value is valid now, and was not when it was sent: a getter in it answers differently each time"

const binaryCheckOf = (schema: Schema.Top, thread: ThreadContext): Check["isValid"] => {
  let codec: Codec.Codec<unknown>
  try {
    codec = Codec.compile(schema)
  } catch {
    return () => false
  }
  return codec.shares ? freezing(codec, thread) : codec.isValid
}

// What is immutable is frozen here as between threads.
const freezing = (codec: Codec.Codec<unknown>, thread: ThreadContext): Check["isValid"] => {
  const scratch = new Scratch(carriageOf(thread))
  return (value) => codec.isValid(value) && (!scratch.carriage.freezing.isOn || codec.encode(value, scratch) >= 0)
}

/** A filter of the user may throw. */
const safely = <A, B>(run: () => A, orElse: (defect: unknown) => B): A | B => {
  try {
    return run()
  } catch (defect) {
    return orElse(defect)
  }
}
