/**
 * Channels between threads: their messages are encoded by the schema's codec into rings in shared memory, and their ends
 * can be handed to other threads.
 *
 * {@link make} makes a channel and its first two ends on this thread. An end goes to another thread as a *handle*
 * ({@link handOver}), plain data for `postMessage` or `workerData`, and is opened there with {@link openSender} or
 * {@link openReceiver}; `ChannelThread` does all of it for whole worker threads.
 *
 * Besides what every channel promises (see `Channel.ts`):
 * - nothing is allocated, locked or posted for a message; a thread is woken only when it sleeps;
 * - a thread that dies closes its ends: what it was writing is reported as lost, once, and blocks nobody; messages that it
 *   had sent arrive. That takes {@link recover}, called by who sees the thread's `exit` event;
 * - parcels (`wire/Parcel`) in a message move with it: they leave the sender's hands when it is sent, and are the
 *   receiver's when it is received;
 * - two threads that run different builds of the schema are told so when the second one opens its end.
 *
 * `capacity` counts messages of each sender for kinds `"spsc"` and `"mpsc"`, and messages in all for `"mpmc"`, where it
 * must be a power of two, 2 or more. Messages of kind `"mpmc"` are in the order of their claims: `tryReceive` finds nothing behind one that
 * another thread is writing at that moment, and `trySend` no room where another is reading; with nobody else in the middle of a message both
 * are exact, of a thread's own messages and of others'. A broadcast keeps about `capacity` messages of the size that its schema needs.
 */
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as RosterMemory from "../memory/Roster.ts"
import * as Bulletin from "../observe/kernel/Bulletin.ts"
import { broadcastOf, EXIT } from "../thread/kernel/Broadcast.ts"
import { CurrentThread, thread } from "../thread/kernel/CurrentThread.ts"
import * as Codec from "../wire/Codec.ts"
import type { Channel } from "./Channel.ts"
import { type EndMoved, EndTaken, HandleMismatch } from "./ChannelError.ts"
import { refuse, type SharedOptions, sharedSettingsOf } from "./ChannelOptions.ts"
import type { ChannelStats } from "./ChannelStats.ts"
import { createRing, endsOf } from "./internal/createRing.ts"
import { type EndSchema, receiverSchema, senderSchema } from "./internal/endSchema.ts"
import { handOverTo } from "./internal/handingOver.ts"
import { kinds } from "./internal/kinds.ts"
import {
  type Access,
  accessOf,
  createMemory,
  type Handle,
  isHandle,
  type Loss,
  openMemory,
  receivedIn,
  sentIn,
  waitingAt,
  waitingIn,
  wakeAll
} from "./internal/sharedMemory.ts"
import { SharedReceiver } from "./internal/sharedReceiver.ts"
import { SharedSender } from "./internal/sharedSender.ts"
import { takeOff } from "./internal/takeOff.ts"
import type { Receiver as ReceivingEnd } from "./Receiver.ts"
import type { Sender as SendingEnd } from "./Sender.ts"

/** An end on its way to another thread: plain data that `postMessage` and `workerData` clone. */
export type { Handle }
/** Messages that died with a thread. */
export type { Loss }

/** A channel between threads, as who made it holds it. */
export interface SharedChannel<in out A> extends Channel<A> {
  /** Messages that died with threads whose ends were recovered by this thread, as they are found out. */
  readonly losses: Stream.Stream<Loss>
}

/**
 * Schema of a sending end that moves with its message, through a channel between threads or to an actor; `schema` is that of its channel.
 *
 * **Details**: the sender of the message has the end no longer: its object fails with `EndMoved`, and what waited there does. The receiver of the
 * message owns it, and closes it; it is closed with its thread, and with a message that nobody comes to handle. Send a `clone` to keep one.
 *
 * **Errors**: a message with an end that is gone, or that still holds messages for which there was no room, is refused as `InvalidPayload`.
 *
 * **Example** (An answer as a stream)
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { SharedChannel } from "shared-nothing"
 *
 * const Query = Schema.Struct({ upTo: Schema.Int, primes: SharedChannel.Sender(Schema.Int) })
 * ```
 */
