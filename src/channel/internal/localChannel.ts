/**
 * A channel within one thread: values are passed by reference through a queue that all its ends share.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ChannelClosed, EndMoved, EndTaken, InvalidMessage, type SendError } from "../ChannelError.ts"
import type { Kind, Settings } from "../ChannelOptions.ts"
import type { ChannelStats } from "../ChannelStats.ts"
import { closed, EMPTY, FAILED, type Receiver, ReceiverBase, type Taken } from "../Receiver.ts"
import { FAILED as REFUSED, FULL, type Offered, type Sender, SenderBase, SENT } from "../Sender.ts"
import type { Check } from "./check.ts"
import { Deque } from "./deque.ts"

/** What the ends of one channel share. */
class Core<A> {
  readonly settings: Settings
  readonly check: Check
  readonly items = new Deque<A>()
  readonly senders = new Set<LocalSender<A>>()
  readonly receivers = new Set<LocalReceiver<A>>()
  isClosed = false
  sent = 0
  received = 0
  dropped = 0

  constructor(settings: Settings, check: Check) {
    this.settings = settings
    this.check = check
  }

  /** Who closed the channel for its senders, if somebody did. */
  closedForSenders(): ChannelClosed["by"] | undefined {
    return this.isClosed ? "channel" : this.receivers.size === 0 ? "receivers" : undefined
  }

  /** Who closed the channel for its receivers, if somebody did. */
  closedForReceivers(): ChannelClosed["by"] | undefined {
    return this.isClosed ? "channel" : this.senders.size === 0 ? "senders" : undefined
  }

  /** There are messages, or there will be none: receivers that wait are served, each end in its turn. */
  wakeReceivers(): void {
    for (const receiver of this.receivers) receiver.wake()
  }

  /** There is room, or there will be none. */
  wakeSenders(): void {
    for (const sender of this.senders) sender.wake()
  }
}

class LocalSender<A> extends SenderBase<A> {
  private readonly core: Core<A>
  private isOpen = true
  constructor(core: Core<A>) {
    super(core.settings.name, core.settings.capacity, core.settings.overflow)
    this.core = core
    core.senders.add(this)
  }

  protected offer(value: A): Offered {
    const { core } = this
    const by = core.closedForSenders()
    if (by !== undefined) return this.refuse(new ChannelClosed({ channel: this.channel, by, unsent: value }))
    if (!this.isOpen) {
      return this.refuse(new EndMoved({ channel: this.channel, end: "sender", how: "closed", unsent: value }))
    }
    if (!core.check.isValid(value)) {
      return this.refuse(new InvalidMessage({ channel: this.channel, issue: core.check.explain(value), unsent: value }))
    }
    if (core.items.length >= this.capacity) return FULL
    core.items.push(value)
    core.sent++
    core.wakeReceivers()
    return SENT
  }

  private refuse(error: ChannelClosed | EndMoved | InvalidMessage): Offered {
    this.failure = error as SendError<A>
    return REFUSED
  }

  protected dropOldest(): void {
    this.core.items.shift()
    this.core.dropped++
  }

  protected countDropped(): void {
    this.core.dropped++
  }

  protected watch(): void {}
  protected unwatch(): void {}

  wake(): void {
    this.admit()
  }

  readonly clone = Effect.suspend((): Effect.Effect<Sender<A>, EndTaken | EndMoved, Scope.Scope> => {
    const { kind } = this.core.settings
    if (kind === "spsc") return Effect.fail(taken(this.channel, "sender", kind))
    if (!this.isOpen) return Effect.fail(moved(this.channel, "sender"))
    return Effect.acquireRelease(Effect.sync(() => new LocalSender(this.core)), (sender) => sender.close)
  })

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    if (!this.isOpen) return
    this.isOpen = false
    this.admit()
    this.core.senders.delete(this)
    if (this.core.senders.size === 0) this.core.wakeReceivers()
  })

  readonly depth: Effect.Effect<number> = Effect.sync(() => this.core.items.length)
}

class LocalReceiver<A> extends ReceiverBase<A> {
  private readonly core: Core<A>
  private isOpen = true
  constructor(core: Core<A>) {
    super(core.settings.name)
    this.core = core
    core.receivers.add(this)
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

  protected release(): void {
    this.core.wakeSenders()
  }

  protected watch(): void {}
  protected unwatch(): void {}

  wake(): void {
    this.serve()
  }

  readonly clone = Effect.suspend((): Effect.Effect<Receiver<A>, EndTaken | EndMoved, Scope.Scope> => {
    const { kind } = this.core.settings
    if (kind !== "mpmc") return Effect.fail(taken(this.channel, "receiver", kind))
    if (!this.isOpen) return Effect.fail(moved(this.channel, "receiver"))
    return Effect.acquireRelease(Effect.sync(() => new LocalReceiver(this.core)), (receiver) => receiver.close)
  })

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    if (!this.isOpen) return
    this.isOpen = false
    this.serve()
    this.core.receivers.delete(this)
    if (this.core.receivers.size === 0) this.core.wakeSenders()
    else this.core.wakeReceivers()
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
export const makeLocal = <A>(settings: Settings, check: Check): Made<A> => {
  const core = new Core<A>(settings, check)
  return {
    sender: new LocalSender(core),
    receiver: new LocalReceiver(core),
    close: Effect.sync(() => {
      core.isClosed = true
      core.wakeReceivers()
      core.wakeSenders()
    }),
    stats: Effect.sync(() => ({
      sent: core.sent,
      received: core.received,
      dropped: core.dropped,
      missed: 0,
      lost: 0,
      depth: core.items.length,
      waitingSenders: sum(core.senders),
      waitingReceivers: sum(core.receivers),
      senders: core.senders.size,
      receivers: core.receivers.size
    }))
  }
}

/** The sum of the fibers that wait at some ends. */
export const sum = (ends: Iterable<{ readonly waiting: number }>): number => {
  let waiting = 0
  for (const end of ends) waiting += end.waiting
  return waiting
}

/** The refusal of a second end. */
export const taken = (channel: string, end: "sender" | "receiver", kind: Kind, limit = 1): EndTaken =>
  new EndTaken({ channel, end, kind, limit })

/** The refusal of an end that was closed. */
export const moved = (channel: string, end: "sender" | "receiver"): EndMoved =>
  new EndMoved({ channel, end, how: "closed", unsent: undefined })
