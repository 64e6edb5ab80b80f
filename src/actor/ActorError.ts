/**
 * Everything that can go wrong between a sender and an actor, as values.
 *
 * Each class is named by what happened and carries what a caller needs to act on it; where a message was not delivered,
 * the message itself comes back in `undelivered`, so that nothing the caller still holds is lost.
 */
import * as Schema from "effect/Schema"
import { textOf } from "../runtime/Text.ts"
import { Defect } from "../wire/kernel/Defect.ts"
import * as ExitReason from "./ExitReason.ts"

/** The message that was not delivered: the tag of its `Rpc` and its payload. */
export const Undelivered = Schema.Struct({ tag: Schema.String, payload: Schema.Unknown })

/** The type of {@link Undelivered}. */
export type Undelivered = typeof Undelivered.Type

/**
 * The mailbox had no room and its overflow policy is not to wait.
 *
 * **Errors** Nothing was enqueued. Slow down, retry later, or spawn the actor with a larger `mailbox.capacity` or the
 * policy `"suspend"`.
 */
export class MailboxFull extends Schema.TaggedError<MailboxFull>("shared-nothing/actor/MailboxFull")("MailboxFull", {
  actor: Schema.String,
  capacity: Schema.Number,
  /** Of a pool: whether its queue was full for a thread, or for the jobs of a worker that ask it themselves, and for which nobody waits. */
  pool: Schema.optional(Schema.Literals(["queue", "job"])),
  undelivered: Undelivered
}) {
  override get message() {
    if (this.pool !== undefined) {
      return `the queue of ${this.actor} is full (${this.capacity} jobs of one thread): ${this.undelivered.tag} was not submitted; ` +
        `submit less at once (Pool.forEach does), raise queue.capacity${
          this.pool === "job" ? "" : ", or use overflow \"suspend\""
        }`
    }
    return `the mailbox of ${this.actor} is full (${this.capacity} messages): ${this.undelivered.tag} was not enqueued; retry later or use overflow "suspend"`
  }
}

/** Whether the handler of a message had been called: `"unknown"` where nobody can say any more. */
export const Begun = Schema.Union([Schema.Boolean, Schema.Literal("unknown")])

/** The type of {@link Begun}. */
export type Begun = typeof Begun.Type

/**
 * The actor, or the pool, has ended for good and will not answer this message.
 *
 * **Errors** `begun` says whether its handler had been called. With `false` it never ran: spawn the actor again if it should exist, and ask that. With `true` it was
 * interrupted while it was handled, and may have had effects; with `"unknown"` so it may. To ask again then is right only for what does no harm twice. `reason` says why the actor
 * ended, as a value (`ExitReason`). A message that its handler has put off has not been begun.
 */
export class ActorStopped
  extends Schema.TaggedError<ActorStopped>("shared-nothing/actor/ActorStopped")("ActorStopped", {
    actor: Schema.String,
    reason: ExitReason.ExitReason,
    begun: Begun,
    undelivered: Undelivered
  })
{
  override get message() {
    const { actor, begun, reason, undelivered: { tag } } = this
    return `${actor} has stopped (${ExitReason.render(reason)}): ${tag} ${fateOf(begun)}`
  }
}

const fateOf = (begun: Begun): string => {
  if (begun === "unknown") return "may have been begun, and may have had effects"
  return begun ? "was interrupted while it was handled, and may have had effects" : "was not handled"
}

/**
 * The actor is being restarted, and the handler of this ask never ran.
 *
 * **Errors** Safe to retry: the message was not handled and comes back in `undelivered`.
 */
export class ActorRestarting extends Schema.TaggedError<ActorRestarting>("shared-nothing/actor/ActorRestarting")(
  "ActorRestarting",
  { actor: Schema.String, undelivered: Undelivered }
) {
  override get message() {
    return `${this.actor} is restarting: ${this.undelivered.tag} was not handled and is safe to ask again`
  }
}

/**
 * No reply arrived before the deadline of the ask.
 *
 * **Details** Where the actor was waiting for an answer itself, `chain` says for whose: from the actor that has asked, if it was one, over all who wait for each other, to
 * the last that is known. An actor that stands in it twice waits for itself: such a cycle of asks never ends. See `docs/guide/02-actors.md`.
 *
 * A job of a pool has two times: that of the ask, which goes while the job waits, too, and the `runTimeout` of its run, which begins with it. `run` says that it was the second.
 *
 * **Errors** The handler may or may not have run; it has been interrupted, and a later reply reaches nobody. Ask with a
 * longer `timeout`, or provide another `ActorRef.DefaultAskTimeout`. Where there is a cycle no timeout is long enough: one of its actors has to tell instead, or to ask with `pipeToSelf`.
 */
