/**
 * The receiving end of a channel, and what all kinds of it do alike: wait for messages, give up, drain after close.
 *
 * It promises that
 * - a message goes to one receiver once (to each receiver once, for a broadcast); what a receive that failed or was
 *   interrupted did not answer is still there for the next one;
 * - messages of one sending end come in the order in which they were sent;
 * - `ChannelClosed` comes after everything that was sent before the close.
 *
 * It never decodes ahead: what nobody has received is still in the channel.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Queue from "effect/Queue"
import type { SchedulerDispatcher } from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  ChannelClosed,
  type EndMoved,
  type EndTaken,
  type ReceiveError,
  type ReceiveFailure,
  ReceiveTimeout
} from "./ChannelError.ts"
import { nested } from "./internal/depth.ts"
import { Line, type Waiter } from "./internal/line.ts"

/**
 * The receiving end of a channel of `A`.
 *
 * Every channel begins with one. It may be used by any number of fibers of its thread; they are served in the order in
 * which they came.
 */
export interface Receiver<out A> {
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
  /** All messages until the channel is closed. Messages come in batches; what a batch holds when the stream ends early is gone. */
  readonly stream: Stream.Stream<A, ReceiveFailure>
  /**
   * A queue that is fed with the messages, and ends when the channel is closed.
   *
   * **Gotchas** Up to 16 messages are in the queue and no longer in the channel.
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

/** Answer of {@link ReceiverBase.fetch}: nothing is there now. */
export const EMPTY: unique symbol = Symbol.for("shared-nothing/channel/EMPTY")
/** Answer of {@link ReceiverBase.fetch}: the receive fails; the reason is in `failure`. */
export const FAILED: unique symbol = Symbol.for("shared-nothing/channel/FAILED")

/** What a receiver finds. */
export type Taken<A> = A | typeof EMPTY | typeof FAILED

/** A fiber that waits for a message, perhaps at several receivers. */
export interface ReceiveWaiter<A> extends Waiter {
  /** Most messages that it takes at once; 0: one, not in an array. */
  readonly max: number
  /** Lets the fiber go on; it stands in no line any more when this is called. */
  readonly done: (exit: Exit.Exit<A | ReadonlyArray<A>, ReceiveError>) => void
  readonly dispatcher: SchedulerDispatcher
}

const QUEUE_CAPACITY = 16
const BATCH = 256

/** What every kind of receiver shares; a kind says how to take a message and how to hear of new ones. */
export abstract class ReceiverBase<A> implements Receiver<A> {
  readonly channel: string
  /** Why the last take failed. */
  protected failure: ReceiveError | undefined = undefined
  private held: ReceiveError | undefined = undefined
  private readonly line = new Line<ReceiveWaiter<A>>()
  private isServing = false

  constructor(channel: string) {
    this.channel = channel
  }

  /** Takes the next message out of the channel. */
  protected abstract fetch(): Taken<A>
  /** Called after one take, or after the last of several: gives their room back to the senders. */
  protected abstract release(): void
  /** The first fiber begins to wait: from now on {@link serve} is called when there may be a message. */
  protected abstract watch(): void
  /** No fiber waits any more. */
  protected abstract unwatch(): void
  abstract readonly clone: Effect.Effect<Receiver<A>, EndTaken | EndMoved, Scope.Scope>
  abstract readonly close: Effect.Effect<void>
  abstract readonly depth: Effect.Effect<number>

  /** How many fibers wait for a message. */
  get waiting(): number {
    return this.line.length
  }

  readonly receive: Effect.Effect<A, ReceiveError> = Effect.suspend(() => {
    const taken = this.line.length > 0 ? EMPTY : this.takeOne()
    if (taken === EMPTY) return this.wait(0) as Effect.Effect<A, ReceiveError>
    return taken === FAILED ? Exit.fail(this.failure!) : Exit.succeed(taken)
  })

  readonly tryReceive: Effect.Effect<Option.Option<A>, ReceiveError> = Effect.suspend(() => {
    const taken = this.line.length > 0 ? EMPTY : this.takeOne()
    if (taken === EMPTY) return Exit.succeed(Option.none<A>())
    return taken === FAILED ? Exit.fail(this.failure!) : Exit.succeed(Option.some(taken))
  })

  receiveWithin(timeout: Duration.Input): Effect.Effect<A, ReceiveError | ReceiveTimeout> {
    const duration = Duration.fromInputUnsafe(timeout)
    return Effect.timeoutOrElse(this.receive, {
      duration,
      orElse: () =>
        Effect.fail(new ReceiveTimeout({ channel: this.channel, timeoutMillis: Duration.toMillis(duration) }))
    })
  }

