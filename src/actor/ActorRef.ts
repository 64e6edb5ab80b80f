/**
 * A typed reference to an actor: tell it something, ask it something, put it into a message.
 *
 * It stays valid over restarts of its actor and of its actor's thread, and does not say where the actor lives.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Rpc from "effect/rpc/Rpc"
import type * as RpcSchema from "effect/rpc/RpcSchema"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import { effectClass, inStep } from "../observe/kernel/Step.ts"
import * as Trace from "../observe/Trace.ts"
import { givenOf } from "../runtime/Options.ts"
import { durationMillis } from "../supervisor/kernel/Millis.ts"
import { type AskError, type ControlError, InvalidOptions, type StreamError, type TellError } from "./ActorError.ts"
import { DefaultAskTimeout, timeoutMillis, toMillis } from "./AskTimeout.ts"
import type { ExitReason } from "./ExitReason.ts"
import { request } from "./internal/request.ts"
import { awaiting, forsaking } from "./kernel/Awaiting.ts"
import { COUNT } from "./kernel/Command.ts"
import { Handover } from "./kernel/Forwarded.ts"
import { actorName, type Message, type Protocol } from "./kernel/Protocol.ts"
import { NO_ROOM, type Recipient, type Resume, type SendOptions, TAKEN, type Waiter } from "./kernel/Recipient.ts"
import { type ActorStats, actorStats } from "./kernel/StatsView.ts"
import { StreamReader } from "./kernel/StreamReader.ts"
import { TimedAsker } from "./kernel/TimedAsker.ts"

export { DefaultAskTimeout } from "./AskTimeout.ts"

const TypeId = "~shared-nothing/ActorRef" as const

/** Options of one ask. */
export interface AskOptions {
  /** How long to wait for the reply; default {@link DefaultAskTimeout}. */
  readonly timeout?: Duration.Input | undefined
}

/** The arguments that carry the payload: none at all when there is no payload. */
export type PayloadArguments<R extends Rpc.Any> = Rpc.Payload<R> extends void ? [payload?: void]
  : [payload: Rpc.PayloadConstructor<R>]

/** The arguments of an ask: a message without payload takes its options alone, or after an `undefined` in its place. */
export type AskArguments<R extends Rpc.Any, Options = AskOptions> = Rpc.Payload<R> extends void
  ? [options?: Options] | [payload: void, options?: Options]
  : [payload: Rpc.PayloadConstructor<R>, options?: Options]

/** Options of one ask that is answered with a stream. */
export interface StreamOptions {
  /** How long to wait for the first element; default {@link DefaultAskTimeout}. */
  readonly timeout?: Duration.Input | undefined
  /** How long to wait for each element behind that; default `"Infinity"`. What the reader itself takes does not count. */
  readonly elementTimeout?: Duration.Input | undefined
  /** How many elements may be on their way, or wait here to be read; 1 to 65,536, default 256. */
  readonly bufferSize?: number | undefined
}

/** The messages that are answered with a stream. */
export type Streamed<Rpcs extends Rpc.Any> = Rpcs extends Rpc.Any ? 0 extends 1 & Rpc.SuccessSchema<Rpcs> ? never
  : [Rpc.SuccessSchema<Rpcs>] extends [never] ? never
  : Rpc.SuccessSchema<Rpcs> extends RpcSchema.Stream<infer _A, infer _E> ? Rpcs
  : never
  : never

/** The messages that are answered with a value, or not at all. */
export type Plain<Rpcs extends Rpc.Any> = Rpcs extends Rpc.Any ? [Streamed<Rpcs>] extends [never] ? Rpcs : never : never

/** One `tell` per message that is not answered with a stream. */
export type Tell<Rpcs extends Rpc.Any> = {
  readonly [R in Plain<Rpcs> as R["_tag"]]: (...payload: PayloadArguments<R>) => Effect.Effect<void, TellError>
}

/** One synchronous `tell` per message that is not answered with a stream. */
export type TellUnsafe<Rpcs extends Rpc.Any> = {
  readonly [R in Plain<Rpcs> as R["_tag"]]: (...payload: PayloadArguments<R>) => boolean
}

