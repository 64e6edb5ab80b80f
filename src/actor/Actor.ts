/**
 * Defines an actor: a typed protocol, and behaviours that speak it.
 *
 * A definition is a name and a list of `Rpc`s. It is imported by every side: those who send, those who implement, and
 * the worker threads. A behaviour is built once per incarnation, in a `Scope` of its own; what it closes over is the
 * private state of that incarnation, and its handlers run one at a time.
 *
 * **Example** (A counter on this thread)
 *
 * ```ts run
 * import { Actor, ActorSystem } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 *
 * const Counter = Actor.make("Counter", [
 *   Rpc.make("Increment", { payload: { by: Schema.Int } }),
 *   Rpc.make("Get", { success: Schema.Int })
 * ])
 *
 * const CounterLive = Counter.toLayer(() => {
 *   let count = 0
 *   return Counter.of({
 *     Increment: ({ by }) => Effect.sync(() => { count += by }),
 *     Get: () => Effect.succeed(count)
 *   })
 * })
 *
 * const program = Effect.gen(function*() {
 *   const counter = yield* Counter.spawn("a")
 *   yield* counter.tell.Increment({ by: 2 })
 *   return yield* counter.ask.Get()
 * })
 *
 * const Local = CounterLive.pipe(Layer.provideMerge(ActorSystem.layer))
 * const result = await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Local)))
 * result // => 2
 * ```
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Rpc from "effect/rpc/Rpc"
import type * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { givenOf } from "../runtime/Options.ts"
import { messageOf, textOf } from "../runtime/Text.ts"
import type { Running } from "../supervisor/ChildSpec.ts"
import * as Carry from "../wire/Carry.ts"
import type * as WireRef from "../wire/Ref.ts"
import { type AskError, InvalidOptions, type KeyedError, type SpawnError } from "./ActorError.ts"
import { type ActorRef, handoverBy, isActorRef, type Plain, recipientOf, type Streamed } from "./ActorRef.ts"
import type * as ActorStats from "./ActorStats.ts"
import { ActorSystem, type KeyedOptions, type SpawnOptions } from "./ActorSystem.ts"
import * as AdapterModule from "./Adapter.ts"
import type { ExitReason } from "./ExitReason.ts"
import * as GroupModule from "./Group.ts"
import { ActorChild, unlessIgnored } from "./internal/actorChild.ts"
import { byCall, ofBuild, selfOf } from "./internal/building.ts"
import { become } from "./internal/incarnation.ts"
import { scopeOf } from "./internal/incarnationScope.ts"
import * as RefsModule from "./internal/refs.ts"
import { type Release, releaseOf } from "./internal/release.ts"
import { spawn } from "./internal/spawning.ts"
import { FIXED_DELAY, type Rhythm, Timer, WHEN_QUIET } from "./internal/timer.ts"
import { Address } from "./kernel/Address.ts"
import {
  type Behaviour,
  type BehaviourOptions,
  CurrentActor,
  type Handlers as AnyHandlers,
  IGNORED,
  type Ignored,
  MeasuresTimes,
  resolveOptions
} from "./kernel/Behaviour.ts"
import type { Cell } from "./kernel/Cell.ts"
import type { Forwarded } from "./kernel/Forwarded.ts"
import { Interceptors } from "./kernel/Interceptors.ts"
import * as Keying from "./kernel/Keying.ts"
import * as Layouts from "./kernel/Layouts.ts"
import * as ProtocolModule from "./kernel/Protocol.ts"
import type { Recipient } from "./kernel/Recipient.ts"
import { References, unsent } from "./kernel/RefTransport.ts"
import { RunningCell } from "./kernel/RunningCell.ts"
import * as StatsView from "./kernel/StatsView.ts"
import * as PipeToSelfModule from "./PipeToSelf.ts"
import * as StashModule from "./Stash.ts"
import type { Stash, Stashed } from "./Stash.ts"
import * as TimersModule from "./Timers.ts"
import * as WatcherModule from "./Watcher.ts"

export type { Adapter } from "./Adapter.ts"
export type { Release } from "./internal/release.ts"
export { CurrentActor } from "./kernel/Behaviour.ts"
export type { BehaviourOptions, SupervisionOptions } from "./kernel/Behaviour.ts"
export type { Forwarded } from "./kernel/Forwarded.ts"
export type { MailboxOptions, Overflow } from "./kernel/Mailbox.ts"
export type { PipeToSelf } from "./PipeToSelf.ts"
export { type Level, Priority } from "./Priority.ts"
export type { Stash, Stashed } from "./Stash.ts"
export type { Timers } from "./Timers.ts"
export type { Watcher } from "./Watcher.ts"

/**
 * While a behaviour is built: there is nothing to do for this actor. Its `spawn` fails with `SpawnFailed`, a supervisor takes it for
 * `Child.ignore`, and a restart ends it, for the reason `Normal`.
 */
