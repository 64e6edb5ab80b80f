/**
 * What is done around the handlers of actors: said once, beside their behaviours, and composed as layers.
 *
 * An interceptor is given what is to be handled and the effect that handles it, and answers with an effect in its place: to log, to measure, to check, to refuse.
 *
 * ```text
 *  message ─► outer interceptor ─► inner interceptor ─► handler ─► inner ─► outer ─► asker
 * ```
 *
 * It runs in the fiber of the handler, in the actor's turn: messages wait for it, and what interrupts the handler interrupts it. An actor without interceptors pays
 * nothing for them.
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
import { type Around, intercepting, Interceptors } from "./kernel/Interceptors.ts"

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
