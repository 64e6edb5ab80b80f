/**
 * Groups of actors: who is interested joins, whoever has something to say publishes it to all who are there, on whatever threads.
 *
 * A group belongs to a definition and has a name; all threads of a system that say the name mean the same group, which nobody starts or ends.
 *
 * **Example** (Two readers of the news)
 *
 * ```ts run
 * import { Actor, ActorSystem } from "shared-nothing"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 *
 * const Reader = Actor.make("Reader", [Rpc.make("Heard", { payload: { text: Schema.String } })])
 * const news = Reader.group("news")
 *
 * const ReaderLive = Reader.toLayer(Effect.gen(function*() {
 *   yield* news.join(yield* Reader.self)
 *   return Reader.of({ Heard: () => Effect.void })
 * }))
 *
 * const program = Effect.gen(function*() {
 *   yield* Console.log((yield* news.publish.Heard({ text: "nobody is there" })).reached) // => 0
 *   yield* Reader.spawn("ada")
 *   yield* Reader.spawn("bob")
 *   yield* Console.log((yield* news.publish.Heard({ text: "rain" })).reached) // => 2
 * })
 *
 * const Local = ReaderLive.pipe(Layer.provideMerge(ActorSystem.layer))
 * await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Local)))
 * ```
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Rpc from "effect/rpc/Rpc"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { givenOf } from "../runtime/Options.ts"
import { messageOf, textOf } from "../runtime/Text.ts"
import { InvalidOptions, InvalidPayload, type TellError } from "./ActorError.ts"
import {
  type ActorRef,
  type Any,
  isActorRef,
  type PayloadArguments,
  type Plain,
  recipientOf,
  send
} from "./ActorRef.ts"
import { ActorSystem } from "./ActorSystem.ts"
import type { Groups, MemberChange } from "./kernel/Groups.ts"
import { BROKEN, checked } from "./kernel/Payload.ts"
import type { Message, Protocol } from "./kernel/Protocol.ts"
import type { Recipient } from "./kernel/Recipient.ts"
import type { Sends } from "./kernel/Sends.ts"

/** A member that was not told, and why. */
export interface Missed<in out Rpcs extends Rpc.Any> {
  readonly ref: ActorRef<Rpcs>
  readonly error: TellError
}

/** What has become of a message that was published. */
export interface Published<in out Rpcs extends Rpc.Any> {
  /** How many members have it in their mailbox, or on its way there. */
  readonly reached: number
  readonly missed: ReadonlyArray<Missed<Rpcs>>
}

/** An actor has become a member, or is one no longer. */
export interface Change<in out Rpcs extends Rpc.Any> {
  readonly _tag: "Joined" | "Left"
  readonly ref: ActorRef<Rpcs>
}

/** One `publish` per message that is not answered with a stream. */
export type Publish<Rpcs extends Rpc.Any> = {
  readonly [R in Plain<Rpcs> as R["_tag"]]: (
    ...payload: PayloadArguments<R>
  ) => Effect.Effect<Published<Rpcs>, InvalidPayload, ActorSystem>
}

