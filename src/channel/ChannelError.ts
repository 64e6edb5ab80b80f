/**
 * Everything that can go wrong between the two sides of a channel, as values.
 *
 * Each class is named by what happened and carries what a caller needs to act on it. A value that was not sent comes back
 * in `unsent`: nothing that the caller still holds is lost.
 */
import * as Schema from "effect/Schema"

/**
 * The channel had no room, and its overflow policy or the operation is not to wait.
 *
 * **Errors** Nothing was sent. Slow down, retry later, or make the channel with a larger `capacity` or with overflow
 * `"suspend"`.
 */
export class ChannelFull extends Schema.TaggedError<ChannelFull>("shared-nothing/ChannelFull")("ChannelFull", {
  channel: Schema.String,
  capacity: Schema.Number,
  unsent: Schema.Unknown
}) {
  override get message() {
    return `channel ${this.channel} is full (${this.capacity} messages): nothing was sent; retry later or use overflow "suspend"`
  }
}

/**
 * The other side, or the channel as a whole, is closed.
 *
 * **Errors** A sender gets its value back in `unsent`: nobody will receive it. A receiver gets this only after it has
 * received everything that was sent before; `unsent` is `undefined` then.
 */
export class ChannelClosed extends Schema.TaggedError<ChannelClosed>("shared-nothing/ChannelClosed")("ChannelClosed", {
  channel: Schema.String,
  /** Who closed: the last sender, the last receiver, or `close` of the channel. */
  by: Schema.Literals(["senders", "receivers", "channel"]),
  unsent: Schema.Unknown
}) {
  override get message() {
    const who = this.by === "channel" ? "it was closed" : `all its ${this.by} are gone`
    return `channel ${this.channel} is closed: ${who}`
  }
}

/**
 * There was no room in time.
 *
 * **Errors** Nothing was sent; the value comes back in `unsent`.
 */
export class SendTimeout extends Schema.TaggedError<SendTimeout>("shared-nothing/SendTimeout")("SendTimeout", {
  channel: Schema.String,
  timeoutMillis: Schema.Number,
  unsent: Schema.Unknown
}) {
  override get message() {
    return `channel ${this.channel} had no room within ${this.timeoutMillis} ms: nothing was sent`
  }
}

/**
 * Nothing arrived in time.
 *
 * **Errors** Nothing was taken: what arrives later is there for the next `receive`.
 */
export class ReceiveTimeout extends Schema.TaggedError<ReceiveTimeout>("shared-nothing/ReceiveTimeout")(
  "ReceiveTimeout",
  { channel: Schema.String, timeoutMillis: Schema.Number }
) {
  override get message() {
    return `nothing arrived on channel ${this.channel} within ${this.timeoutMillis} ms`
  }
}

/**
 * The value does not satisfy the schema of the channel.
 *
 * **Errors** Nothing was sent, and the channel goes on. `issue` is the schema's own account of what is wrong.
 */
export class InvalidMessage extends Schema.TaggedError<InvalidMessage>("shared-nothing/InvalidMessage")(
  "InvalidMessage",
  { channel: Schema.String, issue: Schema.String, unsent: Schema.Unknown }
) {
  override get message() {
    return `a message to channel ${this.channel} breaks its schema: ${this.issue}`
  }
}

/**
 * The encoded value does not fit the memory of the channel.
 *
 * **Errors** Nothing was sent, and the channel goes on. Send less at once, make the channel with a larger `bufferBytes`
 * (`messageBytes` for kind `"mpmc"`), or move large payloads through an arena.
 */
export class MessageTooLong extends Schema.TaggedError<MessageTooLong>("shared-nothing/MessageTooLong")(
  "MessageTooLong",
  { channel: Schema.String, sizeBytes: Schema.Number, limitBytes: Schema.Number, unsent: Schema.Unknown }
) {
  override get message() {
    return `a message to channel ${this.channel} takes ${this.sizeBytes} bytes; its memory allows ${this.limitBytes}`
  }
}

/**
 * The receiver was too slow: the sender has overwritten what it had not read.
 *
 * **Errors** `count` messages are gone for this receiver. The next `receive` goes on behind the gap. Only channels of kind
 * `"broadcast"` have this.
 */