  receiveBatch(max: number): Effect.Effect<ReadonlyArray<A>, ReceiveError> {
    return Effect.suspend(() => {
      const most = Math.max(1, max)
      const batch = this.line.length > 0 ? EMPTY : this.takeSome(most)
      if (batch === EMPTY) return this.wait(most) as Effect.Effect<ReadonlyArray<A>, ReceiveError>
      return batch === FAILED ? Exit.fail(this.failure!) : Exit.succeed(batch)
    })
  }

  drainUnsafe(handle: (message: A) => void, max = Infinity): number {
    let count = 0
    if (this.line.length > 0) return 0
    try {
      while (count < max) {
        const taken = this.take()
        if (taken === EMPTY) break
        if (taken === FAILED) {
          if (count === 0) return -1
          this.putFailureBack()
          break
        }
        count++
        handle(taken)
      }
    } finally {
      if (count > 0) this.release()
    }
    return count
  }

  readonly stream: Stream.Stream<A, ReceiveFailure> = Stream.fromPull(Effect.succeed(
    Effect.suspend(() => this.receiveBatch(BATCH)).pipe(
      Effect.catchTag("ChannelClosed", () => Cause.done()),
      Effect.map((batch) => batch as readonly [A, ...Array<A>])
    )
  ))

  get toQueue(): Effect.Effect<Queue.Dequeue<A, ReceiveFailure | Cause.Done>, never, Scope.Scope> {
    return Stream.toQueue(this.stream, { capacity: QUEUE_CAPACITY })
  }

  /** The next message, or a failure that was met behind messages already handed out. */
  private take(): Taken<A> {
    if (this.held === undefined) return this.fetch()
    this.failure = this.held
    this.held = undefined
    return FAILED
  }

  /** Takes one message and gives its room back. */
  takeOne(): Taken<A> {
    const taken = this.take()
    if (taken !== EMPTY && taken !== FAILED) this.release()
    return taken
  }

  /** Why the last take failed. */
  get reason(): ReceiveError {
    return this.failure!
  }

  private takeSome(max: number): ReadonlyArray<A> | typeof EMPTY | typeof FAILED {
    const first = this.take()
    if (first === EMPTY) return EMPTY
    if (first === FAILED) return FAILED
    const batch = [first]
    while (batch.length < max) {
      const taken = this.take()
      if (taken === EMPTY) break
      if (taken === FAILED) {
        this.putFailureBack()
        break
      }
      batch.push(taken)
    }
    this.release()
    return batch
  }

  /** A failure that came behind messages is for the next receive. */
  private putFailureBack(): void {
    this.held = this.failure
  }

  /** Adds a fiber that waits for a message. */
  join(waiter: ReceiveWaiter<A>): void {
    this.line.join(waiter)
    if (this.line.length === 1) this.watch()
  }

  /** Takes a fiber out that waits no longer. */
  leave(waiter: ReceiveWaiter<A>): void {
    if (!waiter.waits) return
    this.line.leave(waiter)
    if (this.line.length === 0) this.unwatch()
  }

  /** Serves the fibers that wait, as long as there are messages. */
  protected serve(): void {
    const first = this.line.peek()
    // Who is served runs at once and may send in its turn: the loop that is running goes on with it.
    if (first === undefined || this.isServing) return
    nested(() => this.serveAll(), first.dispatcher)
  }

  private serveAll(): void {
    if (this.isServing) return
    this.isServing = true
    try {
      for (let first = this.line.peek(); first !== undefined; first = this.line.peek()) {
        const taken = first.max === 0 ? this.takeOne() : this.takeSome(first.max)
        if (taken === EMPTY) break
        const exit = taken === FAILED ? Exit.fail(this.failure!) : Exit.succeed(taken)
        this.leave(first)
        first.done(exit)
      }
    } finally {
      this.isServing = false
    }
  }

  private wait(max: number): Effect.Effect<A | ReadonlyArray<A>, ReceiveError> {
    return Effect.callback<A | ReadonlyArray<A>, ReceiveError>((resume) => {
      const waiter: ReceiveWaiter<A> = {
        previous: undefined,
        next: undefined,
        waits: false,
        max,
        done: resume,
        dispatcher: Fiber.getCurrent()!.currentDispatcher
      }
      this.join(waiter)
      return Effect.sync(() => this.leave(waiter))
    })
  }
}

/** The end of a channel, for a receiver. */
export const closed = (channel: string, by: ChannelClosed["by"]): ChannelClosed =>
  new ChannelClosed({ channel, by, unsent: undefined })