/** One `ask` per message. */
export type Ask<Rpcs extends Rpc.Any, Options = AskOptions, OfStreams = StreamOptions> = {
  readonly [R in Rpcs as R["_tag"]]: [Streamed<R>] extends [never]
    ? (...args: AskArguments<R, Options>) => Effect.Effect<Rpc.Success<R>, Rpc.Error<R> | AskError>
    : (...args: AskArguments<R, OfStreams>) => Stream.Stream<Rpc.SuccessChunk<R>, Rpc.ErrorExit<R> | StreamError>
}

/** A reply, and how long its handler has taken. */
export interface Timed<out A> {
  readonly reply: A
  /** From the begin of the handler to its end, in milliseconds; what it has waited for counts. */
  readonly handlingMillis: number
}

/** One `ask` per message that is not answered with a stream, whose reply says how long its handler has taken. */
export type AskTimed<Rpcs extends Rpc.Any> = {
  readonly [R in Plain<Rpcs> as R["_tag"]]: (
    ...args: AskArguments<R>
  ) => Effect.Effect<Timed<Rpc.Success<R>>, Rpc.Error<R> | AskError>
}

/** What is called with the outcome of an ask. */
export type OnExit<R extends Rpc.Any> = (exit: Exit.Exit<Rpc.Success<R>, Rpc.Error<R> | AskError>) => void

/** The arguments of an ask with a callback: a message without payload takes the callback first, or after an `undefined` in its place. */
export type AskUnsafeArguments<R extends Rpc.Any, Options = AskOptions> = Rpc.Payload<R> extends void
  ? [payload: void, onExit: OnExit<R>, options?: Options] | [onExit: OnExit<R>, options?: Options]
  : [payload: Rpc.PayloadConstructor<R>, onExit: OnExit<R>, options?: Options]

/** One `ask` with a callback per message that is not answered with a stream. */
export type AskUnsafe<Rpcs extends Rpc.Any, Options = AskOptions> = {
  readonly [R in Plain<Rpcs> as R["_tag"]]: (...args: AskUnsafeArguments<R, Options>) => () => void
}

/** An actor has ended for good. */
export interface Down<Rpcs extends Rpc.Any> {
  readonly ref: ActorRef<Rpcs>
  readonly reason: ExitReason
}

