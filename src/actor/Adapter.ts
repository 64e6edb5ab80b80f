/**
 * How an actor is spoken to in the protocol of others: a reference that they take for one of theirs, whose messages come to this actor as messages of its own.
 *
 * What makes such references is taken while the behaviour is built (`Buyer.adapter`), and belongs to that incarnation. What it promises:
 *
 * - the reference is one like any other: it travels in messages, is told and asked on every thread, joins groups, and is watched;
 * - a message that comes by it is handled in its turn, and keeps its place among all that its sender sends to the actor, by whatever reference;
 * - it takes room in the mailbox of the actor, and waits, fails or is dropped as the actor's behaviour says;
 * - an ask is answered by the handler of the message that it becomes, whose reply and errors are those of the message that was asked: anything else does not compile;
 * - it ends with its incarnation: what is sent to it after that fails with `ActorStopped`. What was accepted before is handled, after a crash by the next incarnation.
 *
 * **Example** (A buyer that hears of prices in the protocol of its seller)
 *
 * ```ts
 * import { Actor } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 *
 * const Prices = Actor.make("Prices", [Rpc.make("Price", { payload: { item: Schema.String, cents: Schema.Int } })])
 * const Seller = Actor.make("Seller", [Rpc.make("Follow", { payload: { by: Prices.ref } })])
 *
 * const Buyer = Actor.make("Buyer", [
 *   Rpc.make("Begin", { payload: { seller: Seller.ref } }),
 *   Rpc.make("Heard", { payload: { text: Schema.String } })
 * ])
 *
 * const BuyerLive = Buyer.toLayer(Effect.gen(function*() {
 *   const adapter = yield* Buyer.adapter
 *   const prices = yield* adapter(Prices, {
 *     Price: { Heard: ({ cents, item }) => ({ text: `${item} for ${cents}` }) }
 *   })
 *   return Buyer.of({
 *     Begin: ({ seller }) => Effect.orDie(seller.tell.Follow({ by: prices })),
 *     Heard: ({ text }) => Effect.log(text)
 *   })
 * }))
 * ```
 */
import * as Effect from "effect/Effect"
import type * as Rpc from "effect/rpc/Rpc"
import type * as Scope from "effect/Scope"
import { textOf } from "../runtime/Text.ts"
import { InvalidOptions } from "./ActorError.ts"
import type { ActorRef, Plain, Streamed } from "./ActorRef.ts"
import { Adapters } from "./internal/adapters.ts"
import { refsOf } from "./internal/refs.ts"
import { AdapterRecipient, type Becomes } from "./kernel/AdapterRecipient.ts"
import { type Behaviour, CurrentActor } from "./kernel/Behaviour.ts"
import type { Cell } from "./kernel/Cell.ts"
import type { Message, Protocol } from "./kernel/Protocol.ts"

// The messages of an actor that answer what a message asks for: with its reply, and no other error.
type Answering<R extends Rpc.Any, Own extends Rpc.Any> = Own extends Rpc.Any
  ? [Rpc.Success<Own>] extends [Rpc.Success<R>] ? [Rpc.ErrorExit<Own>] extends [Rpc.ErrorExit<R>] ? Own : never
  : never
  : never

// Which message of the actor it is, and no other.
type Becoming<R extends Rpc.Any, Own extends Rpc.Any, Tags extends string> = Own extends Rpc.Any
  ? Rpc.Payload<Own> extends void ? Own["_tag"]
  :
    & { readonly [T in Own["_tag"]]: (payload: Rpc.Payload<R>) => Rpc.PayloadConstructor<Own> }
    & { readonly [T in Exclude<Tags, Own["_tag"]>]?: never }
  : never

/**
 * What each message of a protocol becomes: the tag of a message of the actor, with what makes its payload, `Price: { Heard: ({ item }) => ({ text: item }) }`; the tag alone where that has no payload, `Closed: "NoMore"`.
 *
 * **Details** A message that is asked becomes one that answers with the same reply and with no other error; what does not, is no choice.
 */
export type Mapping<Rpcs extends Rpc.Any, Own extends Rpc.Any> = {
  readonly [R in Rpcs as R["_tag"]]: Becoming<R, Answering<R, Plain<Own>>, Own["_tag"]>
}

