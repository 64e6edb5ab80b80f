/**
 * Why an actor that a message was handed on to has not answered it, as it stands in a record.
 */
import * as Schema from "effect/Schema"
import * as ActorError from "../../actor/ActorError.ts"
import * as ExitReason from "../../actor/ExitReason.ts"
import * as Codec from "../../wire/Codec.ts"

const AskError = Schema.Union([
  ActorError.MailboxFull,
  ActorError.ActorStopped,
  ActorError.InvalidPayload,
  ActorError.NotRouted,
  ActorError.MessageTooLarge,
  ActorError.ThreadLost,
  ActorError.LayoutMismatch,
  ActorError.LinkFull,
  ActorError.SendRefused,
  ActorError.ActorRestarting,
  ActorError.AskTimeout
])

/** Compiled when it is first needed. */
export const codec = (): Codec.Codec<ActorError.AskError> => Codec.compile(AskError)

/** What can be written of an error, whatever its reason is. */
export const portable = (error: ActorError.AskError): ActorError.AskError => {
  if (error._tag !== "ActorStopped") return error
  const { actor, begun, reason, undelivered } = error
  return new ActorError.ActorStopped({ actor, reason: ExitReason.portable(reason, "brief"), begun, undelivered })
}
