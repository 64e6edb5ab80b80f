/**
 * What is done around the handlers of actors, and around what is sent to them: said once, and composed as layers.
 *
 * An interceptor is given what is to be handled and the effect that handles it, and answers with an effect in its place: to log, to measure, to check, to refuse.
 *
 * ```text
 *  message ─► outer interceptor ─► inner interceptor ─► handler ─► inner ─► outer ─► asker
 * ```
 *
 * It runs in the fiber of the handler, in the actor's turn: messages wait for it, and what interrupts the handler interrupts it. An actor without interceptors pays
 * nothing for them. What is around sends ({@link layerSends}, {@link sending}) runs in the fiber of the sender, before anything is sent.
 *
 * **Example** (Each message is a line in the log, with the time that it took)
 *
 * ```ts
 * import { Actor, Interceptor } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Rpc from "effect/rpc/Rpc"
 *
 * const Door = Actor.make("Door", [Rpc.make("Open")])
 * const DoorLive = Door.toLayer(Effect.succeed(Door.of({ Open: () => Effect.void })))
 *
 * const logged = Interceptor.layer(({ actor, tag }, next) => Effect.withLogSpan(Effect.tap(next, Effect.logInfo(`${actor}: ${tag}`)), tag))
 *
 * const LoggedDoor = DoorLive.pipe(Layer.provide(logged))
 * ```
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Rpc from "effect/rpc/Rpc"
import type { Actor, HandlersFrom } from "./Actor.ts"
import { SendRefused } from "./ActorError.ts"
import type { ActorRef } from "./ActorRef.ts"
import { ActorSystem } from "./ActorSystem.ts"
import { intercept } from "./internal/intercepted.ts"
import { type Around, intercepting, Interceptors } from "./kernel/Interceptors.ts"
import type { AroundSend, Sending as AnySending } from "./kernel/Sends.ts"

export type { Around, Handling } from "./kernel/Interceptors.ts"

/**
 * Has an interceptor be around every handler of the behaviours that are provided with it; one that is provided further out is further out.
 *
 * **Details**
 *
 * It is given the messages of any protocol, so it can let them be handled, fail with what the handler fails with, delay, retry, or die, which is a crash of the actor; it cannot
 * make up answers. For a message that is answered with a stream, `next` makes the stream. Handlers that an actor has become are intercepted as its first ones are. Interceptors
 * are of the thread on which the behaviour is built: provide them in the file of the worker.
 *
 * **Errors** An interceptor that throws, or answers no effect, is a defect of the handler.
 */
export const layer = (around: Around): Layer.Layer<never> =>
  Layer.effect(Interceptors, Effect.map(Interceptors, (outer) => [...outer, around]))

/** A message of a protocol, told apart by its tag. */
export type Message<Rpcs extends Rpc.Any> = Rpcs extends Rpc.Any ? {
    readonly tag: Rpcs["_tag"]
    readonly payload: Rpc.Payload<Rpcs>
  }
  : never

/** What is done around the handlers of one protocol; it may fail with the errors that its messages declare. */
export type Guard<Rpcs extends Rpc.Any, R = never> = <A, Needs>(
  message: Message<Rpcs>,
  next: Effect.Effect<A, Rpc.ErrorExit<Rpcs>, Needs>
) => Effect.Effect<A, Rpc.ErrorExit<Rpcs>, Needs | R>

/**
 * The same for the handlers of one protocol, which knows its messages and refuses them with their own errors: `Account.of(guarded({ … }))`.
 *
 * **Gotchas** An error that the message at hand does not declare is a defect of its handler.
 *
 * **Example** (Only the owner may withdraw)
 *
 * ```ts
 * import { Actor, Interceptor } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 *
 * class Denied extends Schema.TaggedError<Denied>("bank/Denied")("Denied", { who: Schema.String }) {}
 *
 * const Account = Actor.make("Account", [
 *   Rpc.make("Withdraw", { payload: { who: Schema.String, amount: Schema.Int }, error: Denied })
 * ])
 *
 * const guarded = Interceptor.guard(
 *   Account,
 *   ({ payload: { who } }, next) => who === "ada" ? next : Effect.fail(new Denied({ who }))
 * )
 *
 * const AccountLive = Account.toLayer(Effect.succeed(guarded({ Withdraw: () => Effect.void })))
 * ```
 */
export const guard =
  <Name extends string, Rpcs extends Rpc.Any>(actor: Actor<Name, Rpcs>, around: Guard<Rpcs>) =>
  <H extends HandlersFrom<Rpcs>>(handlers: H): H =>
    // Each of its handlers is there, with the payload and the answer that it had.
    intercepting(handlers as never, actor.protocol.tags, [around as never], actor.name) as unknown as H

