/**
 * References with something around their sends: objects that stand in front of the references they are made of, and share everything else with them.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { textOf } from "../../runtime/Text.ts"
import { type Any, type AskOptions, handedOn, recipientOf } from "../ActorRef.ts"
import { Handover } from "../kernel/Forwarded.ts"
import { actorName, type Message } from "../kernel/Protocol.ts"
import type { SendOptions } from "../kernel/Recipient.ts"
import type { AroundSend, Sending } from "../kernel/Sends.ts"

// The facades are untyped here as in `ActorRef`: the messages are known to its type alone.
type Send = (...args: ReadonlyArray<any>) => any
type Facade = Readonly<Record<string, Send>>

const isBare = ({ payloadSchema: { ast: { _tag } } }: Message): boolean => _tag === "Void" || _tag === "Undefined"

const wrapped = <E, F>(
  around: ReadonlyArray<AroundSend>,
  sending: Sending,
  next: Effect.Effect<unknown, E>
): Effect.Effect<unknown, E | F> =>
  around.reduceRight<Effect.Effect<any, any>>((inner, one) =>
    Effect.suspend(() => {
      const answer: unknown = one(sending, inner)
      return Effect.isEffect(answer) ? answer as typeof inner : Effect.die(new TypeError(noEffect(sending, answer)))
    }), next)

const noEffect = ({ actor, tag }: Sending, answer: unknown): string =>
  `the interceptor around ${tag} to ${actor} answered ${textOf(answer)}, which is no effect`

/** What is sent by effects, to be sent without one. */
interface Sends {
  readonly askOf: (message: Message) => Send
  readonly tellOf: (message: Message) => Send
  readonly sendingOf: (kind: Sending["kind"], message: Message, payload: unknown) => Sending
}

const isOptions = (first: unknown): boolean => typeof first === "object" && first !== null

/** The same for callbacks and hot loops. */
const unsafely = (ref: Any, { askOf, sendingOf, tellOf }: Sends): Pick<Sends, "askOf" | "tellOf"> => {
  const recipient = recipientOf(ref)
  // What makes no sense is thrown, as it is without anything around.
  const check = (options: unknown): void => {
    if (options !== undefined) recipient.aimed(options as SendOptions)
  }

  // What cannot be sent at once is not sent: nobody waits here.
  const tellUnsafeOf = (message: Message): Send => {
    const tell = tellOf(message)
    return (first, second): boolean => {
      check(isBare(message) && isOptions(first) ? first : second)
      const fiber = Effect.runFork(tell(first, second))
      const exit = fiber.pollUnsafe()
      if (exit === undefined) fiber.interruptUnsafe()
      return exit !== undefined && Exit.isSuccess(exit)
    }
  }

  const askUnsafeOf = (message: Message): Send => {
    const ask = askOf(message)
    const begin = (payload: unknown, onExit: (exit: Exit.Exit<unknown, unknown>) => void, options?: AskOptions) => {
      check(options)
      let isWithdrawn = false
      const fiber = Effect.runFork(
        Effect.flatMap(
          Effect.exit(ask(payload, options) as Effect.Effect<unknown, unknown>),
          (exit) =>
            Effect.sync(() => {
              if (!isWithdrawn) {
                onExit(exit)
              }
            })
        ).pipe(
          Effect.catchCause((cause) =>
            Effect.logError(`who asked ${sendingOf("ask", message, payload).actor} could not take the reply`, cause)
          )
        )
      )
      return () => {
        isWithdrawn = true
        fiber.interruptUnsafe()
      }
    }
    return (...args) => {
      // A message without payload may be given its callback first.
      const [payload, onExit, options] = isBare(message) && typeof args[0] === "function" ? [undefined, ...args] : args
      // The reference says what is wrong.
      if (typeof onExit !== "function") return (ref.askUnsafe as Facade)[message.tag]!(payload, onExit, options)
      return begin(payload, onExit, options)
    }
  }
  return { askOf: askUnsafeOf, tellOf: tellUnsafeOf }
}

/** Makes one. */
export const intercept = (ref: Any, around: ReadonlyArray<AroundSend>): Any => {
  const recipient = recipientOf(ref)
  const { messages } = recipient.protocol
  const sendingOf = (kind: Sending["kind"], { tag }: Message, payload: unknown): Sending => ({
    actor: actorName(recipient.protocol, recipient.key),
    kind,
    tag,
    payload
  })
  const facade = (of: (message: Message) => Send) => (): Facade =>
    Object.fromEntries(messages.map((message) => [message.tag, of(message)]))

  const tellOf = (message: Message): Send => (first, second) =>
    wrapped(
      around,
      // A message without payload may be given its options alone.
      sendingOf("tell", message, isBare(message) ? undefined : first),
      (ref.tell as Facade)[message.tag]!(first, second)
    )

  const askOf = (message: Message): Send => (first, second) => {
    const sending = sendingOf("ask", message, isBare(message) ? undefined : first)
    const next = (ref.ask as Facade)[message.tag]!(first, second)
    if (message.isStream) {
      return Stream.unwrap(wrapped(around, sending, Effect.succeed(next)) as Effect.Effect<Stream.Stream<unknown>>)
    }
    const ask = wrapped(around, sending, next)
    handedOn(ask, new Handover(sending.actor, ask, tellOf(message)(first, second), recipient))
    return ask
  }

  const askTimedOf = (message: Message): Send => (first, second) =>
    wrapped(
      around,
      sendingOf("ask", message, isBare(message) ? undefined : first),
      (ref.askTimed as Facade)[message.tag]!(first, second)
    )

  const unsafe = unsafely(ref, { askOf, tellOf, sendingOf })

  return Object.create(ref, {
    tell: lazily(facade(tellOf)),
    ask: lazily(facade(askOf)),
    askTimed: lazily(facade(askTimedOf)),
    tellUnsafe: lazily(facade(unsafe.tellOf)),
    askUnsafe: lazily(facade(unsafe.askOf))
  }) as Any
}

const lazily = (make: () => Facade): PropertyDescriptor => {
  let made: Facade | undefined
  return { get: () => made ??= make() }
}