export const ignore: Effect.Effect<never, Ignored> = Effect.fail(IGNORED)

/**
 * In a handler: how often one has been begun with this message; above 1 only with `redeliver`, and in a mailbox that survives, where a handler, or
 * the thread that it ran on, has ended before it was done. What it may have done then is done again, or looked for.
 */
export const attempt: Effect.Effect<number> = Effect.map(
  RunningCell,
  // What runs there is a cell: the key is not public.
  (cell) => (cell as Cell | undefined)?.mailbox?.attempt ?? 1
)

/** The message that a handler is called with. */
export interface CurrentMessage {
  /** Its number among those that this actor has accepted, in their order; the same one each time that it is handed out again. */
  readonly id: number
  /** How long ago it was accepted, in milliseconds. */
  readonly ageMillis: number
}

/**
 * In a handler: which message it has, and how old that is. `None` where times are not measured (see `ActorStats`), and outside of a handler.
 *
 * **Gotchas** Of a message from another thread that has come out of a mailbox that survives, the age counts from when a handler began with it, and the id too.
 */
export const currentMessage: Effect.Effect<Option.Option<CurrentMessage>> = Effect.map(RunningCell, (cell) => {
  const meter = (cell as Cell | undefined)?.rare?.meter
  return meter?.stamp === undefined
    ? Option.none()
    : Option.some({ id: meter.stamp.id, ageMillis: meter.ageMillis })
})

/**
 * While a behaviour is built: has `release` run when what this incarnation holds is released, and say why. It runs at its place among the
 * finalizers of the incarnation's `Scope`.
 *
 * **Gotchas** Nothing runs on a thread that dies.
 */
export const onRelease = <X, R>(
  release: (why: Release) => Effect.Effect<X, never, R>
): Effect.Effect<void, never, CurrentActor | Scope.Scope | R> =>
  Effect.flatMap(
    CurrentActor,
    ({ recipient }) => Effect.addFinalizer((exit) => Effect.suspend(() => release(releaseOf(recipient as Cell, exit))))
  )

/**
 * While a behaviour is built: has `ActorControl.inspect` show what `state` answers. It runs on the actor's thread, between two steps of its code, also
 * while a handler waits.
 */
export const inspectable = (state: () => unknown): Effect.Effect<void, never, CurrentActor> =>
  Effect.map(CurrentActor, ({ recipient }) => {
    ;(recipient as Cell).more().inspect = state
  })

/**
 * In a handler: leaves the message to another actor, whose answer is the asker's: `Find: ({ key }) => Actor.forward(shardOf(key).ask.Find({ key }))`. The handler
 * has handled its message with that, and the actor goes on with the next one.
 *
 * **Details** The other message succeeds and fails as the one at hand; its payload may be another. It has as long as the asker waits, unless its own `timeout` is shorter, and is
 * interrupted with the asker, on whatever threads the three are. It is nobody's but theirs: the actor in between may be restarted, or end. A message that was told is told on.
 *
 * **Errors** Where the other actor does not answer the asker is told why, with the error that an ask of its own would have had: `ActorStopped` or `ThreadLost` with
 * the name of that actor, and so on; `undelivered` then has no payload. Dies with a `TypeError` for an effect that is not the ask of a reference as it is, and in a pool or a mailbox that survives.
 */