export class AskTimeout extends Schema.TaggedError<AskTimeout>("shared-nothing/actor/AskTimeout")("AskTimeout", {
  actor: Schema.String,
  tag: Schema.String,
  /** The time that is over: that of the ask, or with `run` that of the run. */
  timeoutMillis: Schema.Number,
  /**
   * Of a job whose `runTimeout` is over: how long it had waited for a worker, from the ask on (without a `timeout` from when there was room for it), and how long its handler has run. Absent where the time of the ask is
   * over.
   */
  run: Schema.optionalKey(Schema.Struct({ waitedMillis: Schema.Number, ranMillis: Schema.Number })),
  /** Who was waiting for whom: `["A/a", "B/b", "A/a"]`. Absent where the actor was waiting for nobody. */
  chain: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The last of the chain has not said in time whom it waits for. */
  isChainCut: Schema.optionalKey(Schema.Literal(true))
}) {
  override get message() {
    const { actor, chain, isChainCut, run, tag, timeoutMillis } = this
    if (run !== undefined) {
      const { ranMillis, waitedMillis } = run
      return `${actor} has run ${tag} for ${ranMillis} ms, and may for ${timeoutMillis} ms; before that it had waited for ${
        Math.round(waitedMillis)
      } ms`
    }
    const late = `${actor} did not answer ${tag} within ${timeoutMillis} ms`
    return chain === undefined || chain.length < 2 ? late : `${late}: ${chainText(chain, isChainCut === true)}`
  }
}

const chainText = (chain: ReadonlyArray<string>, isCut: boolean): string => {
  const [first, second, ...others] = chain
  const waits = [
    `${first} waits for ${second === first ? "itself" : second}`,
    ...others.map((other) => `which waits for ${other}`)
  ].join(", ")
  if (chain.indexOf(chain[chain.length - 1]!) < chain.length - 1) return `${waits}: a cycle of asks never ends`
  return isCut ? `${waits}, and whom that waits for is not known` : waits
}

/**
 * The thread of the actor died while this message was on its way or being handled.
 *
 * **Errors** The handler may have run. The thread is restarted by its supervisor, and its actors with it: ask again when
 * that is safe for the operation. `reason` says how the thread ended.
 */
export class ThreadLost extends Schema.TaggedError<ThreadLost>("shared-nothing/actor/ThreadLost")("ThreadLost", {
  actor: Schema.String,
  thread: Schema.String,
  reason: Schema.String,
  undelivered: Undelivered
}) {
  override get message() {
    return `${this.thread}, the thread of ${this.actor}, was lost (${this.reason}) before ${this.undelivered.tag} was settled`
  }
}

/**
 * The payload does not satisfy the schema of its message.
 *
 * **Errors** Nothing was sent. `issue` is the schema's own account of what is wrong; correct the value.
 */
export class InvalidPayload extends Schema.TaggedError<InvalidPayload>("shared-nothing/actor/InvalidPayload")(
  "InvalidPayload",
  { actor: Schema.String, issue: Schema.String, undelivered: Undelivered }
) {
  override get message() {
    return `the payload of ${this.undelivered.tag} to ${this.actor} breaks its schema: ${this.issue}`
  }
}

/**
 * A pool does not know which of its workers the message is for: its `Route` has no key, says nonsense, or has thrown.
 *
 * **Errors** Nothing was sent. `issue` says what the route has said; correct the payload, or the route where the message is defined.
 */
export class NotRouted extends Schema.TaggedError<NotRouted>("shared-nothing/actor/NotRouted")(
  "NotRouted",
  { actor: Schema.String, issue: Schema.String, undelivered: Undelivered }
) {
  override get message() {
    return `${this.actor} does not know which worker ${this.undelivered.tag} is for: ${this.issue}`
  }
}

/**
 * The encoded message does not fit the ring between the two threads.
 *
 * **Errors** Nothing was sent. Send less at once, or open the system with a larger `ring.capacityBytes`: one record may
 * take a quarter of it.
 */
