/**
 * The sending end of a channel, and what all kinds of it do alike: wait for room, give up, give values back.
 *
 * It promises that
 * - a value is sent at most once, and a send that fails or is interrupted has sent nothing: the exit says which;
 * - the values of one end arrive in the order in which they were sent, also when its fibers had to wait for room;
 * - a value that was not sent is in the error.
 *
 * It never drops a value, unless the channel's overflow policy says so, and counts what it drops.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { SchedulerDispatcher } from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ChannelFull, type EndMoved, type EndTaken, type SendError, SendTimeout, type Unsent } from "./ChannelError.ts"
import type { Overflow } from "./ChannelOptions.ts"
import { nested } from "./internal/depth.ts"
import { Line, type Waiter } from "./internal/line.ts"

/**
 * The sending end of a channel of `A`.
 *
 * Every channel begins with one. It may be used by any number of fibers of its thread.
 */
export interface Sender<in out A> {
  /** The name of the channel. */
  readonly channel: string
  /**
   * Sends a value; waits for room when the channel is full and its overflow policy is `"suspend"`.
   *
   * **Errors** `ChannelClosed`, `InvalidMessage`, `MessageTooLong`, `EndMoved`, and with overflow `"fail"` `ChannelFull`:
   * each gives the value back in `unsent`. Interrupting a send that waits takes the value back.
   */
  send(value: A): Effect.Effect<void, SendError<A>>
  /** Sends a value if that is possible without waiting; otherwise `ChannelFull`. */
  trySend(value: A): Effect.Effect<void, SendError<A>>
  /** Sends a value, waiting for room no longer than `timeout`; then `SendTimeout`, with the value. */
  sendWithin(value: A, timeout: Duration.Input): Effect.Effect<void, SendError<A> | Unsent<SendTimeout, A>>
  /**
   * Sends values in their order, waiting for room as `send` does; `unsent` holds those that were not sent.
   *
   * **Gotchas** Interrupting it leaves those sent that had room before.
   */
  sendAll(values: Iterable<A>): Effect.Effect<void, SendError<ReadonlyArray<A>>>
  /**
   * Sends a value without an effect, for callbacks and hot loops; `true` when it was sent.
   *
   * **Gotchas** `false` says that it was not sent and not why: use `trySend` to learn the reason.
   */
  sendUnsafe(value: A): boolean
  /** Sends all values of a stream; done when the stream is. */
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

/** Answer of {@link SenderBase.offer}: the channel has the value. */
export const SENT = 0
/** Answer of {@link SenderBase.offer}: there is no room now. */
export const FULL = 1
/** Answer of {@link SenderBase.offer}: the value cannot be sent; the reason is in `failure`. */
export const FAILED = 2

/** What became of a value. */
export type Offered = typeof SENT | typeof FULL | typeof FAILED

interface SendWaiter<A> extends Waiter {
  readonly value: A
  readonly done: (exit: Exit.Exit<void, SendError<A>>) => void
  readonly dispatcher: SchedulerDispatcher
}

/** What every kind of sender shares; a kind says how to offer a value and how to hear of room. */
export abstract class SenderBase<A> implements Sender<A> {
  readonly channel: string
  readonly capacity: number
  readonly overflow: Overflow
  /** Why the last offer failed. */
  protected failure: SendError<A> | undefined = undefined
  private readonly line = new Line<SendWaiter<A>>()
  private isAdmitting = false

  constructor(channel: string, capacity: number, overflow: Overflow) {
    this.channel = channel
    this.capacity = capacity
    this.overflow = overflow
  }

  /** Sends a value if there is room. */
  protected abstract offer(value: A): Offered
  /** Makes room by dropping the oldest message, for overflow `"dropOldest"`. */
  protected abstract dropOldest(): void
  /** Counts a message that was dropped. */
  protected abstract countDropped(): void
  /** The first fiber begins to wait: from now on {@link admit} is called when there may be room. */
  protected abstract watch(): void
  /** No fiber waits any more. */
  protected abstract unwatch(): void
  abstract readonly clone: Effect.Effect<Sender<A>, EndTaken | EndMoved, Scope.Scope>
  abstract readonly close: Effect.Effect<void>
  abstract readonly depth: Effect.Effect<number>

  /** How many fibers wait for room. */
  get waiting(): number {
    return this.line.length
  }

  send(value: A): Effect.Effect<void, SendError<A>> {
    return Effect.suspend(() => {
      const offered = this.line.length > 0 ? FULL : this.offer(value)
      if (offered === SENT) return Exit.void
      if (offered === FAILED) return Exit.fail(this.failure!)
      return this.overflow === "suspend" ? this.wait(value) : this.overflowing(value)
    })
  }