export const forward = <A, E>(
  ask: Effect.Effect<A, E>
): Effect.Effect<Forwarded<A>, Exclude<E, AskError>> => {
  const handover = handoverBy(ask)
  return handover === undefined
    ? Exit.die(new TypeError("only the ask of a reference, as it is, can be handed on"))
    // The cell that has the message sees what it is; for the compiler it is the reply that somebody else gives.
    : Exit.succeed(handover as unknown as Forwarded<A>)
}

/**
 * What a handler answers with: an effect; where the message is answered with a stream, that stream, or an effect that makes it. One that has put its
 * message off, or has handed it on, answers with that ({@link Stash}, {@link forward}).
 */
export type Answer<R extends Rpc.Any, Needs = any> = [Streamed<R>] extends [never]
  ? Effect.Effect<Replied<Rpc.Success<R>>, Rpc.Error<R>, Needs>
  :
    | Stream.Stream<Rpc.SuccessChunk<R>, Rpc.ErrorExit<R>, Needs>
    | Effect.Effect<Stream.Stream<Rpc.SuccessChunk<R>, Rpc.ErrorExit<R>, Needs> | Stashed, Rpc.ErrorExit<R>, Needs>

/** The handlers of a behaviour: one a message, given the payload and answering with an effect, or a stream, that needs `Needs`. */
export type HandlersFrom<Rpcs extends Rpc.Any, Needs = any> = {
  readonly [R in Rpcs as R["_tag"]]: (payload: Rpc.Payload<R>) => Answer<R, Needs>
}

// What answers with nothing may answer with anything.
type Replied<Success> = void extends Success ? Success : Success | Stashed | Forwarded<Success>

/** The type of handlers for the messages of a definition: `Actor.Handlers<typeof Counter>`. */
export type Handlers<A, Needs = never> = A extends Actor<infer _Name, infer Rpcs> ? HandlersFrom<Rpcs, Needs> : never

// `any` infers: arguments, answers and errors are the business of the protocol, and only what is required is asked for.
/** What the handlers of a behaviour require. */
export type HandlersServices<H> = {
  readonly [K in keyof H]: H[K] extends (...args: any) => infer A ? AnswerServices<A> : never
}[keyof H]

// What an answer requires: the effect, and the stream that it makes; or the stream.
type AnswerServices<A> = A extends Effect.Effect<infer Value, any, infer R> ? R | StreamServices<Value>
  : StreamServices<A>

type StreamServices<A> = 0 extends 1 & A ? never : A extends Stream.Stream<any, any, infer R> ? R : never

/** Says no to handlers of messages that the protocol does not have: a name that is misspelt, or left over. */
export type OnlyMessages<H, Rpcs extends Rpc.Any> = {
  readonly [K in Exclude<keyof H, Rpcs["_tag"]>]: never
}

/** Says no to handlers that need what exists only while the behaviour is built. */
export type NoBuildServices<H> = 0 extends 1 & HandlersServices<H> ? unknown
  : [Extract<HandlersServices<H>, Scope.Scope | CurrentActor>] extends [never] ? unknown
  : {
    readonly "a handler has neither Scope nor CurrentActor: take them while the behaviour is built, or use Effect.scoped":
      never
  }

type WithRef<R extends Rpc.Any> = R extends Rpc.Any ? WireRef.Among<Rpc.Services<R>> extends true ? R["_tag"] : never
  : never

/** Says no to messages that hold a `Ref` somewhere. */
export type NoRefs<Rpcs extends Rpc.Any> = [WithRef<Rpcs>] extends [never] ? unknown
  : {
    readonly [
      Tag in `the message ${WithRef<Rpcs>} holds a Ref, which lives on one thread: send a Tag of it, or what is in it`
    ]: never
  }

