/**
 * The sending end of a channel.
 *
 * It promises that
 * - a value is sent at most once, and a send that fails or is interrupted has sent nothing: the exit says which;
 * - the values of one end arrive in the order in which they were sent, also when its fibers had to wait for room;
 * - a value that was not sent is in the error.
 *
 * It never drops a value, unless the channel's overflow policy says so, and counts what it drops.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { EndMoved, EndTaken, SendError, SendTimeout, Undelivered } from "./ChannelError.ts"

/** The key that marks a sender. */
export const TypeId: unique symbol = Symbol.for("shared-nothing/channel/Sender")

/**
 * The sending end of a channel of `A`.
 *
 * Every channel begins with one. It may be used by any number of fibers of its thread.
 */
export interface Sender<in out A> {
  readonly [TypeId]: typeof TypeId
  /** The name of the channel. */
  readonly channel: string
  /**
   * Sends a value; waits for room when the channel is full and its overflow policy is `"suspend"`.
   *
   * **Errors** `ChannelClosed`, `InvalidPayload`, `MessageTooLarge`, `EndMoved`, and with overflow `"fail"` `ChannelFull`:
   * each gives the value back in `undelivered`. Interrupting a send that waits takes the value back.
   */
  send(value: A): Effect.Effect<void, SendError<A>>
  /** Sends a value if that is possible without waiting; otherwise `ChannelFull`. */
  trySend(value: A): Effect.Effect<void, SendError<A>>
  /** Sends a value, waiting for room no longer than `timeout`; then `SendTimeout`, with the value. */
  sendWithin(value: A, timeout: Duration.Input): Effect.Effect<void, SendError<A> | Undelivered<SendTimeout, A>>
  /**
   * Sends values in their order, waiting for room as `send` does; `undelivered` holds those that were not sent.
   *
   * **Gotchas** Interrupting it leaves those sent that had room before.
   */
  sendAll(values: Iterable<A>): Effect.Effect<void, SendError<ReadonlyArray<A>>>
  /**
   * Sends a value without an effect, for callbacks and hot loops; `true` when it was sent, or dropped because the overflow
   * policy says so.
   *
   * **Gotchas** `false` says that it was not sent and not why: use `trySend` to learn the reason. Between threads it becomes visible at
   * the end of the running task, or with the 63 that follow it; a thread that dies before that takes it along, and `stats.lost` counts it.
   */
  sendUnsafe(value: A): boolean
  /**
   * Sends all values of a stream; done when the stream is. It does not close the end.
   *
   * **Errors** Those of the stream, and those of `sendAll`: `undelivered` holds the rest of the array that the stream gave last.
   */
  sendStream<E, R>(stream: Stream.Stream<A, E, R>): Effect.Effect<void, E | SendError<ReadonlyArray<A>>, R>
  /**
   * Another sending end of the same channel; closed with the scope. The channel is closed for its receivers when the last
   * one is.
   *
   * **Errors** `EndTaken` when the channel's kind has one sender, or when all places are taken; `EndMoved`.
   */
  readonly clone: Effect.Effect<Sender<A>, EndTaken | EndMoved, Scope.Scope>
  /**
   * Closes this end. Receivers receive what was sent, and then, when no sender is left, `ChannelClosed`.
   *
   * **Details** What waits for room on this end fails with `EndMoved` and has its value back. An unbounded sender to another
   * thread first waits until its channel has room for all that it holds.
   */
  readonly close: Effect.Effect<void>
  /** Messages that wait in the channel, as this end sees it. */
  readonly depth: Effect.Effect<number>
}

/** Whether a value is a sender of this library. */
export const isSender = (value: unknown): value is Sender<never> =>
  typeof value === "object" && value !== null && TypeId in value
