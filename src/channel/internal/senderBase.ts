/**
 * What all senders do alike: wait for room, give up, give values back.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { SchedulerDispatcher } from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { effectClass, inStep } from "../../observe/kernel/Step.ts"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"
import {
  ChannelFull,
  type EndMoved,
  type EndTaken,
  type SendError,
  SendTimeout,
  type Undelivered
} from "../ChannelError.ts"
import type { Overflow } from "../ChannelOptions.ts"
import { type Sender, TypeId } from "../Sender.ts"
import { Line, type Waiter } from "./line.ts"
import { startTimer } from "./timer.ts"
import { type Served, Turns } from "./turns.ts"
import { waitFor } from "./waitFor.ts"

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

// One class of effects for senders of every type: what each takes and fails with stands in the signatures of `Sender`.
interface Sending extends Effect.Effect<void, any> {
  sender: SenderBase<any>
  value: any
  waits: boolean
  timeout: Duration.Duration | undefined
}

class SendEffect extends effectClass<Sending>("Send", function(fiber) {
  return this.sender.sendIn(fiber, this.value, this.waits, this.timeout)
}) {
  constructor(sender: SenderBase<any>, value: any, waits: boolean, timeout: Duration.Duration | undefined) {
    super()
    this.sender = sender
    this.value = value
    this.waits = waits
    this.timeout = timeout
  }
}

/** What every kind of sender shares; a kind says how to offer a value and how to hear of room. */
export abstract class SenderBase<A> implements Sender<A>, Served {
  readonly [TypeId]: typeof TypeId = TypeId
  readonly thread: ThreadContext
  readonly channel: string
  readonly capacity: number
  readonly overflow: Overflow
  /** Why the last offer failed. */
  protected failure: SendError<A> | undefined = undefined
  private readonly line = new Line<SendWaiter<A>>()
  private readonly turns = new Turns(this)

  constructor(thread: ThreadContext, channel: string, capacity: number, overflow: Overflow) {
    this.thread = thread
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
    return this.sending(value, this.overflow === "suspend") as Effect.Effect<void, SendError<A>>
  }

  trySend(value: A): Effect.Effect<void, SendError<A>> {
    return this.sending(value, false) as Effect.Effect<void, SendError<A>>
  }

  sendWithin(value: A, timeout: Duration.Input): Effect.Effect<void, SendError<A> | Undelivered<SendTimeout, A>> {
    return this.sending(value, this.overflow === "suspend", Duration.fromInputUnsafe(timeout))
  }

  /** Sends a value at once; when there is no room it waits, or does what the overflow policy says. */
  private sending(
    value: A,
    waits: boolean,
    timeout?: Duration.Duration
  ): Effect.Effect<void, SendError<A> | Undelivered<SendTimeout, A>> {
    return new SendEffect(this as SenderBase<any>, value, waits, timeout)
  }

  /** What {@link SendEffect} does. */
  sendIn(
    fiber: Fiber.Fiber<unknown, unknown>,
    value: A,
    waits: boolean,
    timeout: Duration.Duration | undefined
  ): Effect.Effect<void, SendError<A> | Undelivered<SendTimeout, A>> {
    const exit = this.sendNow(value)
    if (exit !== undefined) this.publish()
    return exit === undefined && waits
      ? this.wait(fiber, value, timeout)
      : inStep(exit ?? this.overflowing(value), fiber)
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
  protected offerFrom(values: ReadonlyArray<A>, from: number): number {
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

  /** The same in a task of its own, whoever is on the stack. */
  protected admitSoon(): void {
    this.turns.schedule()
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

  private wait(
    fiber: Fiber.Fiber<unknown, unknown>,
    value: A,
    timeout?: Duration.Duration
  ): Effect.Effect<void, SendError<A> | Undelivered<SendTimeout, A>> {
    return waitFor<void, SendError<A> | Undelivered<SendTimeout, A>>(fiber, (done) => {
      const waiter: SendWaiter<A> = {
        previous: undefined,
        next: undefined,
        waits: false,
        value,
        done,
        dispatcher: fiber.currentDispatcher
      }
      this.line.join(waiter)
      if (this.line.length === 1) this.watch()
      if (timeout === undefined) return () => this.giveUp(waiter)
      const cancel = startTimer(fiber, timeout, () => {
        if (!waiter.waits) return
        this.giveUp(waiter)
        done(Exit.fail(this.late(value, timeout)))
      })
      waiter.done = (exit) => {
        cancel()
        done(exit)
      }
      return () => {
        cancel()
        this.giveUp(waiter)
      }
    })
  }

  private overflowing(value: A): Exit.Exit<void, SendError<A>> {
    if (this.overflow === "suspend" || this.overflow === "fail") return Exit.fail(this.full(value))
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
      undelivered: value
    }) as SendError<A>
    return this.failure
  }

  private late(value: A, timeout: Duration.Duration): Undelivered<SendTimeout, A> {
    const timeoutMillis = Duration.toMillis(timeout)
    return new SendTimeout({ channel: this.channel, timeoutMillis, undelivered: value }) as Undelivered<SendTimeout, A>
  }
}

/** The same error with everything that was not sent. */
const withRest = <A>(
  error: SendError<A>,
  values: ReadonlyArray<A>,
  from: number
): SendError<ReadonlyArray<A>> => {
  const Class = error.constructor as new(fields: object) => SendError<ReadonlyArray<A>>
  return new Class({ ...error, undelivered: values.slice(from) })
}