/** The messages of a protocol that have no payload. */
export type Bare<Rpcs extends Rpc.Any> = Plain<Rpcs> extends infer R extends Rpc.Any
  ? R extends Rpc.Any ? (Rpc.Payload<R> extends void ? R : never) : never
  : never

/** See the module. */
export interface Actor<Name extends string, Rpcs extends Rpc.Any> {
  /** The name of the definition, and of its behaviour in a system. */
  readonly name: Name
  /** The compiled messages. */
  readonly protocol: ProtocolModule.Protocol
  /** Checks that an object implements the protocol; the identity otherwise. */
  readonly of: <H extends HandlersFrom<Rpcs>>(handlers: H & OnlyMessages<H, Rpcs>) => H
  /**
   * The layer that makes a behaviour known to the system, so that its actors can be spawned.
   *
   * `behaviour` is built once per incarnation: a function of who is built, or an effect. The effect may use `Scope` and {@link CurrentActor} besides its own
   * services. The handlers have neither, which the types say: what they need of them is taken while the behaviour is built.
   *
   * **When to use** The function, unless something is to be acquired, waited for or may fail: it is shorter, and nothing is built faster. A
   * service that all actors share is asked for once, around the layer: `Layer.unwrap(Effect.map(Rates, (rates) => Till.toLayer(({ key }) => …)))`.
   *
   * **Errors** Throws `InvalidOptions` or `InvalidSupervision` for options that make no sense. What building fails with, or throws,
   * is the `SpawnFailed` of the `spawn`.
   */
  readonly toLayer: <H extends HandlersFrom<Rpcs>, E = never, R = never>(
    behaviour: (Effect.Effect<H, E, R> | ((actor: Incarnation<Rpcs>) => H)) & NoBuildServices<H>,
    options?: BehaviourOptions<Rpc.ErrorExit<Rpcs>>
  ) => Layer.Layer<never, never, ActorSystem | Exclude<R, Scope.Scope | CurrentActor> | HandlersServices<H>>
  /**
   * Starts an actor and waits until its behaviour is built. It ends with the `Scope`.
   *
   * **Errors** `BehaviourNotFound`, `NameTaken`, `SpawnFailed`, `LayoutMismatch`, `SpawnLost`. Dies with `InvalidOptions` for a placement
   * that is none.
   */
  readonly spawn: (
    key: string,
    options?: SpawnOptions
  ) => Effect.Effect<ActorRef<Rpcs>, SpawnError, ActorSystem | Scope.Scope>
  /**
   * Starts an actor whose crashes are the business of a supervisor: the start of a child. Write
   * `Child.actor(Counter, "a")`, which makes the spec of it.
   */
  readonly supervised: (
    key: string,
    options?: SpawnOptions
  ) => Effect.Effect<Running<ActorRef<Rpcs>, Rpc.ErrorExit<Rpcs> | ExitReason>, SpawnError, ActorSystem | Scope.Scope>
  /**
   * The actor of a key, on whatever thread it lives: one that was spawned and is up, or that of a key while {@link keyed} has them.
   * `None` when there is none: never spawned, still being built, or ended.
   */
  readonly lookup: (key: string) => Effect.Effect<Option.Option<ActorRef<Rpcs>>, never, ActorSystem>
  /**
   * An actor for every key, without a spawn: the first message has it made, and when it is idle it ends until the next one. All threads
   * that ask have the same actors, and there are never two of one key.
   *
   * **Details** They live on the threads that have the behaviour, each key on its own, until the last `Scope` that has asked for them
   * closes; a thread that dies takes the incarnations that it has with it, and the next message has them made anew. No actor of this
   * definition can be spawned meanwhile. What one thread has on its way to all keys of another is bounded by sixteen times the capacity of
   * one mailbox.
   *
   * **Errors** `BehaviourNotFound`: no thread has the behaviour. `NameTaken`: an actor of this definition was spawned and has not ended.
   * `LayoutMismatch`. Dies with `InvalidOptions` for options that make no sense, that are others than those it was asked for with first, and
   * for a behaviour with `mailbox.survives`.
   */
  readonly keyed: (options?: KeyedOptions) => Effect.Effect<Keyed<Rpcs>, KeyedError, ActorSystem | Scope.Scope>
  /**
   * The group of such actors that has this name, on all threads: they join it, and whoever publishes there tells them all.
   *
   * **Errors** Throws `InvalidOptions` for a name that is no text, is empty, or has more than 1,024 characters.
   */
  readonly group: (name: string) => GroupModule.Group<Rpcs>
  /** While a behaviour is built: the reference of the actor itself. */
  readonly self: Effect.Effect<ActorRef<Rpcs>, never, CurrentActor>
  /**
   * While a behaviour is built: the actor is told `tag`, a message without payload, again and again, each time so long after the last one was
   * handled. Never two of them wait.
   *
   * **Details** The first comes so long after this runs. A tick waits in the mailbox like every message, and takes no room in it. It belongs to its
   * incarnation: after a crash the next one has its own. There is none any more once the actor drains. What it fails with is the event `HandlerFailed`.
   *
   * **Errors** Dies with `InvalidOptions` for a time that is not above zero, and for a message that the protocol does not have.
   */
  readonly tick: (
    tag: Bare<Rpcs>["_tag"],
    every: Duration.Input
  ) => Effect.Effect<void, never, CurrentActor | Scope.Scope>
  /**
   * While a behaviour is built: the actor is told `tag`, a message without payload, each time that no message has come to it for so long.
   *
   * **Details** It comes not before its time, and not while a handler runs, a message waits or the actor is paused. What timers tell is a message too, and
   * so is this one: the next comes so long after it. The last one that was asked for counts. It belongs to its incarnation, and there is none
   * any more once the actor drains. An actor that is to end when it is idle has the option `idle`.
   *
   * **Errors** Those of {@link Actor.tick}.
   */
  readonly receiveTimeout: (
    tag: Bare<Rpcs>["_tag"],
    after: Duration.Input
  ) => Effect.Effect<void, never, CurrentActor | Scope.Scope>
  /** While a behaviour is built: the timers of this incarnation, by key, which tell it messages of this protocol. */
  readonly timers: Effect.Effect<TimersModule.Timers<Rpcs>, never, CurrentActor | Scope.Scope>
  /**
   * While a behaviour is built: room to put messages off, of which the last one that was asked for says how much there is.
   *
   * **Errors** Dies with `InvalidOptions` for a capacity that is none, for a behaviour with `mailbox.survives`, and in a pool, whose jobs wait there.
   */
  readonly stash: (options: StashModule.StashOptions) => Effect.Effect<Stash, never, CurrentActor | Scope.Scope>
  /** While a behaviour is built: what begins effects beside the messages of this incarnation, and tells it of their ends as messages of this protocol. */
  readonly pipeToSelf: Effect.Effect<PipeToSelfModule.PipeToSelf<Rpcs>, never, CurrentActor | Scope.Scope>
  /** While a behaviour is built: what makes references of other protocols, whose messages come to this incarnation as messages of this one. */
  readonly adapter: Effect.Effect<AdapterModule.Adapter<Rpcs>, never, CurrentActor | Scope.Scope>
  /**
   * While a behaviour is built: what has this incarnation handle the messages to come with other handlers of the same protocol, `yield* become(opened)`.
   *
   * **Details** From the next message on; after a restart they are those again that the build has answered. What runs goes on with its own.
   *
   * **Errors** Dies with a `TypeError` for handlers that are none.
   *
   * **Gotchas** What the handlers need comes from the layer, as for the first ones: a service that is provided around `become` alone is not theirs, and the compiler does not see that.
   * Sets of handlers that become each other need the type written down, `const opened: Actor.Handlers<typeof Door> = …`.
   */
  readonly become: Effect.Effect<Become<Rpcs>, never, CurrentActor>
  /** While a behaviour is built: how this incarnation hears of the ends of other actors, as messages of this protocol. */
  readonly watcher: Effect.Effect<WatcherModule.Watcher<Rpcs>, never, CurrentActor | Scope.Scope>
  /**
   * What the actors of this definition have done together, on all threads, and have still to do.
   *
   * **Details** One message to each thread, and its actors are added up there: 10,000 in about two milliseconds, and ten times that where times are measured.
   */
  readonly stats: Effect.Effect<ActorStats.TypeStats, never, ActorSystem>
  /** The same of each actor that is there, with its key, for as many messages. What those had done that have ended, and threads that do not answer, are missing. */
  readonly statsOfEach: Effect.Effect<ReadonlyArray<ActorStats.ActorStats>, never, ActorSystem>
  /** The schema of references to such actors, so that they travel in messages. */
  readonly ref: RefSchema<Rpcs>
}

