/**
 * A broadcast within one thread: each receiver has its own queue of the last `capacity` messages it has not received.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"
import {
  ChannelClosed,
  EndMoved,
  type EndTaken,
  InvalidPayload,
  MessagesMissed,
  type SendError
} from "../ChannelError.ts"
import type { Settings } from "../ChannelOptions.ts"
import type { Receiver } from "../Receiver.ts"
import type { Sender } from "../Sender.ts"
import type { Check } from "./check.ts"
import { Deque } from "./deque.ts"
import { type Made, moved, taken } from "./localChannel.ts"
import { closed, EMPTY, FAILED, ReceiverBase, type Taken } from "./receiverBase.ts"
import { FAILED as REFUSED, type Offered, SenderBase, SENT } from "./senderBase.ts"

/** What the ends of one broadcast share. */
class Core<A> {
  readonly thread: ThreadContext
  readonly settings: Settings
  readonly check: Check
  readonly receivers = new Set<BroadcastReceiver<A>>()
  senderIsOpen = true
  isClosed = false
  sent = 0
  received = 0
  missed = 0

  constructor(thread: ThreadContext, settings: Settings, check: Check) {
    this.thread = thread
    this.settings = settings
    this.check = check
  }

  closedForReceivers(): ChannelClosed["by"] | undefined {
    return this.isClosed ? "channel" : this.senderIsOpen ? undefined : "senders"
  }
}

class BroadcastSender<A> extends SenderBase<A> {
  private readonly core: Core<A>
  constructor(core: Core<A>) {
    super(core.thread, core.settings.name, core.settings.capacity, "dropOldest")
    this.core = core
  }

  protected offer(value: A): Offered {
    const { core } = this
    // A check may run code of the user, which may close the end.
    const error = this.closedFor(value) ?? (core.check.isValid(value) ? this.closedFor(value) : this.invalid(value))
    if (error !== undefined) {
      this.failure = error as SendError<A>
      return REFUSED
    }
    core.sent++
    for (const receiver of core.receivers) receiver.put(value)
    // Only now: a fiber that goes on may add a receiver, which gets what is sent from then on.
    for (const receiver of core.receivers) receiver.wake()
    return SENT
  }

  private closedFor(undelivered: A): ChannelClosed | EndMoved | undefined {
    const { channel, core } = this
    if (core.isClosed) return new ChannelClosed({ channel, by: "channel", undelivered })
    if (!core.senderIsOpen) return new EndMoved({ channel, end: "sender", how: "closed", undelivered })
    return core.receivers.size === 0 ? new ChannelClosed({ channel, by: "receivers", undelivered }) : undefined
  }

  private invalid(undelivered: A): InvalidPayload {
    return new InvalidPayload({ channel: this.channel, issue: this.core.check.explain(undelivered), undelivered })
  }

  // There is always room.
  protected dropOldest(): void {}
  // What is offered is visible at once.
  protected publish(): void {}

  protected countDropped(): void {}
  protected watch(): void {}
  protected unwatch(): void {}

  readonly clone = Effect.suspend((): Effect.Effect<Sender<A>, EndTaken | EndMoved, Scope.Scope> =>
    Effect.fail(taken(this.channel, "sender", "broadcast"))
  )

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    this.core.senderIsOpen = false
    for (const receiver of this.core.receivers) receiver.wake()
  })

  readonly depth: Effect.Effect<number> = Effect.sync(() =>
    Math.max(0, ...[...this.core.receivers].map((receiver) => receiver.pending))
  )
}

class BroadcastReceiver<A> extends ReceiverBase<A> {
  private readonly core: Core<A>
  private readonly items = new Deque<A>()
  private missed = 0
  private isOpen = true
  // Its messages are passed by reference, and nothing moves.
  protected readonly carries = false
  constructor(core: Core<A>) {
    super(core.thread, core.settings.name)
    this.core = core
    core.receivers.add(this)
  }

  get pending(): number {
    return this.items.length
  }

  override othersFirst(): boolean {
    return super.othersFirst() && this.isOpen && (this.items.length > 0 || this.core.closedForReceivers() === undefined)
  }

  put(value: A): void {
    if (this.items.length >= this.core.settings.capacity) {
      this.items.shift()
      this.missed++
      this.core.missed++
    }
    this.items.push(value)
  }

  protected fetch(): Taken<A> {
    const { core } = this
    if (!this.isOpen) {
      this.failure = moved(this.channel, "receiver")
      return FAILED
    }
    if (this.missed > 0) {
      this.failure = new MessagesMissed({ channel: this.channel, count: this.missed })
      this.missed = 0
      return FAILED
    }
    if (this.items.length > 0) {
      core.received++
      return this.items.shift()
    }
    const by = core.closedForReceivers()
    if (by === undefined) return EMPTY
    this.failure = closed(this.channel, by)
    return FAILED
  }

  protected release(): void {}
  protected watch(): void {}
  protected unwatch(): void {}

  wake(): void {
    this.serve()
  }

  readonly clone = Effect.suspend((): Effect.Effect<Receiver<A>, EndTaken | EndMoved, Scope.Scope> => {
    if (!this.isOpen) return Effect.fail(moved(this.channel, "receiver"))
    return Effect.acquireRelease(Effect.sync(() => new BroadcastReceiver(this.core)), (receiver) => receiver.close)
  })

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    if (!this.isOpen) return
    this.isOpen = false
    this.core.receivers.delete(this)
    while (this.items.length > 0) this.items.shift()
    this.serve()
  })

  readonly depth: Effect.Effect<number> = Effect.sync(() => this.items.length)
}

/** Makes a broadcast. */
export const makeLocalBroadcast = <A>(thread: ThreadContext, settings: Settings, check: Check): Made<A> => {
  const core = new Core<A>(thread, settings, check)
  const sender = new BroadcastSender(core)
  const receiver = new BroadcastReceiver(core)
  return {
    sender,
    receiver,
    close: Effect.sync(() => {
      core.isClosed = true
      for (const receiver of core.receivers) receiver.wake()
    }),
    stats: Effect.sync(() => ({
      sent: core.sent,
      received: core.received,
      dropped: 0,
      missed: core.missed,
      lost: 0,
      depth: Math.max(0, ...[...core.receivers].map(({ pending }) => pending)),
      waitingSenders: sender.waiting,
      waitingReceivers: [...core.receivers].reduce((sum, { waiting }) => sum + waiting, 0),
      senders: core.senderIsOpen ? 1 : 0,
      receivers: core.receivers.size
    }))
  }
}
