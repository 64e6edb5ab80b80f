/**
 * What all receivers do alike: wait for messages, give up, drain after close.
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
import { effectClass, inStep } from "../../observe/kernel/Step.ts"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"
import {
  ChannelClosed,
  type EndMoved,
  type EndTaken,
  MalformedMessage,
  MessagesMissed,
  type ReceiveError,
  type ReceiveFailure,
  ReceiveTimeout
} from "../ChannelError.ts"
import { type Receiver, TypeId } from "../Receiver.ts"
import { Line, type Waiter } from "./line.ts"
import type { Untold } from "./sharedMemory.ts"
import { startTimer } from "./timer.ts"
import { type Served, Turns } from "./turns.ts"
import { waitFor } from "./waitFor.ts"

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
  done: (exit: Found<A>) => void
  readonly dispatcher: SchedulerDispatcher
}

const QUEUE_CAPACITY = 16
/** Messages of a stream that come at once, at most; and how long they may take together before there are fewer. */
const BATCH = 64
const BATCH_MILLIS = 2.5

type NonEmpty<A> = readonly [A, ...Array<A>]
type Found<A> = Exit.Exit<A | ReadonlyArray<A>, ReceiveError>
/** How long a fiber waits at most, and what it fails with then. */
interface Limit<E> {
  readonly timeout: Duration.Duration
  readonly late: () => E
}

type Batch<A> = Exit.Exit<ReadonlyArray<A>, ReceiveError>

// One class of effects for receivers of every type: what each gives stands in the signatures of `Receiver`.
interface Receiving extends Effect.Effect<any, ReceiveError> {
  receiver: ReceiverBase<any>
}

class ReceiveEffect extends effectClass<Receiving>("Receive", function(fiber) {
  return this.receiver.receiveIn(fiber)
}) {
  constructor(receiver: ReceiverBase<any>) {
    super()
    this.receiver = receiver
  }
}

/** What every kind of receiver shares; a kind says how to take a message and how to hear of new ones. */
export abstract class ReceiverBase<A> implements Receiver<A>, Served {
  readonly [TypeId]: typeof TypeId = TypeId
  readonly thread: ThreadContext
  readonly channel: string
  /** Why the last take failed. */
  protected failure: ReceiveError | undefined = undefined
  private held: ReceiveError | undefined = undefined
  /** The turn of the thread in which a message was last given out. */
  private turnOfLast = -1
  private readonly line = new Line<ReceiveWaiter<A>>()
  private readonly turns = new Turns(this)