/** Who is being built: what a behaviour is called with that is a function. */
export interface Incarnation<in out Rpcs extends Rpc.Any> {
  /** The name of the definition. */
  readonly name: string
  /** The key that the actor was spawned under. */
  readonly key: string
  /** 1 for the first incarnation, one more after each restart of the actor on this thread. */
  readonly incarnation: number
  /** The reference of the actor itself. */
  readonly self: ActorRef<Rpcs>
}

/** Has the actor handle the messages to come with other handlers; see `become` of a definition. */
export type Become<Rpcs extends Rpc.Any> = <Needs = never>(
  handlers: HandlersFrom<Rpcs, Needs>
) => Effect.Effect<void, never, Needs>

/** The actors of one definition, by key. */
export interface Keyed<in out Rpcs extends Rpc.Any> {
  /** The name of the definition. */
  readonly name: string
  /**
   * The reference of a key, at once; nothing is kept for it.
   *
   * **Details** It stays valid as long as the keys are held, while its actor comes and goes, and travels in messages. Its `down` waits for
   * the end of all; that of one actor is no end. Of a key on another thread, `depth` counts what is on its way from here to all keys
   * there.
   *
   * **Errors** A key that is empty, or longer than 1,024 characters, is nobody's: all that is sent to it fails with `InvalidPayload`.
   */
  readonly ref: (key: string) => ActorRef<Rpcs>
}

