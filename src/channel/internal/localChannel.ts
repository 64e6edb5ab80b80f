/**
 * A channel within one thread: values are passed by reference through a queue that all its ends share.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"
import { ChannelClosed, EndMoved, EndTaken, InvalidPayload, type SendError } from "../ChannelError.ts"
import type { Kind, Settings } from "../ChannelOptions.ts"
import type { ChannelStats } from "../ChannelStats.ts"
import type { Receiver } from "../Receiver.ts"
import type { Sender } from "../Sender.ts"
import type { Check } from "./check.ts"
import { Deque } from "./deque.ts"
import { Ends } from "./ends.ts"
import { closed, EMPTY, FAILED, ReceiverBase, type Taken } from "./receiverBase.ts"
import { FAILED as REFUSED, FULL, type Offered, SenderBase, SENT } from "./senderBase.ts"

/** What the ends of one channel share. */
class Core<A> {
  readonly thread: ThreadContext
  readonly settings: Settings
  readonly check: Check
  readonly items = new Deque<A>()
  readonly senders: Ends<LocalSender<A>>
  readonly receivers: Ends<LocalReceiver<A>>
  /** Who closed the channel for its senders, if somebody did. */
  refuses: ChannelClosed["by"] | undefined = undefined
  sent = 0
  received = 0
  dropped = 0
  lost = 0

  constructor(thread: ThreadContext, settings: Settings, check: Check) {
    this.thread = thread
    this.settings = settings
    this.check = check
    this.senders = new Ends(thread)
    this.receivers = new Ends(thread)
  }

  /** Who closed the channel for its receivers, if somebody did. */
  closedForReceivers(): ChannelClosed["by"] | undefined {
    return this.refuses === "channel" ? "channel" : this.senders.open.size === 0 ? "senders" : undefined
  }

  /** Nobody will receive what is there: it is not kept for as long as somebody holds a sender. */
  discard(): void {
    this.lost += this.items.length
    while (this.items.length > 0) this.items.shift()
  }
}

class LocalSender<A> extends SenderBase<A> {
  private readonly core: Core<A>
  private isOpen = true
  constructor(core: Core<A>) {
    super(core.thread, core.settings.name, core.settings.capacity, core.settings.overflow)
    this.core = core
    core.senders.open.add(this)
  }

  protected override othersFirst(): boolean {
    const { core } = this
    return core.senders.isWaiting && this.isOpen && core.refuses === undefined
  }

  protected offer(value: A): Offered {
    const { core } = this
    if (core.refuses !== undefined || !this.isOpen) return this.refuseEnd(value)
    if (!core.check.isValid(value)) return this.refuseInvalid(value)
    // A check may run code of the user, which may close the end, or send.
    if (core.refuses !== undefined || !this.isOpen) return this.refuseEnd(value)
    if (core.items.length >= this.capacity) return FULL
    core.items.push(value)
    core.sent++
    core.receivers.wake()
    return SENT
  }

  /** What goes in without another look at who is there; the first that does not is for {@link offer}. */
  protected override offerFrom(values: ReadonlyArray<A>, from: number): number {
    const { core } = this
    const { check, items } = core
    const to = Math.min(values.length, from + this.capacity - items.length)
    const index = items.stage(values, from, to, check.isValid)
    // A check may run code of the user, which may close the end.
    if (index === from || core.refuses !== undefined || !this.isOpen) return from
    items.commit(index - from)
    core.sent += index - from
    core.receivers.wake()
    return index
  }

  private refuseEnd(undelivered: A): Offered {
    const { channel, core: { refuses: by } } = this
    return this.refuse(
      by === undefined
        ? new EndMoved({ channel, end: "sender", how: "closed", undelivered })
        : new ChannelClosed({ channel, by, undelivered })
    )
  }

  private refuseInvalid(undelivered: A): Offered {
    const issue = this.core.check.explain(undelivered)
    return this.refuse(new InvalidPayload({ channel: this.channel, issue, undelivered }))
  }

  private refuse(error: ChannelClosed | EndMoved | InvalidPayload): Offered {
    this.failure = error as SendError<A>
    return REFUSED
  }

  protected dropOldest(): void {
    this.core.items.shift()
    this.core.dropped++
  }

  // What is offered is visible at once.
  protected publish(): void {}

  protected countDropped(): void {
    this.core.dropped++
  }

  protected watch(): void {
    this.core.senders.watch(this)
  }

  protected unwatch(): void {
    this.core.senders.unwatch(this)
  }

