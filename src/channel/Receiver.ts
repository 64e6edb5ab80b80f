/**
 * The receiving end of a channel.
 *
 * It promises that
 * - a message goes to one receiver once (to each receiver once, for a broadcast); a receive that failed or was interrupted
 *   has taken nothing: the exit says which;
 * - messages of one sending end come in the order in which they were sent;
 * - `ChannelClosed` comes after everything that was sent before the close.
 *
 * It never decodes ahead: what nobody has received is still in the channel.
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { EndMoved, EndTaken, ReceiveError, ReceiveFailure, ReceiveTimeout } from "./ChannelError.ts"

/** The key that marks a receiver. */
export const TypeId: unique symbol = Symbol.for("shared-nothing/channel/Receiver")

/**
 * The receiving end of a channel of `A`.
 *
 * Every channel begins with one. It may be used by any number of fibers of its thread; they are served in the order in
 * which they came.
 */
export interface Receiver<out A> {
  readonly [TypeId]: typeof TypeId
  /** The name of the channel. */
  readonly channel: string
  /**
   * Receives the next message, waiting for it.
   *
   * **Errors** `ChannelClosed` when nothing will come any more; `MessagesMissed` (broadcast) and `MalformedMessage`, after
   * which the next receive goes on; `EndMoved`.
   */
  readonly receive: Effect.Effect<A, ReceiveError>
  /** The next message if one is there. */
  readonly tryReceive: Effect.Effect<Option.Option<A>, ReceiveError>
  /** Receives the next message, waiting no longer than `timeout`; then `ReceiveTimeout`. */
  receiveWithin(timeout: Duration.Input): Effect.Effect<A, ReceiveError | ReceiveTimeout>
  /** Receives what is there, at least one message and at most `max`, waiting for the first. */
  receiveBatch(max: number): Effect.Effect<ReadonlyArray<A>, ReceiveError>
  /**
   * Hands what is there to `handle`, at most `max` messages, without an effect; returns how many.
   *
   * **Details** 0 when nothing is there, -1 when the next receive would fail: `receive` tells why. A message whose
   * `handle` throws is consumed.
   */
  drainUnsafe(handle: (message: A) => void, max?: number): number
  /**
   * All messages until the channel is closed.
   *
   * **Details** Between batches other fibers, timers and sockets have their turn, however long each message takes.
   *
   * **Gotchas** Messages come in batches of at most 64, fewer when each takes long; what a batch still holds when the stream is left early is gone. Messages
   * with which something moves come one at a time.
   */
  readonly stream: Stream.Stream<A, ReceiveFailure>
  /**
   * A queue that is fed with the messages, and ends when the channel is closed.
   *
   * **Gotchas** Up to 32 messages are in the queue or on their way to it, and no longer in the channel. Not for messages with which something moves: what is
   * still in the queue when its scope closes is let go of by nobody, and keeps its memory. Take these from `stream`, or one by one.
   */
  readonly toQueue: Effect.Effect<Queue.Dequeue<A, ReceiveFailure | Cause.Done>, never, Scope.Scope>
  /**
   * Another receiving end of the same channel; closed with the scope. A new receiver of a broadcast gets what is sent from
   * now on.
   *
   * **Errors** `EndTaken` when the channel's kind has one receiver, or when all places are taken; `EndMoved`.
   */
  readonly clone: Effect.Effect<Receiver<A>, EndTaken | EndMoved, Scope.Scope>
  /** Closes this end. When no receiver is left, senders fail with `ChannelClosed` and have their values back. */
  readonly close: Effect.Effect<void>
  /** Messages that wait for this end. */
  readonly depth: Effect.Effect<number>
}

/** Whether a value is a receiver of this library. */
export const isReceiver = (value: unknown): value is Receiver<unknown> =>
  typeof value === "object" && value !== null && TypeId in value
