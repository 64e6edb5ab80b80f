/**
 * The check of a payload that stays on its thread: the same as a codec makes when it writes one to another thread.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Message } from "./Protocol.ts"
import * as RefTransport from "./RefTransport.ts"

const isValid = (message: Message, payload: unknown): boolean => {
  if (!message.mayCarryRefs) return message.payload.isValid(payload)
  const before = RefTransport.lend(RefTransport.checking)
  try {
    return message.payload.isValid(payload)
  } finally {
    RefTransport.lend(before)
  }
}

/** What {@link checked} answers for a payload that breaks its schema. */
export const BROKEN = Symbol("a payload that breaks its schema")

/** The payload to deliver: a class payload may be given as its plain fields, and is constructed once the fast check says no. */
export const checked = (message: Message, payload: unknown): unknown => {
  if (isValid(message, payload)) return payload
  if (!Schema.isSchema(message.payloadSchema)) return BROKEN
  const made = message.payloadSchema.makeOption(payload)
  return Option.isSome(made) && isValid(message, made.value) ? made.value : BROKEN
}