  constructor(thread: ThreadContext, channel: string) {
    this.thread = thread
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
  /** Whether something may move with a message. */
  protected abstract readonly carries: boolean
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

  /**
   * Whether a fiber is to pause before it receives: this end has given messages out in this turn of the thread, and the turn is
   * over. What they made their receivers do may have taken long, and everything else on the thread waits for its turn.
   */
  pauses(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    const { turn } = this.thread
    return this.turnOfLast === turn.count && turn.isOver() && !fiber.cache.preventYield
  }

  private noteTurn(): void {
    const { turn } = this.thread
    turn.enter()
    this.turnOfLast = turn.count
  }

  /** Whether the messages are for fibers that came earlier. */
  othersFirst(): boolean {
    return this.line.length > 0
  }

  readonly receive: Effect.Effect<A, ReceiveError> = new ReceiveEffect(this)

  /** What {@link ReceiveEffect} does. */
  receiveIn(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<A, ReceiveError> {
    if (this.pauses(fiber)) return Effect.andThen(Effect.yieldNow, this.receive)
    const taken = this.othersFirst() ? EMPTY : this.takeOne()
    return taken === EMPTY
      ? this.wait<A, ReceiveError>(fiber, 0, asOne)
      : inStep(this.exitOf(taken), fiber)
  }

  private exitOf<B>(taken: B | typeof FAILED): Exit.Exit<B, ReceiveError> {
    return taken === FAILED ? Exit.fail(this.failure!) : Exit.succeed(taken)
  }

  readonly tryReceive: Effect.Effect<Option.Option<A>, ReceiveError> = Effect.withFiber((
    fiber
  ): Effect.Effect<Option.Option<A>, ReceiveError> => {
    if (this.pauses(fiber)) return Effect.andThen(Effect.yieldNow, this.tryReceive)
    const taken = this.othersFirst() ? EMPTY : this.takeOne()
    const found = taken === EMPTY ? Option.none<A>() : taken === FAILED ? FAILED : Option.some(taken)
    return inStep(this.exitOf(found), fiber)
  })

  receiveWithin(timeout: Duration.Input): Effect.Effect<A, ReceiveError | ReceiveTimeout> {
    const duration = Duration.fromInputUnsafe(timeout)
    const timeoutMillis = Duration.toMillis(duration)
    const limit = { timeout: duration, late: () => new ReceiveTimeout({ channel: this.channel, timeoutMillis }) }
    const receive: Effect.Effect<A, ReceiveError | ReceiveTimeout> = Effect.withFiber((fiber) => {
      if (this.pauses(fiber)) return Effect.andThen(Effect.yieldNow, receive)
      const taken = this.othersFirst() ? EMPTY : this.takeOne()
      return taken === EMPTY
        ? this.wait<A, ReceiveError | ReceiveTimeout>(fiber, 0, asOne, limit)
        : inStep(this.exitOf(taken), fiber)
    })
    return receive
  }

  receiveBatch(max: number): Effect.Effect<ReadonlyArray<A>, ReceiveError> {
    const most = max >= 1 ? Math.floor(max) : 1
    return this.batches(() => most, (batch) => batch)
  }

  /** Receives batches of a size that is asked for each; what `told` makes of the outcome is the fiber's in the step in which it goes on. */
  private batches<B, E>(size: () => number, told: (batch: Batch<A>) => Exit.Exit<B, E>): Effect.Effect<B, E> {
    const batch: Effect.Effect<B, E> = Effect.withFiber((fiber) => {
      if (this.pauses(fiber)) return Effect.andThen(Effect.yieldNow, batch)
      const most = size()
      const taken = this.othersFirst() ? EMPTY : this.takeSome(most)
      return taken === EMPTY
        ? this.wait(fiber, most, (exit) => told(asBatch(exit)))
        : inStep(told(this.exitOf(taken)), fiber)
    })
    return batch
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
    const { nowMillis } = this.thread.runtime
    return Stream.fromPull(Effect.sync(() => {
      // What moves with a message is its receiver's to let go of: none is taken for a stream that may be left before it comes to it.
      const most = this.carries ? 1 : max
      let size = 1
      let count = 0
      let givenAt = 0
      const next = () => {
        const millis = nowMillis() - givenAt
        // What a message takes is seen when the next batch is asked for: a turn is not to last for all of a batch of slow ones.
        if (count > 0) {
          size = millis <= BATCH_MILLIS
            ? Math.min(size * 2, most)
            : Math.max(1, Math.floor(count * BATCH_MILLIS / millis))
        }
        return size
      }
      return this.batches(next, (batch) => {
        // There is a message in a batch.
        const told = Exit.mapError(batch, endOf) as Exit.Exit<NonEmpty<A>, ReceiveFailure | Cause.Done>
        if (Exit.isFailure(told)) return told
        count = told.value.length
        givenAt = nowMillis()
        return told
      })
    }))
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
    if (taken !== EMPTY && taken !== FAILED) {
      this.release()
      this.noteTurn()
    }
    return taken
  }

  /** Why the last take failed. */
  get reason(): ReceiveError {
    return this.failure!
  }

  private takeSome(max: number): Taken<ReadonlyArray<A>> {
    const batch = this.fetchBatch(max)
    if (batch !== EMPTY && batch !== FAILED) {
      this.release()
      this.noteTurn()
    }
    return batch
  }

  /** Takes what is there, at most so many. */
  protected fetchBatch(max: number): Taken<ReadonlyArray<A>> {
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

  /** The same in a task of its own, whoever is on the stack. */
  protected serveSoon(): void {
    this.turns.schedule()
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

  private takeFor(max: number): Found<A> | undefined {
    try {
      const taken = max === 0 ? this.takeOne() : this.takeSome(max)
      return taken === EMPTY ? undefined : this.exitOf(taken)
    } catch (defect) {
      return Exit.die(defect)
    }
  }

  private wait<B, E>(
    fiber: Fiber.Fiber<unknown, unknown>,
    max: number,
    told: (exit: Found<A>) => Exit.Exit<B, E>,
    limit?: Limit<E>
  ): Effect.Effect<B, E> {
    return waitFor<B, E>(fiber, (done) => {
      const waiter: ReceiveWaiter<A> = {
        previous: undefined,
        next: undefined,
        waits: false,
        max,
        done: (exit) => done(told(exit)),
        dispatcher: fiber.currentDispatcher
      }
      this.join(waiter)
      if (limit === undefined) return () => this.leave(waiter)
      const cancel = startTimer(fiber, limit.timeout, () => {
        if (!waiter.waits) return
        this.leave(waiter)
        done(Exit.fail(limit.late()))
      })
      waiter.done = (exit) => {
        cancel()
        done(told(exit))
      }
      return () => {
        cancel()
        this.leave(waiter)
      }
    })
  }
}

/** For who reads a stream, a channel that is closed is the end of that. */
const endOf = (error: ReceiveError): ReceiveFailure | Cause.Done =>
  error._tag === "ChannelClosed" ? Cause.Done() : error

// Who waits is given what it has asked for: one message, or some.
const asOne = <A>(found: Found<A>) => found as Exit.Exit<A, ReceiveError>
const asBatch = <A>(found: Found<A>) => found as Batch<A>

/** The end of a channel, for a receiver. */
export const closed = (channel: string, by: ChannelClosed["by"]): ChannelClosed =>
  new ChannelClosed({ channel, by, undelivered: undefined })
