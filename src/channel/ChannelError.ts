/**
 * Everything that can go wrong between the two sides of a channel, as values.
 *
 * Each class is named by what happened and carries what a caller needs to act on it. A value that was not sent comes back
 * in `undelivered`: nothing that the caller still holds is lost.
 */
import { format } from "effect/Formatter"
import * as Schema from "effect/Schema"

/**
 * The channel had no room, and its overflow policy or the operation is not to wait.
 *
 * **Errors** Nothing was sent. Slow down, retry later, or make the channel with a larger `capacity` or with overflow
 * `"suspend"`.
 */
export class ChannelFull extends Schema.TaggedError<ChannelFull>("shared-nothing/channel/ChannelFull")("ChannelFull", {
  channel: Schema.String,
  capacity: Schema.Number,
  undelivered: Schema.Unknown
}) {
  override get message() {
    return `channel "${this.channel}" is full (${this.capacity} messages): nothing was sent, the value is in undelivered; `
      + `try later, or make the channel with a larger capacity or overflow "suspend"`
  }
}

/**
 * The other side, or the channel as a whole, is closed.
 *
 * **Errors** A sender gets its value back in `undelivered`: nobody will receive it. A receiver gets this only after it has
 * received everything that was sent before; `undelivered` is `undefined` then.
 */
export class ChannelClosed
  extends Schema.TaggedError<ChannelClosed>("shared-nothing/channel/ChannelClosed")("ChannelClosed", {
    channel: Schema.String,
    /** Who closed: the last sender, the last receiver, or `close` of the channel. */
    by: Schema.Literals(["senders", "receivers", "channel"]),
    undelivered: Schema.Unknown
  })
{
  override get message() {
    const who = this.by === "channel" ? "somebody closed it" : `all its ${this.by} are gone`
    const isSend = this.by === "receivers" || this.undelivered !== undefined
    return `channel "${this.channel}" is closed, ${who}; `
      + (isSend ? "nobody will receive, the value is in undelivered" : "everything sent before has been received")
  }
}

/**
 * There was no room in time.
 *
 * **Errors** Nothing was sent; the value comes back in `undelivered`.
 */
export class SendTimeout extends Schema.TaggedError<SendTimeout>("shared-nothing/channel/SendTimeout")("SendTimeout", {
  channel: Schema.String,
  timeoutMillis: Schema.Number,
  undelivered: Schema.Unknown
}) {
  override get message() {
    return `channel "${this.channel}" had no room within ${this.timeoutMillis} ms: nothing was sent, the value is in undelivered; `
      + `send it later, wait longer, or make the channel with a larger capacity`
  }
}

/**
 * Nothing arrived in time.
 *
 * **Errors** Nothing was taken: what arrives later is there for the next `receive`.
 */
export class ReceiveTimeout extends Schema.TaggedError<ReceiveTimeout>("shared-nothing/channel/ReceiveTimeout")(
  "ReceiveTimeout",
  { channel: Schema.String, timeoutMillis: Schema.Number }
) {
  override get message() {
    return `nothing arrived on channel "${this.channel}" within ${this.timeoutMillis} ms: nothing was taken; `
      + `receive again, or wait longer`
  }
}

/**
 * The value does not satisfy the schema of the channel, or cannot go to another thread.
 *
 * **Errors** Nothing was sent, and the channel goes on. `issue` is the schema's own account of what is wrong; for a channel
 * between threads it may also be that the value has no binary form, or that a parcel in it is not held any more.
 */
export class InvalidPayload extends Schema.TaggedError<InvalidPayload>("shared-nothing/channel/InvalidPayload")(
  "InvalidPayload",
  { channel: Schema.String, issue: Schema.String, undelivered: Schema.Unknown }
) {
  override get message() {
    return `channel "${this.channel}" refused a message, which is in undelivered; correct it: ${this.issue}`
  }
}

/**
 * The encoded value does not fit the memory of the channel.
 *
 * **Details** `sizeBytes` is the size of its record. Text takes 1 byte a character where all of its characters allow it, else 2.
 *
 * **Errors** Nothing was sent, and the channel goes on. Send less at once, make the channel with a larger `bufferBytes`
 * (`messageBytes` for kind `"mpmc"`), or move large payloads through an arena.
 */
export class MessageTooLarge extends Schema.TaggedError<MessageTooLarge>("shared-nothing/channel/MessageTooLarge")(
  "MessageTooLarge",
  { channel: Schema.String, sizeBytes: Schema.Number, limitBytes: Schema.Number, undelivered: Schema.Unknown }
) {
  override get message() {
    return `a message to channel "${this.channel}" takes ${this.sizeBytes} bytes `
      + `of the ${this.limitBytes} that one may take: nothing was sent, the value is in undelivered; send less at once, or make `
      + `the channel with a larger bufferBytes (messageBytes for kind "mpmc")`
  }
}

/**
 * The receiver was too slow: the sender has overwritten what it had not read.
 *
 * **Errors** `count` messages are gone for this receiver. The next `receive` goes on behind the gap. Only channels of kind
 * `"broadcast"` have this.
 */
export class MessagesMissed extends Schema.TaggedError<MessagesMissed>("shared-nothing/channel/MessagesMissed")(
  "MessagesMissed",
  { channel: Schema.String, count: Schema.Number }
) {
  override get message() {
    const messages = this.count === 1 ? "1 message" : `${this.count} messages`
    return `a receiver of channel "${this.channel}" was too slow and missed ${messages}: receive again to go on behind the gap, `
      + `or make the channel with a larger capacity`
  }
}