/** See the module. */
export interface ActorRef<in out Rpcs extends Rpc.Any> {
  readonly [TypeId]: (_: Rpcs) => Rpcs
  /** The name of its definition. */
  readonly name: string
  /** The key it was spawned under. */
  readonly key: string
  /** `ActorRef(Counter/a)`, which is also what `console.log` and `util.inspect` print. */
  readonly toString: () => string
  /**
   * Sends a message and goes on; completes when the message is in the mailbox or on its way there.
   *
   * **Errors** `MailboxFull` (overflow `"fail"`), `ActorStopped`, `InvalidPayload`, `MessageTooLarge`, `ThreadLost` (its
   * thread will not come back), `LinkFull`, `LayoutMismatch`: each hands the message back. With overflow `"suspend"` a full mailbox
   * makes the sender wait; interrupting it then takes the message back.
   */
  readonly tell: Tell<Rpcs>
  /**
   * Sends a message without an effect, for callbacks and hot loops; `true` when it was taken.
   *
   * **Gotchas** `false` says that it was not sent and not why: use `tell` to learn the reason or to wait for room. It
   * carries no trace.
   */
  readonly tellUnsafe: TellUnsafe<Rpcs>
  /**
   * Asks and waits for the reply.
   *
   * **Errors** What the protocol declares for the message, and: `AskTimeout`, `ActorRestarting` (never handled, safe to
   * retry), `ThreadLost` (may have been handled), and all that `tell` can fail with. A defect of the handler is a defect
   * of the ask. Interrupting the ask interrupts the handler, on whatever thread it runs.
   *
   * A message that is declared with `stream: true` is answered with a `Stream`. Nothing is asked before it is run, and each run asks anew.
   * Interrupting it, or reading no further, interrupts the stream of the handler.
   *
   * **Errors** Of a stream also: `StreamStalled`, `StreamBroken`, `InvalidElement`. Elements that came before the error are read before it. It
   * dies with `InvalidOptions` for options that make no sense.
   */
  readonly ask: Ask<Rpcs>
  /**
   * Asks, and answers how long the handler has taken beside what it has replied: `const { reply, handlingMillis } = yield* counter.askTimed.Get()`.
   *
   * **Errors** Those of `ask`. Dies with a `TypeError` for a pool, whose times are in `Pool.stats`.
   */
  readonly askTimed: AskTimed<Rpcs>
  /**
   * Asks without an effect, for callbacks and for many asks at once: `onExit` is called once with the outcome.
   *
   * **Details** Answers a function that withdraws the ask: the handler is interrupted, and `onExit` is not called.
   *
   * **Errors** It throws `InvalidOptions` where there is no callback.
   *
   * **Gotchas** `onExit` may be called before this returns, and runs on the stack of whoever settles: keep it short. It
   * carries no trace.
   */
  readonly askUnsafe: AskUnsafe<Rpcs>
  /**
   * Messages accepted and not yet handled, the one being handled included.
   *
   * **Gotchas** For an actor on another thread it is the sender's own count: it trails behind by up to half of the mailbox's
   * capacity, and the message being handled may be missing from it, as what is put off is.
   */
  readonly depth: Effect.Effect<number>
  /**
   * What the actor has done, and has still to do; its thread answers, beside all messages, whatever the actor is doing. Those of many at once: `stats` and
   * `statsOfEach` of a definition.
   *
   * **Errors** `ActorStopped`, `AskTimeout` (its thread does not answer in time: its code holds it, or there is too much to do), `ThreadLost`.
   */
  readonly stats: Effect.Effect<ActorStats, ControlError>
  /**
   * Waits until the actor has ended for good and what it held is released, and answers why; at once when it has, or was
   * never there. A restart is no end, neither of the actor nor of its thread.
   *
   * **Details** It comes behind what the actor has sent here. An actor whose thread has died is down when its thread is given
   * up, or comes back without it.
   *
   * **Gotchas** An actor waits for nobody: it has a `Watcher`.
   */
  readonly down: Effect.Effect<Down<Rpcs>>
}

/** Any reference. */
// Its messages stand in what it takes and in what it gives: no type but `any` has all of them below it.
export type Any = ActorRef<any>

/** Tells the actor behind a reference, with the message by its index. */
export const send = (
  recipient: Recipient,
  index: number,
  payload: unknown,
  fiber: Fiber.Fiber<unknown, unknown>
): Effect.Effect<void, TellError> => {
  const span = Trace.sampledSpan(fiber)
  const outcome = recipient.tell(index, payload, span)
  if (outcome === TAKEN) return Exit.void
  if (outcome !== NO_ROOM) return Exit.fail(recipient.refusal(index, payload, outcome))
  return Effect.callback<void, TellError>((resume) => {
    const done = (refusal: TellError | undefined) => resume(refusal === undefined ? Exit.void : Exit.fail(refusal))
    const died = (defect: unknown) => resume(Exit.die(defect))
    const waiter: Waiter = { index, payload, span, fiber, ask: undefined, done, died, abandoned: false }
    recipient.waitForRoom(waiter)
    return Effect.sync(() => recipient.stopWaiting(waiter))
  })
}

// The fields are declared here and not in the classes: a class field would be set twice.
interface Sending extends Effect.Effect<void, TellError> {
  recipient: Recipient
  index: number
  payload: unknown
}

interface Asking extends Effect.Effect<unknown, unknown> {
  recipient: Recipient
  index: number
  payload: unknown
  options: AskOptions | undefined
}

const aimed = (recipient: Recipient, options: SendOptions | undefined): Recipient =>
  options === undefined ? recipient : recipient.aimed(options)

