/**
 * The checks of what stays on its thread: the same as a codec makes when it writes a payload, or a reply, to another thread.
 */
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { messageOf } from "../../runtime/Text.ts"
import type { Codec } from "../../wire/Codec.ts"
import { BROKEN, type Freight } from "./Freight.ts"
import type { Message } from "./Protocol.ts"

export { BROKEN } from "./Freight.ts"

/** The payload as its schema has it: a class payload may be given as its plain fields, and is constructed once the fast check says no. */
export const checked = (message: Message, payload: unknown): unknown => {
  if (message.payload.isValid(payload)) return payload
  if (!message.isConstructed || !Schema.isSchema(message.payloadSchema)) return BROKEN
  const made = message.payloadSchema.makeOption(payload)
  return Option.isSome(made) && message.payload.isValid(made.value) ? made.value : BROKEN
}

/** The payload to deliver to an actor of this thread; what moves with it is its sender's until it is shipped. */
export const deliverable = (message: Message, payload: unknown, freight: Freight): unknown => {
  const valid = checked(message, payload)
  if (message.isPlain) return valid
  freight.issue = undefined
  if (valid === BROKEN) return valid
  if (message.carries) return freight.pack(message.payload, valid)
  freight.freeze(message.payload, valid)
  return valid
}

interface Named {
  readonly name: string
  readonly host: { readonly freight: Freight }
}

/** Whether something may move with a reply. */
export const movesBack = ({ error, success }: Message): boolean => success.carries || error.carries

/** What has come with a reply that was delivered, and with which nobody goes on, is released. */
export const dropReply = ({ host: { freight } }: Pick<Named, "host">, exit: Exit.Exit<unknown, unknown>): void => {
  if (exit._tag === "Success") return freight.drop(exit.value)
  for (const reason of exit.cause.reasons) if (reason._tag === "Fail") freight.drop(reason.error)
}

/** What is sent with a reply that nobody waits for is released. */
export const discardReply = (
  message: Message,
  { host: { freight } }: Named,
  exit: Exit.Exit<unknown, unknown>
): void => {
  if (exit._tag === "Success") {
    if (message.success.carries) freight.discard(message.success, exit.value)
  } else if (message.error.carries) {
    for (const reason of exit.cause.reasons) if (reason._tag === "Fail") freight.discard(message.error, reason.error)
  }
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
    if (codec.isValid(value)) {
      const { freight } = actor.host
      if (codec.shares) freight.freeze(codec, value)
      if (!codec.carries) return exit
      const moved = freight.pack(codec, value)
      if (moved !== BROKEN && freight.ship(moved)) {
        return exit._tag === "Success"
          ? Exit.succeed(moved)
          : Exit.fail(moved)
      }
      if (freight.issue !== undefined) return unsent(message, actor, codec, value, freight.issue)
    }
    wrong = `breaks its schema: ${codec.explain(value)}`
  } catch (thrown) {
    wrong = `cannot be encoded: ${messageOf(thrown)}`
  }
  return unsent(message, actor, codec, value, wrong)
}

// Nobody has what would have moved with it, as on another thread.
const unsent = (message: Message, actor: Named, codec: Codec<unknown>, value: unknown, wrong: string) => {
  const { freight } = actor.host
  if (codec.carries) freight.discard(codec, value)
  return Exit.die(new Error(`${actor.name}: the reply to ${message.tag} ${wrong}`))
}