export class MessageTooLarge extends Schema.TaggedError<MessageTooLarge>("shared-nothing/actor/MessageTooLarge")(
  "MessageTooLarge",
  { actor: Schema.String, sizeBytes: Schema.Number, limitBytes: Schema.Number, undelivered: Undelivered }
) {
  override get message() {
    return `${this.undelivered.tag} to ${this.actor} takes ${this.sizeBytes} bytes; between the threads ${this.limitBytes} are allowed: raise ring.capacityBytes of the system, arena.capacityBytes of the pool, or send it in parts or as a parcel`
  }
}

/** The first message that two threads have defined in different ways. */
const Difference = Schema.Struct({
  message: Schema.String,
  /** What of it; its place, when one of them has another message there, or none. */
  part: Schema.Literals(["payload", "success", "error", "place"]),
  /** What differs, as this thread has it: a field with its layout, such as `by:f64`. */
  here: Schema.String,
  there: Schema.String
})

/**
 * Two threads compiled different layouts for one protocol.
 *
 * **Errors** Nothing was sent. Both sides must import the same protocol module of the same build. `differs` names the message, where the other side could say how it has it.
 */
export class LayoutMismatch extends Schema.TaggedError<LayoutMismatch>("shared-nothing/actor/LayoutMismatch")(
  "LayoutMismatch",
  {
    actor: Schema.String,
    here: Schema.Number,
    there: Schema.Number,
    differs: Schema.optionalKey(Difference),
    /** How the other thread has the messages, on its way to who compares. */
    layouts: Schema.optionalKey(Schema.String)
  }
) {
  override get message() {
    const { actor, differs, here, there } = this
    const what = differs === undefined
      ? `the messages of ${actor} have layout ${here} on this thread and ${there} on the other`
      : `${actor} is defined otherwise on the other thread: ${
        differs.part === "place" ? "" : `the ${differs.part} of `
      }${differs.message} is ${differs.here} here and ${differs.there} there`
    return `${what}; both must load the same protocol`
  }
}

/**
 * No thread that could host the actor has registered a behaviour of this name.
 *
 * **Errors** Add the behaviour's layer to the worker file (`ActorThread.launch`) or to the system's layer; `known` lists
 * what is registered.
 */
export class BehaviourNotFound extends Schema.TaggedError<BehaviourNotFound>("shared-nothing/actor/BehaviourNotFound")(
  "BehaviourNotFound",
  {
    behaviour: Schema.String,
    known: Schema.Array(Schema.String),
    /** Threads that have it, although the one that was asked for does not. */
    elsewhere: Schema.Array(Schema.String)
  }
) {
  override get message() {
    if (this.elsewhere.length > 0) {
      return `no behaviour "${this.behaviour}" is registered on this thread, but on ${this.elsewhere.join(", ")}: ` +
        "spawn it without placement \"here\", or provide its layer to this thread as well"
    }
    const known = this.known.length === 0 ? "none" : this.known.join(", ")
    return `no behaviour "${this.behaviour}" is registered (known: ${known}): add its layer to the system or to the worker file`
  }
}

/**
 * An actor of this name is alive already, or the names of its definition are the keys of `keyed`, or of `spawn` where `keyed` asks.
 *
 * **Errors** Nothing was started. Use another key, or keep the reference that the first `spawn` returned. Actors of one definition are spawned, or `keyed`, and not both: `ref(key)` of what `keyed` has answered has such an actor.
 */
export class NameTaken extends Schema.TaggedError<NameTaken>("shared-nothing/actor/NameTaken")("NameTaken", {
  actor: Schema.String,
  /** Whether all names of its definition are taken, whatever the key: by `keyed`, or by `spawn`. */
  by: Schema.optional(Schema.Literals(["keyed", "spawn"]))
}) {
  override get message() {
    const { actor, by } = this
    if (by === "keyed") {
      return `${actor} cannot be spawned: its definition is keyed; use ref(key) of what keyed has answered, or another definition`
    }
    if (by === "spawn") {
      return `${actor} was spawned: its definition cannot be keyed while it lives; stop it, or use another definition`
    }
    return `${actor} exists already: choose another key`
  }
}

/**
 * The behaviour could not be built: it failed, died or took longer than `initTimeout`.
 *
 * **Errors** Nothing was started and everything the behaviour had acquired is released. `cause` is its own account.
 */
export class SpawnFailed extends Schema.TaggedError<SpawnFailed>("shared-nothing/actor/SpawnFailed")("SpawnFailed", {
  actor: Schema.String,
  cause: Defect
}) {
  override get message() {
    return `${this.actor} could not start: ${textOf(this.cause)}`
  }
}