/** See the module. */
export interface Group<in out Rpcs extends Rpc.Any> {
  readonly name: string
  /**
   * Makes an actor a member until the `Scope` closes, it has ended for good, or the thread dies that has said this.
   *
   * **Details** An actor that joins in its own build leaves with each incarnation, and the next one joins again; what is published in between is not for it. One that was
   * joined by somebody else stays over its restarts, and those of its thread. It is a member for as long as one scope holds it, and once, however many do.
   *
   * The thread that joins knows of it at once, the others as soon as it has reached them.
   *
   * **Errors** Dies with `InvalidOptions` for a reference to an actor of another system or definition, to a pool, and of a key that is none.
   */
  readonly join: (ref: ActorRef<Rpcs>) => Effect.Effect<void, never, ActorSystem | Scope.Scope>
  /**
   * Takes an actor out, whichever scopes hold it, on whatever threads. Nothing happens when it is no member.
   *
   * **Details** As far as this thread has heard of them: a join that is on its way here from another thread stands.
   *
   * **Errors** Dies with `InvalidOptions` as {@link Group.join} does.
   */
  readonly leave: (ref: ActorRef<Rpcs>) => Effect.Effect<void, never, ActorSystem>
  /** The members as this thread knows them, each once, in no particular order. */
  readonly members: Effect.Effect<ReadonlyArray<ActorRef<Rpcs>>, never, ActorSystem>
  /** Those of them that live on this thread. */
  readonly membersHere: Effect.Effect<ReadonlyArray<ActorRef<Rpcs>>, never, ActorSystem>
  /**
   * Who is a member, and then who comes and goes: without a gap, and none twice.
   *
   * **Details** Each element is what has changed since the stream was last pulled: who came and went in between is not told, nor who went and came. So a slow reader holds nothing up,
   * and never more than there are members. The stream ends with the system.
   */
  readonly monitor: Stream.Stream<Change<Rpcs>, never, ActorSystem>
  /**
   * Tells all members, and answers how many have it and who has not. A group of nobody is no error: then it is 0.
   *
   * **Details** It is a `tell` to each, in no order among them, and keeps the order of its sender with all else that this tells them. With overflow `"suspend"` it waits for those whose mailbox is full or whose thread
   * is down, and has told the others by then; interrupting it leaves out those it still waits for. A member that is about to end is among those who missed it.
   *
   * What is around the sends of this thread to such actors (`Interceptor.layerSends`) is around that to each member: one whose message it refuses is among those who missed it, with `SendRefused`.
   *
   * **Errors** `InvalidPayload`: nobody was told. So is a message that something moves with, which is there once.
   *
   * **Gotchas** A subscriber that must not hold up others has an overflow policy that drops.
   */
  readonly publish: Publish<Rpcs>
}

type ToRef = (recipient: Recipient, sends?: Sends) => Any

const MAX_NAME_LENGTH = 1024

const checkName = (protocol: Protocol, name: unknown): void => {
  if (typeof name === "string" && name.length > 0 && name.length <= MAX_NAME_LENGTH) return
  throw new InvalidOptions({
    where: `${protocol.name}.group`,
    option: "name",
    value: typeof name === "string" ? `a text of ${name.length} characters` : textOf(name),
    expected: `a text of 1 to ${MAX_NAME_LENGTH} characters`
  })
}

const onGroups = <A>(run: (groups: Groups, sends: Sends) => A): Effect.Effect<A, never, ActorSystem> =>
  Effect.map(ActorSystem, ({ groups, sends }) => run(groups, sends))

// ---- publishing

const THERE_ONCE = "something moves with it, which is there once and cannot be published"

const refusal = (message: Message, id: string, payload: unknown): InvalidPayload => {
  const issue = message.carries ? THERE_ONCE : message.payload.explain(payload)
  return new InvalidPayload({ actor: `the group ${id}`, issue, undelivered: { tag: message.tag, payload } })
}

type Told = Effect.Effect<void, TellError>

// What reading the payload throws for one member keeps it from no other.
const tell = (recipient: Recipient, index: number, payload: unknown, fiber: Fiber.Fiber<unknown, unknown>): Told => {
  try {
    return send(recipient, index, payload, fiber)
  } catch (defect) {
    return Exit.die(defect)
  }
}

const outcomeOf = (
  recipients: ReadonlyArray<Recipient>,
  exits: ReadonlyArray<Exit.Exit<void, TellError>>,
  toRef: ToRef
): Exit.Exit<Published<any>> => {
  const missed: Array<Missed<any>> = []
  let died: Exit.Exit<never> | undefined
  exits.forEach((exit, i) => {
    if (Exit.isSuccess(exit)) return
    const [reason] = exit.cause.reasons
    if (reason?._tag === "Fail") missed.push({ ref: toRef(recipients[i]!), error: reason.error })
    else died ??= exit as Exit.Exit<never>
  })
  return died ?? Exit.succeed({ reached: exits.length - missed.length, missed })
}

type Tells = Readonly<Record<string, (payload: unknown) => Told>>