/** What is about to be sent to an actor of a protocol, told apart by its tag; `payload` is as the sender has given it. */
export type Sending<Rpcs extends Rpc.Any> = Rpcs extends Rpc.Any
  ? Pick<AnySending, "actor" | "kind"> & { readonly tag: Rpcs["_tag"]; readonly payload: Rpc.PayloadConstructor<Rpcs> }
  : never

/**
 * What is done around the sends to actors of one protocol: answers with an effect in place of `next`, which sends, and for an ask waits for the answer. It may send,
 * delay, send again, refuse ({@link refuse}) or die; it cannot make up answers.
 */
export type SendGuard<Rpcs extends Rpc.Any> = <A, E>(
  sending: Sending<Rpcs>,
  next: Effect.Effect<A, E>
) => Effect.Effect<A, E | SendRefused>

/**
 * Has an interceptor be around what this thread sends to actors of a definition, by whatever reference: of `spawn`, `lookup`, `keyed`, `self`, `adapter` and `Child.actor`, those that
 * arrive in messages, and those of groups; what is published in a group is sent to each member.
 *
 * **Details**
 *
 * References that are made from here on have it, until the layer is released: provide it below what makes them. One that is built later is further in. A message that is answered with a stream is
 * intercepted once for each run of the stream, and `next` makes it. `tellUnsafe` is `false` where an interceptor does not come to an end at once. A thread without such a layer pays nothing, and neither
 * do references to other definitions.
 *
 * **Errors** An interceptor that throws, or answers no effect, is a defect of the sender.
 *
 * **Gotchas** Not around what nobody sends: what timers, watches and pipes tell an actor stands in its mailbox from its own thread, needs no room there, is taken back with its timer, and is nobody's to refuse or to delay; what is around
 * the handlers sees it. Nor around references to pools ({@link sending} is). A reference with something around it has that on its thread alone: on another one
 * it has what is around there.
 *
 * **Example** (Nobody sends to a closed account)
 *
 * ```ts
 * import { Actor, Interceptor } from "shared-nothing"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 *
 * const Account = Actor.make("Account", [Rpc.make("Withdraw", { payload: { amount: Schema.Int } })])
 *
 * const limited = Interceptor.layerSends(Account, (sending, next) =>
 *   sending.payload.amount > 1_000 ? Interceptor.refuse(sending, "more than 1,000 at once") : next
 * )
 * ```
 */
export const layerSends = <Name extends string, Rpcs extends Rpc.Any>(
  actor: Actor<Name, Rpcs>,
  around: SendGuard<Rpcs>
): Layer.Layer<never, never, ActorSystem> =>
  Layer.effectDiscard(Effect.flatMap(ActorSystem, ({ sends }) =>
    Effect.acquireRelease(
      Effect.sync(() => sends.add(actor.name, around as AroundSend)),
      (remove) => Effect.sync(remove)
    )))

/**
 * The same around one reference, whatever it refers to: an actor, a pool, one worker of it, an adapter. Answers a reference of the type that it was given, to the same, beside that one.
 *
 * **Example** (A pool that is told no more than its rate)
 *
 * ```ts
 * import { Interceptor, type Pool } from "shared-nothing"
 * import type * as Effect from "effect/Effect"
 * import type * as Rpc from "effect/rpc/Rpc"
 * import type * as Schema from "effect/Schema"
 *
 * declare const mails: Pool.PoolRef<Rpc.Rpc<"Send", Schema.Struct<{ readonly to: typeof Schema.String }>>>
 * declare const withinRate: <A, E>(send: Effect.Effect<A, E>) => Effect.Effect<A, E>
 *
 * const paced = Interceptor.sending(mails, (_, next) => withinRate(next))
 * const urgent = paced.ask.Send({ to: "ada" }, { priority: "high" })
 * ```
 */
export const sending = <Rpcs extends Rpc.Any, Ref extends ActorRef<Rpcs>>(
  ref: Ref & ActorRef<Rpcs>,
  around: SendGuard<Rpcs>
): Ref =>
  // It stands in front of the one that is given, and shares everything with it but its sends, which take the same.
  intercept(ref, [around as AroundSend]) as Ref

/** Refuses a message that is about to be sent, and says why. */
export const refuse = (
  { actor, payload, tag }: Pick<AnySending, "actor" | "payload" | "tag">,
  reason: string
): Effect.Effect<never, SendRefused> => Effect.fail(new SendRefused({ actor, reason, undelivered: { tag, payload } }))