/**
 * A protocol that cannot be served, found when it is defined.
 *
 * **Errors** A mistake in the program: it is thrown by `Actor.make`. Names the message and the reason.
 */
export class InvalidProtocol extends Schema.TaggedError<InvalidProtocol>("shared-nothing/actor/InvalidProtocol")(
  "InvalidProtocol",
  { protocol: Schema.String, reason: Schema.String }
) {
  override get message() {
    return `the protocol ${this.protocol} cannot be used: ${this.reason}`
  }
}

/**
 * Options of a behaviour, a system or a pool that make no sense, or whose name nobody knows, found when they are given. `option` is the name with the place
 * where it stands, `value` what was given, a text in quotes, and `expected` says what to write.
 *
 * **Errors** A mistake in the program: it is thrown by `toLayer`, or fails the layer of the system.
 */
export class InvalidOptions extends Schema.TaggedError<InvalidOptions>("shared-nothing/actor/InvalidOptions")(
  "InvalidOptions",
  { where: Schema.String, option: Schema.String, value: Schema.String, expected: Schema.String }
) {
  override get message() {
    return `${this.where}: ${this.option} is ${this.value}, expected ${this.expected}`
  }
}

/**
 * The link to the thread of the actor has no number left: this thread addresses half a million actors there, or has sixteen
 * million asks waiting.
 *
 * **Errors** Nothing was sent. Let references go by stopping actors that are not needed, or spread them over more threads.
 */
export class LinkFull extends Schema.TaggedError<LinkFull>("shared-nothing/actor/LinkFull")("LinkFull", {
  actor: Schema.String,
  thread: Schema.String,
  undelivered: Undelivered
}) {
  override get message() {
    return `the link to ${this.thread} has no number left for ${this.actor}: ${this.undelivered.tag} was not sent; use fewer actors at once, or more threads`
  }
}

/**
 * The stash of the actor has no room for the message that its handler wants to put off.
 *
 * **Errors** Nothing was put off: the message is still being handled, and is in `undelivered` too. Answer it with an error that the protocol declares, or take a stash with a
 * larger `capacity`.
 */
export class StashFull extends Schema.TaggedError<StashFull>("shared-nothing/actor/StashFull")("StashFull", {
  actor: Schema.String,
  capacity: Schema.Number,
  undelivered: Undelivered
}) {
  override get message() {
    return `the stash of ${this.actor} is full (${this.capacity} messages): ${this.undelivered.tag} cannot be put off`
  }
}

/**
 * The reader of a stream waited for its next element for as long as it was ready to.
 *
 * **Errors** The elements before were delivered; the handler's stream has been interrupted. Ask with a longer `elementTimeout`, or ask again for
 * what comes behind the last element.
 */
export class StreamStalled extends Schema.TaggedError<StreamStalled>("shared-nothing/actor/StreamStalled")(
  "StreamStalled",
  { actor: Schema.String, tag: Schema.String, timeoutMillis: Schema.Number }
) {
  override get message() {
    return `the stream that ${this.actor} answers ${this.tag} with had no further element within ${this.timeoutMillis} ms`
  }
}

/**
 * The stream was ended before its end, and its actor lives on: the incarnation that had it has crashed or was restarted (`"restarted"`), or its
 * reader has not made room for longer than the actor waits for that (`"unread"`, the option `unreadTimeout` of its behaviour).
 *
 * **Errors** The elements before were delivered. Ask again for what comes behind the last of them.
 */
export class StreamBroken extends Schema.TaggedError<StreamBroken>("shared-nothing/actor/StreamBroken")(
  "StreamBroken",
  { actor: Schema.String, tag: Schema.String, reason: Schema.Literals(["restarted", "unread"]) }
) {
  override get message() {
    return this.reason === "restarted"
      ? `${this.actor} was restarted while its stream in answer to ${this.tag} was not at its end`
      : `${this.actor} has ended its stream in answer to ${this.tag}, which was not read for too long`
  }
}

/**
 * An element of the stream could not be sent: it breaks its schema, throws while it is read, or is larger than a record between the threads may be.
 *
 * **Errors** The elements before were delivered; the handler's stream has been interrupted, its actor goes on. `issue` says what is wrong: correct
 * the handler, send less at once, or open the system with a larger `ring.capacityBytes`.
 */