const publish = (
  { groups, sends }: Pick<ActorSystem["Service"], "groups" | "sends">,
  protocol: Protocol,
  id: string,
  message: Message,
  given: unknown,
  toRef: ToRef
): Effect.Effect<Published<any>, InvalidPayload> =>
  Effect.withFiber((fiber) => {
    const toMember = (recipient: Recipient) => toRef(recipient, sends)
    const payload = message.carries ? BROKEN : checked(message, given)
    if (payload === BROKEN) return Exit.fail(refusal(message, id, given))
    // Who comes or goes while it is read is not in this list.
    const recipients = groups.recipients(id, protocol)
    // What is around sends to such actors is around that to each member.
    const isIntercepted = sends.of(protocol) !== undefined
    const told = recipients.map((recipient) =>
      !isIntercepted
        ? tell(recipient, message.index, payload, fiber)
        : (toMember(recipient).tell as Tells)[message.tag]!(payload)
    )
    const settled = told.filter((one): one is Exit.Exit<void, TellError> => Exit.isExit(one))
    if (settled.length === told.length) return outcomeOf(recipients, settled, toMember)
    return Effect.flatMap(
      Effect.forEach(told, Effect.exit, { concurrency: "unbounded" }),
      (exits) => outcomeOf(recipients, exits, toMember)
    )
  })

const publishOf = (protocol: Protocol, id: string, toRef: ToRef): unknown => {
  const facade = {}
  for (const message of protocol.messages) {
    if (message.isStream) continue
    const value = (payload: unknown) =>
      Effect.flatMap(ActorSystem, (system) => publish(system, protocol, id, message, payload, toRef))
    Object.defineProperty(facade, message.tag, { value })
  }
  return facade
}

// ---- members

// Runs with who is meant; what a system says of an actor that it does not know is a mistake of the program.
const onMember = <A>(protocol: Protocol, id: string, ref: Any, run: (groups: Groups, recipient: Recipient) => A) =>
  onGroups((groups) => {
    const refuse = (expected: string) =>
      new InvalidOptions({ where: `the group ${id}`, option: "ref", value: givenOf(ref), expected })
    if (!isActorRef(ref) || ref.name !== protocol.name) throw refuse(`a reference to a ${protocol.name}`)
    try {
      return run(groups, recipientOf(ref))
    } catch (foreign) {
      throw refuse(`one of this system: ${messageOf(foreign)}`)
    }
  })

const monitor = (protocol: Protocol, id: string, toRef: ToRef): Stream.Stream<Change<any>, never, ActorSystem> =>
  Stream.unwrap(Effect.gen(function*() {
    const { groups, sends } = yield* ActorSystem
    const changeOf = ({ isJoined, recipient }: MemberChange): Change<any> => ({
      _tag: isJoined ? "Joined" : "Left",
      ref: toRef(recipient, sends)
    })
    const looking = yield* Effect.acquireRelease(
      Effect.sync(() => groups.monitor(id, protocol)),
      (looking) => Effect.sync(() => groups.demonitor(id, looking))
    )
    return Stream.map(Stream.fromPull(Effect.succeed(looking.pull)), changeOf)
  }))

/** The group of a name, for a definition. */
export const make = <Rpcs extends Rpc.Any>(
  protocol: Protocol,
  name: string,
  toRef: (recipient: Recipient, sends?: Sends) => ActorRef<Rpcs>
): Group<Rpcs> => {
  checkName(protocol, name)
  const id = `${protocol.name}/${name}`
  const refs = (recipients: ReadonlyArray<Recipient>, sends: Sends) =>
    recipients.map((recipient) => toRef(recipient, sends))
  return {
    name,
    join: (ref) =>
      Effect.asVoid(Effect.acquireRelease(
        onMember(protocol, id, ref, (groups, recipient) => ({ groups, membership: groups.join(id, recipient) })),
        ({ groups, membership }) => Effect.sync(() => membership !== undefined && groups.leave([membership]))
      )),
    leave: (ref) => onMember(protocol, id, ref, (groups, recipient) => groups.takeOut(id, recipient)),
    members: onGroups((groups, sends) => refs(groups.recipients(id, protocol), sends)),
    membersHere: onGroups((groups, sends) => refs(groups.here(id, protocol), sends)),
    monitor: monitor(protocol, id, toRef),
    publish: publishOf(protocol, id, toRef) as Publish<Rpcs>
  }
}
