/**
 * Handlers with something around each of them.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { textOf } from "../../runtime/Text.ts"

/** The handlers of one incarnation, by tag. */
export type Handlers = Record<string, (payload: unknown) => Effect.Effect<unknown, unknown, unknown>>

/** What is about to be handled. */
export interface Handling {
  /** The actor that is to handle it: `Account/ada`. */
  readonly actor: string
  /** The tag of the message. */
  readonly tag: string
  readonly payload: unknown
}

/** What is done around a handler: answers with an effect in place of `next`, which handles the message. */
export type Around = <A, E, R>(message: Handling, next: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Those around the handlers of the behaviours that a layer makes known, the outermost first. */
export const Interceptors: Context.Reference<ReadonlyArray<Around>> = Context.Reference<ReadonlyArray<Around>>(
  "shared-nothing/actor/Interceptors",
  { defaultValue: () => [] }
)

const noEffect = ({ actor, tag }: Handling, answer: unknown): string =>
  `the interceptor around ${tag} of ${actor} answered ${textOf(answer)}, which is no effect`

/** The handlers of an actor, each with what is around it. */
export const intercepting = (
  handlers: Handlers,
  tags: ReadonlyArray<string>,
  around: ReadonlyArray<Around>,
  actor: string
): Handlers => {
  const intercepted: Handlers = {}
  for (const tag of tags) {
    intercepted[tag] = (payload) => {
      const message = { actor, tag, payload }
      const handled = Effect.suspend(() => {
        const answer: unknown = handlers[tag]!(payload)
        return Stream.isStream(answer) ? Effect.succeed(answer) : answer as ReturnType<Handlers[string]>
      })
      return around.reduceRight<ReturnType<Handlers[string]>>(
        (next, one) =>
          Effect.suspend(() => {
            const answer: unknown = one(message, next)
            return Effect.isEffect(answer)
              ? answer
              : Effect.die(new TypeError(noEffect(message, answer)))
          }),
        handled
      )
    }
  }
  return intercepted
}