export const Sender: <S extends Schema.Top>(schema: S) => EndSchema<SendingEnd<S["Type"]>> = senderSchema

/**
 * Schema of a receiving end that moves with its message, as {@link Sender}.
 *
 * **Errors**: a receiver of a broadcast, and one that has a failure to tell first, are refused as `InvalidPayload`.
 */
export const Receiver: <S extends Schema.Top>(schema: S) => EndSchema<ReceivingEnd<S["Type"]>> = receiverSchema

/** Reports that wait for a slow subscriber of `losses`; it misses older ones, the others do not. */
const LOSSES = 256

/**
 * Makes a channel between threads, with its first two ends on this one; it is closed with the scope, for all threads.
 *
 * **Gotchas** What another thread sends while `close` runs on this one may be accepted there and received by nobody. Let the
 * senders close their ends instead: then everything that was sent is received.
 *
 * **Errors** Dies with `InvalidChannel` for options that make no sense or take more memory than there is, and with `SchemaUnsupported` for a schema whose
 * values have no binary form.
 */
export const make = <S extends Schema.Top>(
  schema: S,
  options: SharedOptions = {}
): Effect.Effect<SharedChannel<S["Type"]>, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function*() {
      const settings = sharedSettingsOf(options)
      const codec = Codec.compile(schema)
      if (codec.carries && kinds[settings.kind].isBroadcast) {
        refuse(
          settings.name,
          "kind",
          settings.kind,
          "another one for messages that move something, which one receiver can take"
        )
      }
      const ends = endsOf(settings, options)
      const thread = yield* CurrentThread
      const { fixedBytes } = codec
      const memory = createMemory(createRing(settings, options, fixedBytes, ends), ends, broadcastOf(thread).unique())
      const lost = yield* PubSub.sliding<Loss>(LOSSES)
      const onLoss = (loss: Loss) => Bulletin.publish(lost, loss)
      const access = openMemory<S["Type"]>(thread, settings, codec, memory, onLoss)
      return { channel: channelOf(access, lost), lost, carries: codec.carries }
    }),
    // What nobody receives after this is released.
    ({ carries, channel, lost }) =>
      Effect.andThen(
        carries ? Effect.andThen(channel.close, channel.receiver.close) : channel.close,
        PubSub.shutdown(lost)
      )
  ).pipe(Effect.map(({ channel }) => channel))

const channelOf = <A>(access: Access<A>, lost: PubSub.PubSub<Loss>): SharedChannel<A> => {
  const { roster, settings } = access
  const sender = new SharedSender(access, roster.join(RosterMemory.SENDER, -1))
  const receiver = new SharedReceiver(access, roster.join(RosterMemory.RECEIVER, -1))
  return {
    name: settings.name,
    sender,
    receiver,
    close: Effect.sync(() => {
      // What was sent before the close comes before it.
      for (const end of access.ends) end.settle()
      if (roster.close()) wakeAll(access)
    }),
    stats: Effect.sync((): ChannelStats => ({
      sent: sentIn(access) >>> 0,
      received: receivedIn(access) >>> 0,
      dropped: roster.dropped(),
      missed: roster.missed(),
      lost: roster.lost(),
      depth: waitingIn(access),
      waitingSenders: waitingAt(access, "sender"),
      waitingReceivers: waitingAt(access, "receiver"),
      senders: roster.count(RosterMemory.SENDER),
      receivers: roster.count(RosterMemory.RECEIVER)
    })),
    losses: Stream.fromPubSub(lost)
  }
}

/**
 * Takes an end out of use on this thread and answers the handle with which one other thread opens it.
 *
 * **Details** What was sent on it becomes visible first. What waits there fails with `EndMoved` and has its values back.
 *
 * **Gotchas** From here on the end belongs to whoever opens the handle. Keep the handle for {@link recover}. A thread that
 * hands such an end on is the one that it dies with: hand it on only to threads that end with that thread, as its own workers
 * do.
 *
 * **Errors** `EndMoved` when the end was handed over or closed before. Dies with a `TypeError` that says what was given when
 * it is something else: an end of a channel within one thread (`Channel.make`), or no end at all.
 */