/** Says no to protocols with messages that are answered with a stream. */
export type NoStreams<Rpcs extends Rpc.Any> = [Streamed<Rpcs>] extends [never] ? unknown
  : {
    readonly [Tag in `the message ${Streamed<Rpcs>["_tag"]} is answered with a stream, which an adapter does not make`]:
      never
  }

/** A definition, as far as its protocol is spoken. */
export interface Spoken<Rpcs extends Rpc.Any> {
  readonly protocol: Protocol
  readonly ref: { readonly Type: ActorRef<Rpcs> }
}

/**
 * Makes a reference of another protocol, whose messages come to this actor as its own: `adapter(Prices, { Price: { Heard: ({ item }) => ({ text: item }) } })`.
 *
 * **Details** What a message of the actor says is made when it is handled; what that throws, or a payload that breaks its schema, is a crash of the handler. The name of the reference is that
 * of both, `Prices/Buyer/b`. Commands (`ActorControl`) are given to the actor.
 *
 * **Errors** Dies with `InvalidOptions` for a protocol that has a message which something moves with (a parcel) or which is answered with a stream, for such a message of the actor, and for a mapping that
 * leaves a message out.
 */
export type Adapter<Own extends Rpc.Any> = <Rpcs extends Rpc.Any>(
  actor: Spoken<Rpcs> & NoStreams<Rpcs>,
  mapping: NoInfer<Mapping<Rpcs, Own>>
) => Effect.Effect<ActorRef<Rpcs>>

const nothing = () => undefined

const refuse = (where: string, option: string, value: string, expected: string): never => {
  throw new InvalidOptions({ where, option, value, expected })
}

const check = (where: string, messages: ReadonlyArray<Message>): void => {
  for (const { carries, isStream, tag } of messages) {
    if (carries) refuse(where, "message", tag, "a message that nothing moves with")
    if (isStream) refuse(where, "message", tag, "a message that is not answered with a stream")
  }
}

const checkActor = (where: string, { isPooled, laneBytes }: Behaviour): void => {
  if (isPooled === true) refuse(where, "pool", "true", "none, since a pool has the jobs of its workers,")
  if (laneBytes > 0) refuse(where, "mailbox.survives", "true", "false, since a mapping ends with its thread,")
}

const payloadOf = (into: object, tag: string | undefined): unknown =>
  tag === undefined ? undefined : (into as Record<string, unknown>)[tag]

// The one message that is named, and what makes its payload.
const becomes = (where: string, own: Protocol, tag: string, into: unknown): Becomes => {
  const tags = typeof into === "string" ? [into] : typeof into === "object" && into !== null ? Object.keys(into) : []
  const payload = typeof into === "object" && into !== null ? payloadOf(into, tags[0]) : nothing
  const message = own.messages.find((message) => message.tag === tags[0])
  if (message === undefined || tags.length !== 1 || typeof payload !== "function") {
    const expected = `one message that it becomes, of ${own.tags.join(", ")}, and what makes its payload`
    return refuse(where, tag, textOf(into), expected)
  }
  check(where, [message])
  return { index: message.index, payload: payload as Becomes["payload"] }
}

/** What makes adapters of the incarnation that is being built. */
export const make = <Own extends Rpc.Any>(
  protocol: Protocol
): Effect.Effect<Adapter<Own>, never, CurrentActor | Scope.Scope> =>
  Effect.flatMap(CurrentActor, ({ recipient }) => {
    const cell = recipient as Cell
    checkActor(`${protocol.name}.adapter`, cell.behaviour)
    const adapters = new Adapters(cell)
    const adapter: Adapter<Own> = ({ protocol: spoken, ref }, mapping) =>
      Effect.sync(() => {
        const where = `${protocol.name}.adapter(${spoken.name})`
        check(where, spoken.messages)
        // Which messages there are is known to the types alone.
        const all = mapping as Readonly<Record<string, unknown>>
        const becoming = spoken.tags.map((tag) => becomes(where, protocol, tag, all[tag]))
        const adapted = adapters.add(new AdapterRecipient(cell, spoken, becoming))
        return refsOf<typeof ref.Type>(spoken)(adapted, cell.host.sends)
      })
    return Effect.as(Effect.addFinalizer(() => Effect.sync(() => adapters.close())), adapter)
  })
