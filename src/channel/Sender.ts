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
import type * as Fiber from "effect/Fiber"
import type { SchedulerDispatcher } from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ChannelFull, type EndMoved, type EndTaken, type SendError, SendTimeout, type Unsent } from "./ChannelError.ts"
import type { Overflow } from "./ChannelOptions.ts"
import { Line, type Waiter } from "./internal/line.ts"
import { hasShortTurns, isLastOfTurn, startTimer } from "./internal/steps.ts"
import { type Served, Turns } from "./internal/turns.ts"

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
   * Sends a value without an effect, for callbacks and hot loops; `true` when it was sent, or dropped because the overflow
   * policy says so.
   *
   * **Gotchas** `false` says that it was not sent and not why: use `trySend` to learn the reason. Between threads it becomes visible at
   * the end of the running task, or with the 63 that follow it.
   */
  sendUnsafe(value: A): boolean
  /**
   * Sends all values of a stream; done when the stream is. It does not close the end.
   *
   * **Errors** Those of the stream, and those of `sendAll`: `unsent` holds the rest of the array that the stream gave last.
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

/** Answer of {@link SenderBase.offer}: the channel has the value. */
export const SENT = 0
/** Answer of {@link SenderBase.offer}: there is no room now. */
export const FULL = 1
/** Answer of {@link SenderBase.offer}: the value cannot be sent; the reason is in `failure`. */
export const FAILED = 2

/** What became of a value. */
export type Offered = typeof SENT | typeof FULL | typeof FAILED

// Of kind mpmc, other senders may take the room that was made, or a receiver may still read what lies there.
const MAKE_ROOM_LOOKS = 1024
const LOOKS_PER_DROP = 512

interface SendWaiter<A> extends Waiter {
  readonly value: A
  done: (exit: Exit.Exit<void, SendError<A>>) => void
  readonly dispatcher: SchedulerDispatcher
}

/** What every kind of sender shares; a kind says how to offer a value and how to hear of room. */
export abstract class SenderBase<A> implements Sender<A>, Served {
  readonly channel: string
  readonly capacity: number
  readonly overflow: Overflow
  /** Why the last offer failed. */
  protected failure: SendError<A> | undefined = undefined
  private readonly line = new Line<SendWaiter<A>>()
  private readonly turns = new Turns(this)

  constructor(channel: string, capacity: number, overflow: Overflow) {
    this.channel = channel
    this.capacity = capacity
    this.overflow = overflow
  }

  /** Sends a value if there is room. */
  protected abstract offer(value: A): Offered
  /** Makes room by dropping the oldest message, for overflow `"dropOldest"`. */
  protected abstract dropOldest(): void
  /** What was offered is to be visible to the receivers when this returns. */
  protected abstract publish(): void
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

  /** The dispatcher of the fiber that has waited longest. */
  get dispatcher(): SchedulerDispatcher | undefined {
    return this.line.peek()?.dispatcher
  }

  /** Whether the room is for fibers that came earlier. */
  protected othersFirst(): boolean {
    return this.line.length > 0
  }

  send(value: A): Effect.Effect<void, SendError<A>> {
    return Effect.withFiber((fiber): Effect.Effect<void, SendError<A>> => {
      if (isLastOfTurn(fiber)) return Effect.andThen(Effect.yieldNow, this.send(value))
      const exit = this.sendNow(value)
      if (exit !== undefined) this.publish()
      return exit ?? (this.overflow === "suspend" ? this.wait(fiber, value) : this.overflowing(value))
    })
  }

  trySend(value: A): Effect.Effect<void, SendError<A>> {
    return Effect.withFiber((fiber): Effect.Effect<void, SendError<A>> => {
      if (isLastOfTurn(fiber)) return Effect.andThen(Effect.yieldNow, this.trySend(value))
      const exit = this.sendNow(value)
      if (exit !== undefined) this.publish()
      return exit ?? (this.overflow === "suspend" ? Exit.fail(this.full(value)) : this.overflowing(value))
    })
  }

  sendWithin(value: A, timeout: Duration.Input): Effect.Effect<void, SendError<A> | Unsent<SendTimeout, A>> {
    const duration = Duration.fromInputUnsafe(timeout)
    return Effect.withFiber((fiber): Effect.Effect<void, SendError<A> | Unsent<SendTimeout, A>> => {
      if (isLastOfTurn(fiber)) return Effect.andThen(Effect.yieldNow, this.sendWithin(value, duration))
      const exit = this.sendNow(value)
      if (exit !== undefined) this.publish()
      return exit ?? (this.overflow === "suspend" ? this.wait(fiber, value, duration) : this.overflowing(value))
    })
  }

  sendAll(values: Iterable<A>): Effect.Effect<void, SendError<ReadonlyArray<A>>> {
    return Effect.suspend(() => {
      const isArray = Array.isArray(values)
      return this.sendFrom(isArray ? values as ReadonlyArray<A> : [...values], 0, !isArray)
    })
  }

  private sendFrom(
    values: ReadonlyArray<A>,
    from: number,
    isOwn: boolean
  ): Effect.Effect<void, SendError<ReadonlyArray<A>>> {
    let index = from
    while (index < values.length) {
      // Nobody comes to wait while this runs.
      if (!this.othersFirst()) index = this.offerFrom(values, index)
      if (index === values.length) break
      const value = values[index]!
      const exit = this.sendNow(value) ?? (this.overflow === "suspend" ? undefined : this.overflowing(value))
      if (exit === undefined) {
        this.publish()
        // The caller may change its array while this waits.
        const own = isOwn ? values : values.slice()
        // Not `wait`: there may be room again by the time that the fiber gets to it.
        return Effect.matchEffect(this.send(value), {
          onFailure: (error) => Exit.fail(withRest(error, own, index)),
          onSuccess: () => this.sendFrom(own, index + 1, true)
        })
      }
      if (Exit.isFailure(exit)) {
        this.publish()
        return Exit.fail(withRest(this.failure!, values, index))
      }
      index++
    }
    this.publish()
    return Exit.void
  }