/** The type of references to the actors of a definition: `Actor.Ref<typeof Counter>`. */
export type Ref<A> = A extends Actor<infer _Name, infer Rpcs> ? ActorRef<Rpcs> : never

/** The schema of references to the actors of one definition. */
export interface RefSchema<Rpcs extends Rpc.Any>
  extends Schema.decodeTo<Schema.declare<ActorRef<Rpcs>>, typeof Address>
{}

type ToRef<Rpcs extends Rpc.Any> = RefsModule.ToRef<ActorRef<Rpcs>>

// Layouts are compared when an address comes in, so that two builds of a program never talk past each other.
const refSchema = <Rpcs extends Rpc.Any>(
  protocol: ProtocolModule.Protocol,
  toRef: ToRef<Rpcs>
): RefSchema<Rpcs> =>
  Carry.schema<ActorRef<Rpcs>, typeof Address>(Address, `a reference to a ${protocol.name}`, {
    is: (value): value is ActorRef<Rpcs> => isActorRef(value) && value.name === protocol.name,
    encode: (ref, way) => {
      const recipient = recipientOf(ref)
      if (way === undefined) return unsent(recipient)
      const transport = way.carriage.get(References)
      if (transport === undefined) return NO_TRANSPORT
      try {
        return transport.addressOf(recipient)
      } catch (foreign) {
        return new Carry.Unfit(messageOf(foreign))
      }
    },
    moves: false,
    isAddress: true,
    decode: (address, { carriage }) => {
      const transport = carriage.get(References)
      if (transport === undefined) return NO_TRANSPORT
      if (address.layoutHash !== protocol.layoutHash) {
        return new Carry.Unfit(`${protocol.name} has another layout on the thread that sent the reference`)
      }
      try {
        return toRef(transport.recipientAt(address, protocol), transport.sends)
      } catch (foreign) {
        return new Carry.Unfit(messageOf(foreign))
      }
    }
  })

