/**
 * The receiving end of a channel, and what all kinds of it do alike: wait for messages, give up, drain after close.
 *
 * It promises that
 * - a message goes to one receiver once (to each receiver once, for a broadcast); a receive that failed or was interrupted
 *   has taken nothing: the exit says which;
 * - messages of one sending end come in the order in which they were sent;
 * - `ChannelClosed` comes after everything that was sent before the close.
 *
 * It never decodes ahead: what nobody has received is still in the channel.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Queue from "effect/Queue"
import type { SchedulerDispatcher } from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  ChannelClosed,
  type EndMoved,
  type EndTaken,
  MalformedMessage,
  MessagesMissed,
  type ReceiveError,
  type ReceiveFailure,
  ReceiveTimeout
} from "./ChannelError.ts"
import { Line, type Waiter } from "./internal/line.ts"
import type { Untold } from "./internal/sharedMemory.ts"
import { hasShortTurns, isLastOfTurn, startTimer } from "./internal/steps.ts"
import { type Served, Turns } from "./internal/turns.ts"

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
  /**
   * All messages until the channel is closed.
   *
   * **Gotchas** Messages come in batches of at most 256; what a batch still holds when the stream is left early is gone.
   */
  readonly stream: Stream.Stream<A, ReceiveFailure>
  /**
   * A queue that is fed with the messages, and ends when the channel is closed.
   *
   * **Gotchas** Up to 32 messages are in the queue or on their way to it, and no longer in the channel.
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
  done: (exit: Exit.Exit<A | ReadonlyArray<A>, ReceiveError>) => void
  readonly dispatcher: SchedulerDispatcher
}

const QUEUE_CAPACITY = 16
const BATCH = 256

/** What every kind of receiver shares; a kind says how to take a message and how to hear of new ones. */
export abstract class ReceiverBase<A> implements Receiver<A>, Served {
  readonly channel: string
  /** Why the last take failed. */
  protected failure: ReceiveError | undefined = undefined
  private held: ReceiveError | undefined = undefined
  private readonly line = new Line<ReceiveWaiter<A>>()
  private readonly turns = new Turns(this)

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

  /** The dispatcher of the fiber that has waited longest. */
  get dispatcher(): SchedulerDispatcher | undefined {
    return this.line.peek()?.dispatcher
  }

  /** Whether the messages are for fibers that came earlier. */
  othersFirst(): boolean {
    return this.line.length > 0
  }

  readonly receive: Effect.Effect<A, ReceiveError> = Effect.withFiber((fiber): Effect.Effect<A, ReceiveError> => {
    if (isLastOfTurn(fiber)) return Effect.andThen(Effect.yieldNow, this.receive)
    const taken = this.othersFirst() ? EMPTY : this.takeOne()
    if (taken === EMPTY) return this.wait(fiber, 0) as Effect.Effect<A, ReceiveError>
    return taken === FAILED ? Exit.fail(this.failure!) : Exit.succeed(taken)
  })

  readonly tryReceive: Effect.Effect<Option.Option<A>, ReceiveError> = Effect.withFiber((
    fiber
  ): Effect.Effect<Option.Option<A>, ReceiveError> => {
    if (isLastOfTurn(fiber)) return Effect.andThen(Effect.yieldNow, this.tryReceive)
    const taken = this.othersFirst() ? EMPTY : this.takeOne()
    if (taken === EMPTY) return Exit.succeed(Option.none<A>())
    return taken === FAILED ? Exit.fail(this.failure!) : Exit.succeed(Option.some(taken))
  })

  receiveWithin(timeout: Duration.Input): Effect.Effect<A, ReceiveError | ReceiveTimeout> {
    const duration = Duration.fromInputUnsafe(timeout)
    return Effect.withFiber((fiber): Effect.Effect<A, ReceiveError | ReceiveTimeout> => {
      if (isLastOfTurn(fiber)) return Effect.andThen(Effect.yieldNow, this.receiveWithin(duration))
      const taken = this.othersFirst() ? EMPTY : this.takeOne()
      if (taken === EMPTY) return this.wait(fiber, 0, duration) as Effect.Effect<A, ReceiveError | ReceiveTimeout>
      return taken === FAILED ? Exit.fail(this.failure!) : Exit.succeed(taken)
    })
  }

  receiveBatch(max: number): Effect.Effect<ReadonlyArray<A>, ReceiveError> {
    const most = max >= 1 ? Math.floor(max) : 1
    return Effect.withFiber((fiber): Effect.Effect<ReadonlyArray<A>, ReceiveError> => {
      if (isLastOfTurn(fiber)) return Effect.andThen(Effect.yieldNow, this.receiveBatch(most))
      const batch = this.othersFirst() ? EMPTY : this.takeSome(most)
      if (batch === EMPTY) return this.wait(fiber, most) as Effect.Effect<ReadonlyArray<A>, ReceiveError>
      return batch === FAILED ? Exit.fail(this.failure!) : Exit.succeed(batch)
    })
  }