  trySend(value: A): Effect.Effect<void, SendError<A>> {
    return Effect.suspend(() => {
      const offered = this.line.length > 0 ? FULL : this.offer(value)
      if (offered === SENT) return Exit.void
      if (offered === FAILED) return Exit.fail(this.failure!)
      return this.overflow === "suspend" ? Exit.fail(this.full(value)) : this.overflowing(value)
    })
  }

  sendWithin(value: A, timeout: Duration.Input): Effect.Effect<void, SendError<A> | Unsent<SendTimeout, A>> {
    const duration = Duration.fromInputUnsafe(timeout)
    return Effect.timeoutOrElse(this.send(value), {
      duration,
      orElse: () =>
        Effect.fail(
          new SendTimeout({
            channel: this.channel,
            timeoutMillis: Duration.toMillis(duration),
            unsent: value
          }) as Unsent<SendTimeout, A>
        )
    })
  }

  sendAll(values: Iterable<A>): Effect.Effect<void, SendError<ReadonlyArray<A>>> {
    return Effect.suspend(() => {
      const all = Array.isArray(values) ? values as ReadonlyArray<A> : [...values]
      return this.sendFrom(all, 0)
    })
  }

  private sendFrom(values: ReadonlyArray<A>, from: number): Effect.Effect<void, SendError<ReadonlyArray<A>>> {
    let index = from
    while (index < values.length && this.line.length === 0) {
      const offered = this.offer(values[index]!)
      if (offered === FULL) break
      if (offered === FAILED) return Exit.fail(withRest(this.failure!, values, index))
      index++
    }
    if (index === values.length) return Exit.void
    return Effect.matchEffect(this.send(values[index]!), {
      onFailure: (error) => Exit.fail(withRest(error, values, index)),
      onSuccess: () => this.sendFrom(values, index + 1)
    })
  }

  sendUnsafe(value: A): boolean {
    if (this.line.length > 0) return false
    const offered = this.offer(value)
    if (offered === SENT) return true
    return offered === FULL && this.overflow !== "suspend" && Exit.isSuccess(this.overflowing(value))
  }

  sendStream<E, R>(stream: Stream.Stream<A, E, R>): Effect.Effect<void, E | SendError<ReadonlyArray<A>>, R> {
    return Stream.runForEachArray(stream, (values) => this.sendAll(values))
  }

  /** Lets fibers through that wait for room, as many as there is room for. */
  protected admit(): void {
    const first = this.line.peek()
    // Who is let through runs at once and may make room in its turn: the loop that is running goes on with it.
    if (first === undefined || this.isAdmitting) return
    nested(() => this.admitAll(), first.dispatcher)
  }

  private admitAll(): void {
    if (this.isAdmitting) return
    this.isAdmitting = true
    try {
      for (let first = this.line.peek(); first !== undefined; first = this.line.peek()) {
        const offered = this.offer(first.value)
        if (offered === FULL) break
        const exit = offered === SENT ? Exit.void : Exit.fail(this.failure!)
        this.line.leave(first)
        if (this.line.length === 0) this.unwatch()
        first.done(exit)
      }
    } finally {
      this.isAdmitting = false
    }
  }

  private wait(value: A): Effect.Effect<void, SendError<A>> {
    return Effect.callback<void, SendError<A>>((resume) => {
      const waiter: SendWaiter<A> = {
        previous: undefined,
        next: undefined,
        waits: false,
        value,
        done: resume,
        dispatcher: Fiber.getCurrent()!.currentDispatcher
      }
      this.line.join(waiter)
      if (this.line.length === 1) this.watch()
      return Effect.sync(() => {
        if (!waiter.waits) return
        this.line.leave(waiter)
        if (this.line.length === 0) this.unwatch()
        else this.admit()
      })
    })
  }

  private overflowing(value: A): Exit.Exit<void, SendError<A>> {
    if (this.overflow === "fail") return Exit.fail(this.full(value))
    if (this.overflow === "dropOldest") {
      for (let offered: Offered = FULL; offered === FULL;) {
        this.dropOldest()
        offered = this.offer(value)
        if (offered === FAILED) return Exit.fail(this.failure!)
      }
      return Exit.void
    }
    this.countDropped()
    return Exit.void
  }

  private full(value: A): SendError<A> {
    return new ChannelFull({ channel: this.channel, capacity: this.capacity, unsent: value }) as SendError<A>
  }
}

/** The same error with everything that was not sent. */
const withRest = <A>(
  error: SendError<A>,
  values: ReadonlyArray<A>,
  from: number
): SendError<ReadonlyArray<A>> => {
  const Class = error.constructor as new(fields: object) => SendError<ReadonlyArray<A>>
  return new Class({ ...error, unsent: values.slice(from) })
}