export class InvalidElement extends Schema.TaggedError<InvalidElement>("shared-nothing/actor/InvalidElement")(
  "InvalidElement",
  { actor: Schema.String, tag: Schema.String, issue: Schema.String }
) {
  override get message() {
    return `${this.actor}: an element of the stream in answer to ${this.tag} ${this.issue}`
  }
}

/**
 * What stands around the sends of this thread has refused the message: see `Interceptor.layerSends`.
 *
 * **Errors** Nothing was sent. `reason` is the interceptor's.
 */
export class SendRefused extends Schema.TaggedError<SendRefused>("shared-nothing/actor/SendRefused")("SendRefused", {
  actor: Schema.String,
  reason: Schema.String,
  undelivered: Undelivered
}) {
  override get message() {
    return `${this.undelivered.tag} to ${this.actor} was not sent: ${this.reason}`
  }
}

/** What `tell` can fail with. */
export type TellError =
  | SendRefused
  | MailboxFull
  | ActorStopped
  | InvalidPayload
  | NotRouted
  | MessageTooLarge
  | ThreadLost
  | LayoutMismatch
  | LinkFull

/** What `ask` can fail with, besides the error that the protocol declares. */
export type AskError = TellError | ActorRestarting | AskTimeout

/** What a command can fail with that does not end its actor. */
export type ControlError = ActorStopped | AskTimeout | ThreadLost

/** What a stream that answers an `ask` can fail with, besides the error that the protocol declares. */
export type StreamError = AskError | StreamStalled | StreamBroken | InvalidElement

/** What `spawn` can fail with. */
export type SpawnError = BehaviourNotFound | NameTaken | SpawnFailed | LayoutMismatch | SpawnLost

/** What `keyed` can fail with. */
export type KeyedError = BehaviourNotFound | NameTaken | LayoutMismatch

/**
 * The thread chosen for the actor died before the actor was up.
 *
 * **Errors** Nothing was started. Spawn again: another thread is chosen, or the same one after its restart.
 */
export class SpawnLost extends Schema.TaggedError<SpawnLost>("shared-nothing/actor/SpawnLost")(
  "SpawnLost",
  { actor: Schema.String, thread: Schema.String, reason: Schema.String }
) {
  override get message() {
    return `${this.actor} could not be started: its thread ${this.thread} is down (${this.reason})`
  }
}

/** What sending to an actor, or starting one, can fail with. */
export type ActorError = StreamError | SpawnError

const tags: ReadonlySet<unknown> = new Set<ActorError["_tag"]>([
  "MailboxFull",
  "ActorStopped",
  "ActorRestarting",
  "AskTimeout",
  "ThreadLost",
  "InvalidPayload",
  "NotRouted",
  "MessageTooLarge",
  "LayoutMismatch",
  "LinkFull",
  "SendRefused",
  "StreamStalled",
  "StreamBroken",
  "InvalidElement",
  "BehaviourNotFound",
  "NameTaken",
  "SpawnFailed",
  "SpawnLost"
])

/** Whether an error is about reaching or starting an actor, and not one that its protocol declares. */
export const isActorError = <E>(error: E): error is E & ActorError => {
  if (typeof error !== "object" || error === null || !tags.has((error as { readonly _tag?: unknown })._tag)) {
    return false
  }
  const { actor, behaviour } = error as { readonly actor?: unknown; readonly behaviour?: unknown }
  return typeof (actor ?? behaviour) === "string"
}

/**
 * Whether nothing was handled or started, and the same may succeed a little later: `MailboxFull`, `ActorRestarting`, `LinkFull`, `SpawnLost`.
 *
 * **Gotchas** After `AskTimeout` and `ThreadLost` a handler may have run: whether to ask again is a matter of the message.
 *
 * **Example** (Asking again)
 *
 * ```ts
 * import { Actor, ActorError } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schedule from "effect/Schedule"
 * import * as Schema from "effect/Schema"
 *
 * const Counter = Actor.make("Counter", [Rpc.make("Get", { success: Schema.Int })])
 *
 * declare const counter: typeof Counter.ref.Type
 *
 * const count = counter.ask.Get({ timeout: "1 second" }).pipe(
 *   Effect.retry({ while: ActorError.isRetryable, times: 5, schedule: Schedule.exponential("10 millis") })
 * )
 * ```
 */
export const isRetryable = (error: unknown): boolean =>
  isActorError(error) &&
  (error._tag === "MailboxFull" || error._tag === "ActorRestarting" || error._tag === "LinkFull" ||
    error._tag === "SpawnLost")
