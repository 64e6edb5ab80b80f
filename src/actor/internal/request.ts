/**
 * A command to an actor, as an effect that waits for its answer.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { ActorStopped, AskTimeout, type ControlError, ThreadLost } from "../ActorError.ts"
import { timeoutMillis } from "../AskTimeout.ts"
import { type Answer, type Command, type Kind, names } from "../kernel/Command.ts"
import { actorName } from "../kernel/Protocol.ts"
import type { Recipient } from "../kernel/Recipient.ts"

/** Gives a command, and reads its answer: `undefined` for one that does not answer it. */
export const request = <A>(
  recipient: Recipient,
  kind: Kind,
  options: { readonly timeout?: Duration.Input | undefined } | undefined,
  read: (answer: Answer) => A | undefined
): Effect.Effect<A, ControlError> =>
  Effect.withFiber((fiber) => {
    const command: Command = { kind, withinMillis: undefined }
    const limit = timeoutMillis(fiber, options?.timeout)
    const tag = names[kind]!
    const actor = actorName(recipient.protocol, recipient.key)
    const undelivered = { tag, payload: undefined }
    let exit: Exit.Exit<A, ControlError> | undefined
    let resume: ((exit: Exit.Exit<A, ControlError>) => void) | undefined
    const answered = (answer: Exit.Exit<A, ControlError>) => {
      if (resume === undefined) exit = answer
      else resume(answer)
    }
    const forget = recipient.command(command, (answer) => {
      const value = read(answer)
      if (value !== undefined) answered(Exit.succeed(value))
      else if (answer._tag === "Ended") {
        answered(Exit.fail(new ActorStopped({ actor, reason: answer.reason, begun: false, undelivered })))
      } else if (answer._tag === "Lost") {
        const { reason, thread } = answer
        answered(Exit.fail(new ThreadLost({ actor, thread, reason, undelivered })))
      }
    })
    // An actor on this thread has answered by now: no timer for that.
    if (exit !== undefined) return exit
    const arrived = fiber.addObserver(forget)
    const waiting = Effect.callback<A, ControlError>((done) => {
      arrived()
      if (exit !== undefined) return done(exit)
      resume = done
      return Effect.sync(forget)
    })
    return limit === Infinity ? waiting : Effect.timeoutOrElse(waiting, {
      duration: limit,
      orElse: () => Effect.fail(new AskTimeout({ actor, tag, timeoutMillis: limit }))
    })
  })