const NO_TRANSPORT = new Carry.Unfit(
  "a reference to an actor can only be encoded inside of a message to another thread"
)

// A stream is not handed on to the next thread as an ask that waits is: part of it may have been read.
const checkStreams = (
  { messages, name }: ProtocolModule.Protocol,
  { laneBytes }: Pick<Behaviour, "laneBytes">
): void => {
  const streamed = messages.find(({ isStream }) => isStream)
  if (streamed === undefined || laneBytes === 0) return
  const expected = `false, since a stream does not outlive its thread, for the message ${streamed.tag}`
  throw new InvalidOptions({ where: name, option: "mailbox.survives", value: "true", expected })
}

// What lies in a lane is taken in its order.
const checkLevels = ({ levels, name }: ProtocolModule.Protocol, { laneBytes }: Pick<Behaviour, "laneBytes">): void => {
  if (levels === undefined || laneBytes === 0) return
  const expected = "false, since its messages have priorities"
  throw new InvalidOptions({ where: name, option: "mailbox.survives", value: "true", expected })
}

// What moves with a message is there once: not for a second handler, and not on another thread than its own.
const checkMoving = (
  { messages, name }: ProtocolModule.Protocol,
  { attempts, laneBytes }: Pick<Behaviour, "attempts" | "laneBytes">
): void => {
  const moving = messages.find(({ carries }) => carries)
  if (moving === undefined) return
  const refuse = (option: string, value: string, expected: string) => {
    throw new InvalidOptions({ where: name, option, value, expected: `${expected} for the message ${moving.tag}` })
  }
  if (laneBytes > 0) {
    refuse("mailbox.survives", "true", "false, since something moves that does not outlive its thread,")
  }
  if (attempts > 1) {
    refuse("supervision.redeliver.attempts", textOf(attempts), "1, or none, since something moves that is there once,")
  }
}

// What an actor is told again and again for as long as its incarnation lives.
const told = (
  protocol: ProtocolModule.Protocol,
  what: "tick" | "receiveTimeout",
  tag: string,
  duration: Duration.Input
): Effect.Effect<void, never, CurrentActor | Scope.Scope> =>
  Effect.flatMap(CurrentActor, ({ recipient }) => {
    const where = `${protocol.name}.${what}`
    const cell = recipient as Cell
    const millis = TimersModule.millisOf(where, what === "tick" ? "every" : "after", duration)
    const index = protocol.tags.indexOf(tag)
    if (index < 0) {
      const expected = `a message of the protocol: ${protocol.tags.join(", ")}`
      throw new InvalidOptions({ where, option: "tag", value: givenOf(tag), expected })
    }
    const rhythm: Rhythm = what === "tick" ? FIXED_DELAY : WHEN_QUIET
    const timer = new Timer(cell, { index, payload: undefined, millis, rhythm }, () => {})
    const begin = Effect.sync(() => {
      if (rhythm === WHEN_QUIET) {
        cell.rare?.quiet?.end()
        cell.more().quiet = timer
      }
      timer.begin()
    })
    const end = Effect.sync(() => {
      if (cell.rare?.quiet === timer) cell.rare.quiet = undefined
      timer.end()
    })
    return Effect.asVoid(Effect.acquireRelease(begin, () => end))
  })

const statistics = (name: string) => ({
  stats: Effect.flatMap(
    ActorSystem,
    (system) => Effect.map(system.counted({ name, each: false }), (report) => StatsView.reportOf(name, report))
  ),
  statsOfEach: Effect.flatMap(ActorSystem, (system) =>
    Effect.map(
      system.counted({ name, each: true }),
      ({ types }) => types.flatMap(({ each }) => each.map((one) => StatsView.actorStats(one.key, one)))
    ))
})

/**
 * Defines an actor by its name and its messages.
 *
 * The name must be unique in a system and free of "/". A message with a `success` or `error` schema is worth asking; any
 * message can be told.
 *
 * **Errors** Throws `InvalidProtocol` for a definition that cannot be served: a duplicate tag, a schema
 * that has no encoding, a stream that something moves with. A message that holds a `Ref` does not compile.
 */