  drainUnsafe(handle: (message: A) => void, max = Infinity): number {
    let count = 0
    try {
      // A handler may let a fiber wait here: what comes next is for that fiber.
      while (count < max && !this.othersFirst()) {
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

  get stream(): Stream.Stream<A, ReceiveFailure> {
    return this.streamOf(BATCH)
  }

  get toQueue(): Effect.Effect<Queue.Dequeue<A, ReceiveFailure | Cause.Done>, never, Scope.Scope> {
    return Stream.toQueue(this.streamOf(QUEUE_CAPACITY), { capacity: QUEUE_CAPACITY })
  }

  private streamOf(max: number): Stream.Stream<A, ReceiveFailure> {
    return Stream.fromPull(Effect.succeed(
      this.receiveBatch(max).pipe(
        Effect.catchTag("ChannelClosed", () => Cause.done()),
        Effect.map((batch) => batch as readonly [A, ...Array<A>])
      )
    ))
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

  /** A failure that came behind messages is for the next receive, unless that will find out for itself how things are then. */
  private putFailureBack(): void {
    const tag = this.failure!._tag
    if (tag === "MessagesMissed" || tag === "MalformedMessage") this.held = this.failure
  }

  /** A failure that this end has met behind messages, and told nobody yet. */
  protected untold(): Untold | undefined {
    const { held } = this
    return held?._tag === "MessagesMissed"
      ? { _tag: held._tag, count: held.count }
      : held?._tag === "MalformedMessage"
      ? { _tag: held._tag, reason: held.reason, lostBytes: held.lostBytes }
      : undefined
  }

  /** Takes over what an end before this one has met and told nobody. */
  protected hold(untold: Untold): void {
    this.held = untold._tag === "MessagesMissed"
      ? new MessagesMissed({ channel: this.channel, count: untold.count })
      : new MalformedMessage({ channel: this.channel, reason: untold.reason, lostBytes: untold.lostBytes })
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

  /**
   * Serves the fibers that wait, as long as there are messages: at once when no fiber runs on the stack, as below a poller,
   * otherwise in a task of its own.
   */
  protected serve(): void {
    this.turns.serve()
  }

  /** Serves the fiber that has waited longest; `false` when there is nothing for it. */
  serveFirst(): boolean {
    const first = this.line.peek()
    if (first === undefined) return false
    const exit = this.takeFor(first.max)
    if (exit === undefined) return false
    this.leave(first)
    first.done(exit)
    return true
  }

  private takeFor(max: number): Exit.Exit<A | ReadonlyArray<A>, ReceiveError> | undefined {
    try {
      const taken = max === 0 ? this.takeOne() : this.takeSome(max)
      return taken === EMPTY ? undefined : taken === FAILED ? Exit.fail(this.failure!) : Exit.succeed(taken)
    } catch (defect) {
      return Exit.die(defect)
    }
  }

  private wait(
    fiber: Fiber.Fiber<unknown, unknown>,
    max: number,
    timeout?: Duration.Duration
  ): Effect.Effect<A | ReadonlyArray<A>, ReceiveError | ReceiveTimeout> {
    return Effect.callback<A | ReadonlyArray<A>, ReceiveError | ReceiveTimeout>((resume) => {
      const waiter: ReceiveWaiter<A> = {
        previous: undefined,
        next: undefined,
        waits: false,
        max,
        done: resume,
        dispatcher: fiber.currentDispatcher
      }
      this.join(waiter)
      // There may be a message since the fiber has looked.
      if (hasShortTurns(fiber)) this.serve()
      if (timeout === undefined) return Effect.sync(() => this.leave(waiter))
      const cancel = startTimer(fiber, timeout, () => {
        if (!waiter.waits) return
        this.leave(waiter)
        resume(Exit.fail(new ReceiveTimeout({ channel: this.channel, timeoutMillis: Duration.toMillis(timeout) })))
      })
      waiter.done = (exit) => {
        cancel()
        resume(exit)
      }
      return Effect.sync(() => {
        cancel()
        this.leave(waiter)
      })
    })
  }
}

/** Whether a value is a receiver of this library. */
export const isReceiver = (value: unknown): value is Receiver<unknown> => value instanceof ReceiverBase

/** The end of a channel, for a receiver. */
export const closed = (channel: string, by: ChannelClosed["by"]): ChannelClosed =>
  new ChannelClosed({ channel, by, unsent: undefined })