// Effects of their own instead of compositions: one object and one step a message.
class TellEffect extends effectClass<Sending>("Tell", function(fiber) {
  return inStep(send(this.recipient, this.index, this.payload, fiber), fiber)
}) {
  constructor(recipient: Recipient, index: number, payload: unknown) {
    super()
    this.recipient = recipient
    this.index = index
    this.payload = payload
  }
}

class AskEffect extends effectClass<Asking>("Ask", function(fiber) {
  const { index, options, payload } = this
  const recipient = aimed(this.recipient, options)
  if (Trace.sampledSpan(fiber) === undefined) {
    return inStep(recipient.ask(index, payload, undefined, fiber, options?.timeout), fiber)
  }
  const { spanName } = recipient.protocol.messages[index]!
  const asking = Trace.ask(
    spanName,
    recipient.key,
    fiber,
    (span) => recipient.ask(index, payload, span, fiber, options?.timeout)
  )
  return inStep(asking, fiber)
}) {
  constructor(recipient: Recipient, index: number, payload: unknown, options: AskOptions | undefined) {
    super()
    this.recipient = recipient
    this.index = index
    this.payload = payload
    this.options = options
  }
}

// Few tells have options, so that they are none of its fields.
const tellWith = (recipient: Recipient, index: number, payload: unknown, options: SendOptions | undefined) =>
  options === undefined
    ? new TellEffect(recipient, index, payload)
    : Effect.suspend(() => new TellEffect(recipient.aimed(options), index, payload))

// Asks with something around them, and how they are handed on. Of no thread: an ask is an object of its own.
const intercepted = new WeakMap<object, Handover>()

/** Has an ask that something is around be handed on like any other, with that around it. */
export const handedOn = (ask: object, by: Handover): void => void intercepted.set(ask, by)

/** What a handler answers with that hands its message on by this effect; nothing if that is not the ask of a reference, as it is. */
export const handoverBy = (effect: unknown): Handover | undefined => {
  if (!(effect instanceof AskEffect)) return intercepted.get(effect as object)
  const { index, options, payload, recipient } = effect
  const to = actorName(recipient.protocol, recipient.key)
  return new Handover(to, effect, tellWith(recipient, index, payload, options), recipient)
}

// A message may have any tag, so the facades keep what is theirs under a symbol.
const Target = Symbol("recipient")

interface Facade {
  readonly [Target]: Recipient
}

interface Targeted {
  readonly recipient: Recipient
}

// What the messages are is known to the type `ActorRef` and not here: the facades are untyped, hence every `any` from here on.
type FacadeClass = new(recipient: Recipient) => any

// A class whose prototype has one method a message: the methods exist once a protocol, the instances once a reference.
const facadeClass = (
  protocol: Protocol,
  method: (index: number) => (this: Facade, payload: any, second?: any, third?: any) => unknown
): FacadeClass => {
  class Messages {
    declare readonly [Target]: Recipient
    constructor(recipient: Recipient) {
      this[Target] = recipient
    }
  }
  for (const { index, tag } of protocol.messages) {
    Object.defineProperty(Messages.prototype, tag, { value: method(index) })
  }
  return Messages
}

const timedAsk = (recipient: Recipient, index: number, payload: unknown, options: AskOptions | undefined) => {
  const { key, protocol } = recipient
  const ask = (fiber: Fiber.Fiber<unknown, unknown>, span: Tracer.AnySpan | undefined) =>
    awaiting(fiber, span, protocol.messages[index]!, (resume) => {
      if (!recipient.tellsTimes) {
        throw new TypeError(`${actorName(protocol, key)} is a pool, whose times are those of Pool.stats`)
      }
      const asker = new TimedAsker(span, resume, fiber)
      return forsaking(recipient.askUnsafe(index, payload, timeoutMillis(fiber, options?.timeout), asker))
    })
  return Effect.withFiber<unknown, unknown>((fiber) =>
    Trace.sampledSpan(fiber) === undefined
      ? ask(fiber, undefined)
      : Trace.ask(protocol.messages[index]!.spanName, key, fiber, (span) => ask(fiber, span))
  )
}