export class MessagesMissed extends Schema.TaggedError<MessagesMissed>("shared-nothing/MessagesMissed")(
  "MessagesMissed",
  { channel: Schema.String, count: Schema.Number }
) {
  override get message() {
    return `a receiver of channel ${this.channel} was too slow and missed ${this.count} messages`
  }
}

/**
 * Shared memory does not hold what a sender of this channel would have written.
 *
 * **Errors** One message (`lostBytes` 0), or everything up to the next sound record, is gone; `receive` again goes on
 * behind it. The memory was damaged, or the two threads run different builds of the schema.
 */
export class MalformedMessage extends Schema.TaggedError<MalformedMessage>("shared-nothing/MalformedMessage")(
  "MalformedMessage",
  { channel: Schema.String, reason: Schema.String, lostBytes: Schema.Number }
) {
  override get message() {
    return `channel ${this.channel} holds damaged memory: ${this.reason}`
  }
}

/**
 * This end of the channel was handed to another thread, or closed.
 *
 * **Errors** Nothing was done. Use the end where it is now; for an end on both threads, `clone` it before handing it over.
 */
export class EndMoved extends Schema.TaggedError<EndMoved>("shared-nothing/EndMoved")("EndMoved", {
  channel: Schema.String,
  end: Schema.Literals(["sender", "receiver"]),
  how: Schema.Literals(["handed over", "closed"]),
  unsent: Schema.Unknown
}) {
  override get message() {
    return `this ${this.end} of channel ${this.channel} was ${this.how} and cannot be used here any more`
  }
}

/**
 * The channel's kind allows no other end of this sort, or all its places are taken.
 *
 * **Errors** Nothing was made. A second sender needs kind `"mpsc"` or `"mpmc"`, a second receiver `"mpmc"` or
 * `"broadcast"`; `limit` is how many ends of this sort the channel can have. A handle opens once.
 */
export class EndTaken extends Schema.TaggedError<EndTaken>("shared-nothing/EndTaken")("EndTaken", {
  channel: Schema.String,
  end: Schema.Literals(["sender", "receiver"]),
  kind: Schema.String,
  limit: Schema.Number
}) {
  override get message() {
    return `channel ${this.channel} of kind "${this.kind}" has no place for this ${this.end}: at most ${this.limit}, and a handle opens once`
  }
}

/**
 * Two threads compiled different layouts for the schema of one channel, or opened it as the wrong end.
 *
 * **Errors** Nothing was opened. Both threads must import the same schema of the same build.
 */
export class HandleMismatch extends Schema.TaggedError<HandleMismatch>("shared-nothing/HandleMismatch")(
  "HandleMismatch",
  { channel: Schema.String, expected: Schema.String, found: Schema.String }
) {
  override get message() {
    return `the handle of channel ${this.channel} is for ${this.found}, not for ${this.expected}: both threads must load the same schema`
  }
}

/**
 * A channel was asked for with options that make no sense.
 *
 * **Errors** A mistake of the programmer: it is a defect of `Channel.make`. The text says which option and what it may be.
 */
export class InvalidChannel extends Schema.TaggedError<InvalidChannel>("shared-nothing/InvalidChannel")(
  "InvalidChannel",
  { channel: Schema.String, option: Schema.String, value: Schema.Unknown, requirement: Schema.String }
) {
  override get message() {
    return `channel ${this.channel}: ${this.option} is ${String(this.value)}; it must be ${this.requirement}`
  }
}

/** An error that gives back the value, or the values, that were not sent. */
export type Unsent<E, A> = E & { readonly unsent: A }

/** What a send can fail with. */
export type SendError<A> = Unsent<
  ChannelClosed | ChannelFull | InvalidMessage | MessageTooLong | EndMoved,
  A
>

/** What a receive can fail with besides the end of the channel. */
export type ReceiveFailure = MessagesMissed | MalformedMessage | EndMoved

/** What a receive can fail with. */
export type ReceiveError = ChannelClosed | ReceiveFailure