export const make = <const Name extends string, const Rpcs extends ReadonlyArray<Rpc.Any>>(
  name: Name,
  rpcs: Rpcs & NoRefs<Rpcs[number]>
): Actor<Name, Rpcs[number]> => {
  type Messages = Rpcs[number]
  const protocol = ProtocolModule.make(name, rpcs)
  const toRef = RefsModule.refsOf<ActorRef<Messages>>(protocol)
  const compared = <E>(error: E) => Layouts.compared(error, protocol)
  return {
    name,
    protocol,
    of: (handlers) => handlers,
    toLayer: (behaviour, options) => {
      const resolved = resolveOptions(name, options ?? {})
      checkMoving(protocol, resolved)
      checkStreams(protocol, resolved)
      checkLevels(protocol, resolved)
      // The key of a service is a function as well.
      const built = Effect.isEffect(behaviour) ? behaviour : byCall(behaviour, toRef)
      return Layer.effectDiscard(Effect.gen(function*() {
        const system = yield* ActorSystem
        const context = yield* Effect.context<never>()
        // Services of the handlers come from the layer's context, those of one incarnation are added when it is built.
        const build = built as Effect.Effect<unknown, unknown, never> as Effect.Effect<AnyHandlers, unknown>
        // The span in which a layer happens to be built is nobody's parent.
        const services = Context.omit(Scope.Scope, Tracer.ParentSpan)(context)
        const around = Context.get(context, Interceptors)
        const isTimed = options?.times ?? Context.get(context, MeasuresTimes)
        yield* system.register({ protocol, build, around, context: services, ...resolved, isTimed })
      })) as Layer.Layer<never, never, any>
    },
    spawn: (key, options) => spawn(protocol, key, options, toRef),
    supervised: (key, options) =>
      Effect.withFiber((fiber) => {
        const system = Context.getUnsafe(fiber.context, ActorSystem)
        const scope = Context.getUnsafe(fiber.context, Scope.Scope)
        const started = Effect.mapError(system.supervise(protocol, key, options, scope), compared)
        const child = (running: Running<Recipient>) => new ActorChild(toRef(running.value!, system.sends), running)
        // What handlers fail with is what their protocol declares.
        return unlessIgnored(Effect.map(started, child)) as Effect.Effect<
          Running<ActorRef<Messages>, Rpc.ErrorExit<Messages> | ExitReason>,
          SpawnError
        >
      }),
    lookup: (key) =>
      Effect.flatMap(
        ActorSystem,
        (system) =>
          Effect.map(
            system.lookup(protocol, key),
            (found) => Option.map(Option.fromUndefinedOr(found), (recipient) => toRef(recipient, system.sends))
          )
      ),
    keyed: (options) =>
      Effect.gen(function*() {
        const system = yield* ActorSystem
        const keying = Keying.make(name, options ?? {})
        const shards = yield* Effect.mapError(system.keyed(protocol, keying, yield* Effect.scope), compared)
        return { name, ref: (key) => toRef(shards.at(key), system.sends) }
      }),
    group: (group) => GroupModule.make(protocol, group, toRef),
    self: ofBuild(({ cell }) => selfOf(cell, toRef)),
    tick: (tag, every) => told(protocol, "tick", tag, every),
    receiveTimeout: (tag, after) => told(protocol, "receiveTimeout", tag, after),
    timers: TimersModule.make<Messages>(protocol),
    stash: StashModule.make(protocol),
    pipeToSelf: PipeToSelfModule.make<Messages>(protocol),
    adapter: AdapterModule.make<Messages>(protocol),
    become: ofBuild(({ cell }) => {
      // By its scope an incarnation is told from the next one.
      const scope = scopeOf(cell)
      return (handlers) => Effect.sync(() => become(cell, scope, handlers))
    }),
    watcher: WatcherModule.make<Messages>(protocol),
    ...statistics(name),
    ref: refSchema<Messages>(protocol, toRef)
  }
}