const isBare = ({ payloadSchema: { ast: { _tag } } }: Message): boolean => _tag === "Void" || _tag === "Undefined"

const isOptions = (first: unknown): first is AskOptions => typeof first === "object" && first !== null

const nothing = () => {}

const BUFFER_SIZE = 256
const MAX_BUFFER_SIZE = 65_536

// What a stream may take at once, and how long it may take; nonsense is thrown.
const readerOf = (
  { key, protocol }: Recipient,
  options: StreamOptions | undefined,
  fiber: Fiber.Fiber<unknown, unknown>
): StreamReader => {
  const { bufferSize = BUFFER_SIZE, elementTimeout = "Infinity" } = options ?? {}
  const refuse = (option: string, value: unknown, expected: string) =>
    new InvalidOptions({ where: `an ask of ${actorName(protocol, key)}`, option, value: givenOf(value), expected })
  if (!(Number.isInteger(bufferSize) && bufferSize >= 1 && bufferSize <= MAX_BUFFER_SIZE)) {
    throw refuse("bufferSize", bufferSize, `an integer of 1 to ${MAX_BUFFER_SIZE}`)
  }
  const elementMillis = durationMillis(elementTimeout)
  if (!(elementMillis > 0)) throw refuse("elementTimeout", elementTimeout, "a duration above zero")
  return new StreamReader(bufferSize, elementMillis, Trace.sampledSpan(fiber), fiber)
}

/** The stream that answers a message: each run asks anew, and takes the ask back when it ends. */
const streamOf = (recipient: Recipient, index: number, payload: unknown, options: StreamOptions | undefined) => {
  const begin = Effect.withFiber<StreamReader>((fiber) => {
    const reader = readerOf(recipient, options, fiber)
    aimed(recipient, options).askUnsafe(index, payload, timeoutMillis(fiber, options?.timeout), reader)
    return Exit.succeed(reader)
  })
  const reading = Effect.acquireRelease(begin, (reader) => Effect.sync(() => reader.close()))
  const elements = Stream.unwrap(Effect.map(reading, (reader) => Stream.fromPull(Effect.succeed(reader.pull))))
  const { spanName } = recipient.protocol.messages[index]!
  return Stream.unwrap(
    Effect.withFiber((fiber) =>
      Exit.succeed(Trace.sampledSpan(fiber) === undefined ? elements : Trace.stream(spanName, recipient.key, elements))
    )
  )
}

const askUnsafe = (
  recipient: Recipient,
  index: number,
  payload: unknown,
  onExit: Resume | undefined,
  options: AskOptions | undefined
): () => void => {
  if (typeof onExit !== "function") {
    const where = `an ask of ${actorName(recipient.protocol, recipient.key)}`
    throw new InvalidOptions({ where, option: "onExit", value: givenOf(onExit), expected: "a function" })
  }
  const timeout = options?.timeout ?? DefaultAskTimeout.defaultValue()
  const ask = aimed(recipient, options).askUnsafe(index, payload, toMillis(timeout), onExit)
  return ask === undefined ? nothing : () => ask.withdraw()
}

const streamMethod = (message: Message) =>
  function(this: Facade, first: unknown, second?: StreamOptions): Stream.Stream<unknown, unknown> {
    const isAlone = isBare(message) && isOptions(first)
    return isAlone
      ? streamOf(this[Target], message.index, undefined, first)
      : streamOf(this[Target], message.index, first, second)
  }