  /** Sends values as long as there is room; the index of the first that was not sent. */
  private offerFrom(values: ReadonlyArray<A>, from: number): number {
    let index = from
    while (index < values.length && this.offer(values[index]!) === SENT) index++
    return index
  }

  sendUnsafe(value: A): boolean {
    const exit = this.sendNow(value)
    if (exit !== undefined) return Exit.isSuccess(exit)
    return this.overflow !== "suspend" && Exit.isSuccess(this.overflowing(value))
  }

  sendStream<E, R>(stream: Stream.Stream<A, E, R>): Effect.Effect<void, E | SendError<ReadonlyArray<A>>, R> {
    return Stream.runForEachArray(stream, (values) => this.sendAll(values))
  }

  /** Sends a value if it need not wait; `undefined` when there is no room for it. */
  private sendNow(value: A): Exit.Exit<void, SendError<A>> | undefined {
    const offered = this.othersFirst() ? FULL : this.offer(value)
    return offered === SENT ? Exit.void : offered === FULL ? undefined : Exit.fail(this.failure!)
  }

  /**
   * Lets fibers through that wait for room, as many as there is room for: at once when no fiber runs on the stack, as below
   * a poller, otherwise in a task of its own.
   */
  protected admit(): void {
    this.turns.serve()
  }

  /** Sends the value of the fiber that has waited longest; `false` when there is no room for it. */
  serveFirst(): boolean {
    const first = this.line.peek()
    if (first === undefined) return false
    const exit = this.offerFor(first.value)
    if (exit === undefined) return false
    this.publish()
    this.leave(first)
    first.done(exit)
    return true
  }

  private offerFor(value: A): Exit.Exit<void, SendError<A>> | undefined {
    try {
      const offered = this.offer(value)
      return offered === SENT ? Exit.void : offered === FULL ? undefined : Exit.fail(this.failure!)
    } catch (defect) {
      return Exit.die(defect)
    }
  }

  private leave(waiter: SendWaiter<A>): void {
    this.line.leave(waiter)
    if (this.line.length === 0) this.unwatch()
  }

  /** The fiber waits no longer, for its own reasons: who stands behind it may have room. */
  private giveUp(waiter: SendWaiter<A>): void {
    if (!waiter.waits) return
    this.leave(waiter)
    this.admit()
  }

  private wait(fiber: Fiber.Fiber<unknown, unknown>, value: A): Effect.Effect<void, SendError<A>>
  private wait(
    fiber: Fiber.Fiber<unknown, unknown>,
    value: A,
    timeout: Duration.Duration
  ): Effect.Effect<void, SendError<A> | Unsent<SendTimeout, A>>
  private wait(
    fiber: Fiber.Fiber<unknown, unknown>,
    value: A,
    timeout?: Duration.Duration
  ): Effect.Effect<void, SendError<A> | Unsent<SendTimeout, A>> {
    return Effect.callback<void, SendError<A> | Unsent<SendTimeout, A>>((resume) => {
      const waiter: SendWaiter<A> = {
        previous: undefined,
        next: undefined,
        waits: false,
        value,
        done: resume,
        dispatcher: fiber.currentDispatcher
      }
      this.line.join(waiter)
      if (this.line.length === 1) this.watch()
      // There may be room since the fiber has looked.
      if (hasShortTurns(fiber)) this.turns.schedule()
      if (timeout === undefined) return Effect.sync(() => this.giveUp(waiter))
      const cancel = startTimer(fiber, timeout, () => {
        if (!waiter.waits) return
        this.giveUp(waiter)
        resume(Exit.fail(this.late(value, timeout)))
      })
      waiter.done = (exit) => {
        cancel()
        resume(exit)
      }
      return Effect.sync(() => {
        cancel()
        this.giveUp(waiter)
      })
    })
  }

  private overflowing(value: A): Exit.Exit<void, SendError<A>> {
    if (this.overflow === "fail") return Exit.fail(this.full(value))
    if (this.overflow === "dropOldest") {
      for (let look = 0; look < MAKE_ROOM_LOOKS; look++) {
        if (look % LOOKS_PER_DROP === 0) this.dropOldest()
        const offered = this.offer(value)
        if (offered === FAILED) return Exit.fail(this.failure!)
        if (offered === FULL) continue
        this.publish()
        return Exit.void
      }
    }
    // Also when the room is where a receiver on another thread has stopped in the middle of a message.
    this.countDropped()
    return Exit.void
  }

  private full(value: A): SendError<A> {
    this.failure = new ChannelFull({
      channel: this.channel,
      capacity: this.capacity,
      unsent: value
    }) as SendError<A>
    return this.failure
  }

  private late(value: A, timeout: Duration.Duration): Unsent<SendTimeout, A> {
    const timeoutMillis = Duration.toMillis(timeout)
    return new SendTimeout({ channel: this.channel, timeoutMillis, unsent: value }) as Unsent<SendTimeout, A>
  }
}

/** Whether a value is a sender of this library. */
export const isSender = (value: unknown): value is Sender<never> => value instanceof SenderBase

/** The same error with everything that was not sent. */
const withRest = <A>(
  error: SendError<A>,
  values: ReadonlyArray<A>,
  from: number
): SendError<ReadonlyArray<A>> => {
  const Class = error.constructor as new(fields: object) => SendError<ReadonlyArray<A>>
  return new Class({ ...error, unsent: values.slice(from) })
}