export const handOver = <A>(end: SendingEnd<A> | ReceivingEnd<A>): Effect.Effect<Handle, EndMoved> =>
  Effect.suspend(() => {
    let handle: Handle
    const keep = (made: Handle) => {
      handle = made
    }
    return Effect.map(handOverTo("SharedChannel.handOver", end, keep), () => handle)
  })

/**
 * Opens a sending end that another thread has handed over; closed with the scope.
 *
 * **Errors** `HandleMismatch` when the handle is for the other end or another schema; `EndTaken` when it was opened before
 * or recovered. Dies with `InvalidMemory` when the shared memory of the handle is damaged.
 */
export const openSender = <S extends Schema.Top>(
  schema: S,
  handle: unknown
): Effect.Effect<SendingEnd<S["Type"]>, HandleMismatch | EndTaken, Scope.Scope> =>
  open(schema, handle, "sender", (access, { end }) => new SharedSender(access, end))

/**
 * Opens a receiving end that another thread has handed over; closed with the scope.
 *
 * **Errors** As {@link openSender}.
 */
export const openReceiver = <S extends Schema.Top>(
  schema: S,
  handle: unknown
): Effect.Effect<ReceivingEnd<S["Type"]>, HandleMismatch | EndTaken, Scope.Scope> =>
  open(schema, handle, "receiver", (access, handle) => new SharedReceiver(access, handle.end, handle))

const open = <S extends Schema.Top, End extends { readonly close: Effect.Effect<void> }>(
  schema: S,
  handle: unknown,
  side: Handle["side"],
  make: (access: Access<S["Type"]>, handle: Handle) => End
): Effect.Effect<End, HandleMismatch | EndTaken, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.flatMap(CurrentThread, (thread): Effect.Effect<End, HandleMismatch | EndTaken> => {
      const codec = Codec.compile(schema)
      const mismatch = (why: HandleMismatch["why"], channel: string, expected: string, found: string) =>
        Effect.fail(new HandleMismatch({ channel, expected, found, why }))
      if (!isHandle(handle)) return mismatch("handle", "?", `a ${side}`, noHandle(handle))
      if (handle.side !== side) return mismatch("side", handle.channel, `a ${side}`, `a ${handle.side}`)
      if (handle.layoutHash !== codec.layoutHash) {
        const found = `a ${side} of another layout (${handle.layoutHash}, not ${codec.layoutHash})`
        return mismatch("schema", handle.channel, `a ${side} of layout ${codec.layout}`, found)
      }
      const access = openMemory<S["Type"]>(thread, handle.settings, codec, handle.memory)
      const roster = side === "sender" ? RosterMemory.SENDER : RosterMemory.RECEIVER
      if (!access.roster.open(handle.end, roster)) {
        return Effect.fail(
          new EndTaken({
            channel: handle.channel,
            end: side,
            kind: handle.settings.kind,
            limit: access.roster.rows,
            why: "handle"
          })
        )
      }
      return Effect.succeed(make(access, handle))
    }),
    (end) => end.close
  )

const noHandle = (value: unknown): string =>
  value === null ? "null" : value === undefined ? "undefined" : `this ${typeof value}`

/**
 * Takes off the end that was handed to a thread which has exited, and all ends that were made from it there; answers how
 * many messages died with it.
 *
 * **When to use** In the `exit` event of a worker that you started yourself; `ChannelThread` does it for you. Calling it
 * again does nothing.
 *
 * **Gotchas** Never before the `exit` event: what a living thread is writing would be taken from it.
 */
export const recover = (handle: Handle): Effect.Effect<number> => Effect.sync(() => recoverUnsafe(handle))

/** {@link recover}, without an effect. */
export const recoverUnsafe = (handle: Handle): number => {
  const access = accessOf(handle) ?? openMemory<unknown>(thread, handle.settings, neverCoded, handle.memory)
  const holder = access.roster.holderOf(handle.end)
  const lost = takeOff(access, handle.side, handle.end)
  // It may have had other ends, which came to it in messages.
  const voice = broadcastOf(access.thread)
  if (holder > 0 && holder !== voice.number) voice.say(EXIT, holder)
  return lost
}

/** Where the channel is not known on this thread, recovery reads no message. */
const neverCoded = { carries: false } as Codec.Codec<unknown>