/**
 * Shared memory does not hold what a sender of this channel would have written.
 *
 * **Errors** One message (`lostBytes` 0), or everything up to the next sound record, is gone; `receive` again goes on
 * behind it. The memory was damaged, or the two threads run different builds of the schema.
 */
export class MalformedMessage extends Schema.TaggedError<MalformedMessage>("shared-nothing/channel/MalformedMessage")(
  "MalformedMessage",
  { channel: Schema.String, reason: Schema.String, lostBytes: Schema.Number }
) {
  override get message() {
    const lost = this.lostBytes === 0 ? "it is lost" : `${this.lostBytes} bytes up to the next sound one are lost`
    return `a message of channel "${this.channel}" cannot be read, ${lost}: ${this.reason}; receive again to go on behind it, `
      + `and let all its threads load the same build`
  }
}

/**
 * This end of the channel was handed to another thread, or closed.
 *
 * **Errors** Nothing was done. Use the end where it is now; for an end on both threads, `clone` it before handing it over.
 */
export class EndMoved extends Schema.TaggedError<EndMoved>("shared-nothing/channel/EndMoved")("EndMoved", {
  channel: Schema.String,
  end: Schema.Literals(["sender", "receiver"]),
  how: Schema.Literals(["handed over", "closed"]),
  undelivered: Schema.Unknown
}) {
  override get message() {
    const [what, advice] = this.how === "closed"
      ? ["closed and cannot be used any more", "use another end of it, or make a new channel"]
      : ["handed over and cannot be used here any more", "use it where it is now, or clone it before handing it over"]
    return `this ${this.end} of channel "${this.channel}" was ${what}: ${advice}`
  }
}

/**
 * The channel's kind allows no other end of this sort, or all its places are taken.
 *
 * **Errors** Nothing was made. A second sender needs kind `"mpsc"` or `"mpmc"`, a second receiver `"mpmc"` or
 * `"broadcast"`; `limit` is how many ends of this sort the channel can have. A handle opens once, and not after its end
 * was recovered.
 */
export class EndTaken extends Schema.TaggedError<EndTaken>("shared-nothing/channel/EndTaken")("EndTaken", {
  channel: Schema.String,
  end: Schema.Literals(["sender", "receiver"]),
  kind: Schema.String,
  limit: Schema.Number,
  /** The kind allows one; all places are taken (`ends`); the handle was opened before, or its end recovered. */
  why: Schema.Literals(["kind", "ends", "handle"])
}) {
  override get message() {
    const { channel, end, kind, limit } = this
    switch (this.why) {
      case "kind": {
        const other = end === "sender" ? `"mpsc" or "mpmc"` : `"mpmc" or "broadcast"`
        return `channel "${channel}" of kind "${kind}" has one ${end} and no place for another: make it of kind ${other}`
      }
      case "ends":
        return `channel "${channel}" has no place for another ${end}, all ${limit} are taken: close one, or make it with more ends`
      case "handle":
        return `the handle of a ${end} of channel "${channel}" was opened before, or its end was recovered, and a handle opens `
          + `once: hand over one clone for each thread`
    }
  }
}

/**
 * Two threads compiled different layouts for the schema of one channel, or opened it as the wrong end.
 *
 * **Errors** Nothing was opened. Both threads must import the same schema of the same build.
 */
export class HandleMismatch extends Schema.TaggedError<HandleMismatch>("shared-nothing/channel/HandleMismatch")(
  "HandleMismatch",
  {
    channel: Schema.String,
    expected: Schema.String,
    found: Schema.String,
    /** What was given is no handle; it is one of the other side; it is one of another schema. */
    why: Schema.Literals(["handle", "side", "schema"])
  }
) {
  override get message() {
    const { channel, expected, found } = this
    switch (this.why) {
      case "handle":
        return `${found} was given where the handle of ${expected} belongs: give what SharedChannel.handOver answered`
      case "side":
        return `the handle of channel "${channel}" is for ${found}, not for ${expected}: open it as what it is, or hand over the other end`
      case "schema":
        return `the handle of channel "${channel}" is for ${found}, not for ${expected}: both threads must load the same schema of the same build`
    }
  }
}

/**
 * A channel was asked for with options that make no sense.
 *
 * **Errors** A mistake of the programmer: it is a defect of `Channel.make` and `SharedChannel.make`. The text says which option and
 * what it may be.
 */
export class InvalidChannel extends Schema.TaggedError<InvalidChannel>("shared-nothing/channel/InvalidChannel")(
  "InvalidChannel",
  { channel: Schema.String, option: Schema.String, value: Schema.Unknown, requirement: Schema.String }
) {
  override get message() {
    return `channel "${this.channel}": ${this.option} is ${format(this.value)}; it must be ${this.requirement}`
  }
}

/** An error that gives back the value, or the values, that were not sent. */
export type Undelivered<E, A> = E & { readonly undelivered: A }

/** What a send can fail with. */
export type SendError<A> = Undelivered<
  ChannelClosed | ChannelFull | InvalidPayload | MessageTooLarge | EndMoved,
  A
>

/** What a receive can fail with besides the end of the channel. */
export type ReceiveFailure = MessagesMissed | MalformedMessage | EndMoved

/** What a receive can fail with. */
export type ReceiveError = ChannelClosed | ReceiveFailure