  readonly clone = Effect.suspend((): Effect.Effect<Sender<A>, EndTaken | EndMoved, Scope.Scope> => {
    const { kind } = this.core.settings
    if (kind === "spsc") return Effect.fail(taken(this.channel, "sender", kind))
    if (!this.isOpen) return Effect.fail(moved(this.channel, "sender"))
    return Effect.acquireRelease(Effect.sync(() => new LocalSender(this.core)), (sender) => sender.close)
  })

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    const { receivers, senders } = this.core
    if (!this.isOpen) return
    this.isOpen = false
    senders.open.delete(this)
    this.admit()
    if (senders.open.size === 0) receivers.wake()
  })

  readonly depth: Effect.Effect<number> = Effect.sync(() => this.core.items.length)
}

class LocalReceiver<A> extends ReceiverBase<A> {
  private readonly core: Core<A>
  private isOpen = true
  // Its messages are passed by reference, and nothing moves.
  protected readonly carries = false
  constructor(core: Core<A>) {
    super(core.thread, core.settings.name)
    this.core = core
    core.receivers.open.add(this)
  }

  override othersFirst(): boolean {
    const { core } = this
    return core.receivers.isWaiting && this.isOpen
      && (core.items.length > 0 || core.closedForReceivers() === undefined)
  }

  protected fetch(): Taken<A> {
    const { core } = this
    if (!this.isOpen) {
      this.failure = moved(this.channel, "receiver")
      return FAILED
    }
    if (core.items.length > 0) {
      core.received++
      return core.items.shift()
    }
    const by = core.closedForReceivers()
    if (by === undefined) return EMPTY
    this.failure = closed(this.channel, by)
    return FAILED
  }

  protected override fetchBatch(max: number): Taken<ReadonlyArray<A>> {
    const { core } = this
    const count = Math.min(max, core.items.length)
    if (count === 0 || !this.isOpen) return super.fetchBatch(1)
    core.received += count
    return core.items.take(count)
  }

  protected release(): void {
    this.core.senders.wake()
  }

  protected watch(): void {
    this.core.receivers.watch(this)
  }

  protected unwatch(): void {
    this.core.receivers.unwatch(this)
  }

  readonly clone = Effect.suspend((): Effect.Effect<Receiver<A>, EndTaken | EndMoved, Scope.Scope> => {
    const { kind } = this.core.settings
    if (kind !== "mpmc") return Effect.fail(taken(this.channel, "receiver", kind))
    if (!this.isOpen) return Effect.fail(moved(this.channel, "receiver"))
    return Effect.acquireRelease(Effect.sync(() => new LocalReceiver(this.core)), (receiver) => receiver.close)
  })

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    const { core } = this
    if (!this.isOpen) return
    this.isOpen = false
    core.receivers.open.delete(this)
    this.serve()
    if (core.receivers.open.size > 0) return core.receivers.wake()
    core.refuses ??= "receivers"
    core.discard()
    core.senders.wake()
  })

  readonly depth: Effect.Effect<number> = Effect.sync(() => this.core.items.length)
}

/** What `Channel.make` gives out. */
export interface Made<A> {
  readonly sender: Sender<A>
  readonly receiver: Receiver<A>
  readonly close: Effect.Effect<void>
  readonly stats: Effect.Effect<ChannelStats>
}

/** Makes a channel of kind spsc, mpsc or mpmc. */
export const makeLocal = <A>(thread: ThreadContext, settings: Settings, check: Check): Made<A> => {
  const core = new Core<A>(thread, settings, check)
  const { receivers, senders } = core
  return {
    sender: new LocalSender(core),
    receiver: new LocalReceiver(core),
    close: Effect.sync(() => {
      core.refuses = "channel"
      receivers.wake()
      senders.wake()
    }),
    stats: Effect.sync(() => ({
      sent: core.sent,
      received: core.received,
      dropped: core.dropped,
      missed: 0,
      lost: core.lost,
      depth: core.items.length,
      waitingSenders: senders.waiting,
      waitingReceivers: receivers.waiting,
      senders: senders.open.size,
      receivers: receivers.open.size
    }))
  }
}

/** The refusal of a second end. */
export const taken = (channel: string, end: "sender" | "receiver", kind: Kind, limit = 1): EndTaken =>
  new EndTaken({ channel, end, kind, limit, why: limit === 1 ? "kind" : "ends" })

/** The refusal of an end that was closed. */
export const moved = (channel: string, end: "sender" | "receiver"): EndMoved =>
  new EndMoved({ channel, end, how: "closed", undelivered: undefined })