const facadesOf = (protocol: Protocol) => {
  const TellFacade = facadeClass(protocol, (index) =>
    isBare(protocol.messages[index]!)
      ? function(first, second) {
        return isOptions(first)
          ? tellWith(this[Target], index, undefined, first)
          : tellWith(this[Target], index, first, second)
      }
      : function(payload, options) {
        return tellWith(this[Target], index, payload, options)
      })
  const TellUnsafeFacade = facadeClass(protocol, (index) => {
    const isAlone = isBare(protocol.messages[index]!)
    return function(first, second) {
      return isAlone && isOptions(first)
        ? this[Target].aimed(first).tell(index, undefined, undefined) === TAKEN
        : aimed(this[Target], second).tell(index, first, undefined) === TAKEN
    }
  })
  const AskFacade = facadeClass(protocol, (index) => {
    const message = protocol.messages[index]!
    if (message.isStream) return streamMethod(message)
    return isBare(message)
      ? function(first, second) {
        return isOptions(first)
          ? new AskEffect(this[Target], index, undefined, first)
          : new AskEffect(this[Target], index, first, second)
      }
      : function(payload, options) {
        return new AskEffect(this[Target], index, payload, options)
      }
  })
  const AskTimedFacade = facadeClass(protocol, (index) => {
    const isAlone = isBare(protocol.messages[index]!)
    return function(first, second) {
      return isAlone && isOptions(first)
        ? timedAsk(this[Target], index, undefined, first)
        : timedAsk(this[Target], index, first, second)
    }
  })
  const AskUnsafeFacade = facadeClass(protocol, (index) => {
    const isAlone = isBare(protocol.messages[index]!)
    return function(first, second, third) {
      return isAlone && typeof first === "function"
        ? askUnsafe(this[Target], index, undefined, first, second)
        : askUnsafe(this[Target], index, first, second, third)
    }
  })
  return { AskFacade, AskTimedFacade, AskUnsafeFacade, TellFacade, TellUnsafeFacade }
}

/** The class of references that speak one protocol; made once for each definition. */
export type RefClass = new(recipient: Recipient) => Any & Targeted

/** Makes the class of references for a protocol. */
export const refClass = (protocol: Protocol): RefClass => {
  const { AskFacade, AskTimedFacade, AskUnsafeFacade, TellFacade, TellUnsafeFacade } = facadesOf(protocol)
  class Reference {
    declare readonly recipient: Recipient
    declare private tells: unknown
    declare private unsafeTells: unknown
    declare private asks: unknown
    declare private unsafeAsks: unknown
    constructor(recipient: Recipient) {
      this.recipient = recipient
      this.tells = undefined
      this.unsafeTells = undefined
      this.asks = undefined
      this.unsafeAsks = undefined
    }
    get [TypeId]() {
      return (rpcs: any) => rpcs
    }
    get name(): string {
      return protocol.name
    }
    get key(): string {
      return this.recipient.key
    }
    get tell(): any {
      return this.tells ??= new TellFacade(this.recipient)
    }
    get tellUnsafe(): any {
      return this.unsafeTells ??= new TellUnsafeFacade(this.recipient)
    }
    get ask(): any {
      return this.asks ??= new AskFacade(this.recipient)
    }
    get askTimed(): any {
      return new AskTimedFacade(this.recipient)
    }
    get askUnsafe(): any {
      return this.unsafeAsks ??= new AskUnsafeFacade(this.recipient)
    }
    get depth(): Effect.Effect<number> {
      return Effect.sync(() => this.recipient.depth())
    }
    get stats(): Effect.Effect<ActorStats, ControlError> {
      return Effect.map(
        request(this.recipient, COUNT, undefined, (answer) => answer._tag === "Counted" ? answer.counted : undefined),
        (counted) => actorStats(this.key, counted)
      )
    }
    get down(): Effect.Effect<Down<any>> {
      return Effect.callback((resume) => {
        const { recipient } = this
        const told = (reason: ExitReason) => resume(Exit.succeed({ ref: this, reason }))
        recipient.whenStopped(told)
        return Effect.sync(() => recipient.unwatch(told))
      })
    }
    toString(): string {
      return `ActorRef(${actorName(protocol, this.key)})`
    }
    [Symbol.for("nodejs.util.inspect.custom")](): string {
      return this.toString()
    }
    toJSON(): unknown {
      return { _id: "ActorRef", name: protocol.name, key: this.key }
    }
  }
  return Reference
}

/** Whether a value is a reference. */
export const isActorRef = (u: unknown): u is Any => typeof u === "object" && u !== null && TypeId in u

/** The recipient behind a reference, for those who carry messages. */
export const recipientOf = (ref: Any): Recipient => (ref as Any & Targeted).recipient
