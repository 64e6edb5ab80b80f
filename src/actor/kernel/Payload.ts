/**
 * The checks of what stays on its thread: the same as a codec makes when it writes a payload, or a reply, to another thread.
 */
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { messageOf } from "../../runtime/Text.ts"
import type { Codec } from "../../wire/Codec.ts"
import type { Message } from "./Protocol.ts"

/** What {@link checked} answers for a payload that breaks its schema. */
export const BROKEN = Symbol("a payload that breaks its schema")

/** The payload to deliver: a class payload may be given as its plain fields, and is constructed once the fast check says no. */
export const checked = (message: Message, payload: unknown): unknown => {
  if (message.payload.isValid(payload)) return payload
  if (!message.isConstructed || !Schema.isSchema(message.payloadSchema)) return BROKEN
  const made = message.payloadSchema.makeOption(payload)
  return Option.isSome(made) && message.payload.isValid(made.value) ? made.value : BROKEN
}

interface Named {
  readonly name: string
}

/** The reply to deliver: one that breaks its schema, or throws while it is looked at, is a defect of the ask. */
export const checkedReply = (message: Message, actor: Named, exit: Exit.Exit<unknown, unknown>) => {
  if (exit._tag === "Success") return judge(message, actor, message.success, exit.value, exit)
  const [reason] = exit.cause.reasons
  return exit.cause.reasons.length === 1 && reason!._tag === "Fail"
    ? judge(message, actor, message.error, reason!.error, exit)
    : exit
}

const judge = (
  message: Message,
  actor: Named,
  codec: Codec<unknown>,
  value: unknown,
  exit: Exit.Exit<unknown, unknown>
): Exit.Exit<unknown, unknown> => {
  let wrong: string
  try {
    if (codec.isValid(value)) return exit
    wrong = `breaks its schema: ${codec.explain(value)}`
  } catch (thrown) {
    wrong = `cannot be encoded: ${messageOf(thrown)}`
  }
  return Exit.die(new Error(`${actor.name}: the reply to ${message.tag} ${wrong}`))
}
