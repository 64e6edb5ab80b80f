/**
 * An actor on another thread, as this thread sees it: an address, a window of credit, and who waits for more of it.
 *
 * The window is the capacity of the actor's mailbox, for this thread alone: `inFlight` counts messages sent and not yet
 * reported as taken out of the mailbox. So a full mailbox is known here, without a round trip, and a message that was
 * sent always finds room over there.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import * as ActorError from "../../actor/ActorError.ts"
import { timeoutMillis } from "../../actor/AskTimeout.ts"
import { type ExitReason, threadLost } from "../../actor/ExitReason.ts"
import type { Address } from "../../actor/kernel/Address.ts"
import type { Deadlines } from "../../actor/kernel/Deadlines.ts"
import { BROKEN, checked } from "../../actor/kernel/Payload.ts"
import { actorName, type Message, type Protocol } from "../../actor/kernel/Protocol.ts"
import {
  NO_ROOM,
  type Outcome,
  Recipient,
  REFUSED,
  type Resume,
  TAKEN,
  type Waiter,
  type Withdrawable
} from "../../actor/kernel/Recipient.ts"
import { Waiters } from "../../actor/kernel/Waiters.ts"
import * as Envelope from "../internal/envelope.ts"
import { type Addressee, FULL, INVALID, type Outbound, TOO_LARGE, WRITTEN } from "../internal/outbound.ts"
import type { Place } from "../internal/place.ts"
import { RemoteAsk } from "../internal/remoteAsk.ts"

/** See the module. */
export class RemoteRecipient extends Recipient implements Addressee {
  declare readonly node: Place
  declare readonly protocol: Protocol
  declare readonly address: Address
  declare readonly capacity: number
  /** What tells may be in flight: no bound where the actor's side decides what is dropped. */
  declare private readonly window: number
  /** The link, while nothing stands in the way of a tell, and the type word of a tell on it. */
  declare private open: Outbound | undefined
  declare private type: number
  /** Where it is bound to `slot`; another one once the thread has another incarnation. */
  declare private outbound: Outbound | undefined
  declare private slot: number
  declare private inFlight: number
  declare private readonly waiters: Waiters
  /** Why it will take nothing any more. */
  declare private ended: ExitReason | undefined
  declare private otherLayout: number | undefined
  declare private isRetired: boolean
  /** When the last message was too large for the ring: the bytes in front of its payload; -1 otherwise. */
  declare private excess: number
  constructor(node: Place, protocol: Protocol, address: Address) {
    super()
    this.node = node
    this.protocol = protocol
    this.address = address
    this.capacity = address.capacity === 0 ? Infinity : address.capacity
    this.window = address.overflow === "suspend" || address.overflow === "fail" ? this.capacity : Infinity
    this.open = undefined
    this.type = 0
    this.outbound = undefined
    this.slot = 0
    this.inFlight = 0
    this.waiters = new Waiters()
    this.ended = undefined
    this.otherLayout = undefined
    this.excess = -1
    this.isRetired = false
  }

  get key(): string {
    return this.address.key
  }

  get name(): string {
    return actorName(this.protocol, this.address.key)
  }

  get deadlines(): Deadlines {
    return this.node.host.deadlines
  }

  depth(): number {
    // Credit that nobody waited for lies in the ring unannounced; who looks again will see it.
    if (this.inFlight > 0) this.node.expectReply()
    return this.inFlight + this.waiters.length
  }

  tell(index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    const { open } = this
    if (open !== undefined && span === undefined && this.inFlight < this.window && this.waiters.length === 0) {
      const message = this.protocol.messages[index]!
      if (!message.mayCarryRefs && open.tell(this.type, message, payload)) {
        this.inFlight++
        return TAKEN
      }
    }
    return this.waiters.length > 0 ? this.full(false) : this.send(index, payload, span, undefined)
  }

  // Whether the link is up, the actor alive, and credit at hand; binds the slot of a new link first.
  private send(index: number, payload: unknown, span: Tracer.AnySpan | undefined, ask: RemoteAsk | undefined): Outcome {
    if (this.ended !== undefined || this.otherLayout !== undefined) return REFUSED
    if (this.outbound === undefined) {
      const ready = this.bind(ask !== undefined)
      if (ready !== TAKEN) return ready
    }
    const outbound = this.outbound!
    // The record that opens the slot may still wait for room, and no message may overtake it.
    if (this.open === undefined) {
      if (outbound.isBlocked) return this.starve(outbound, ask !== undefined)
      this.open = outbound
    }
    const message = this.protocol.messages[index]!
    if (this.inFlight >= (ask === undefined ? this.window : this.capacity)) return this.full(ask !== undefined)
    let written = this.write(outbound, message, payload, span, ask)
    if (written === WRITTEN) {
      this.inFlight++
      return TAKEN
    }
    if (written === INVALID) {
      const made = checked(message, payload)
      if (made !== BROKEN) written = this.write(outbound, message, made, span, ask)
      if (written === WRITTEN) {
        this.inFlight++
        return TAKEN
      }
    }
    this.excess = written === TOO_LARGE ? Envelope.prefixBytes(ask !== undefined, span !== undefined) : -1
    return written === FULL ? this.starve(outbound, ask !== undefined) : REFUSED
  }

  private write(
    outbound: Outbound,
    message: Message,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    ask: RemoteAsk | undefined
  ): number {
    const before = message.mayCarryRefs ? this.node.lend() : undefined
    const id = ask === undefined ? -1 : outbound.enlist(ask)
    let written: number = INVALID
    try {
      if (ask === undefined) return written = outbound.message(this.slot, message, payload, span, -1, 0)
      const timeout = ask.timeoutMillis < Envelope.NO_TIMEOUT ? ask.timeoutMillis : Envelope.NO_TIMEOUT
      written = outbound.message(this.slot, message, payload, span, id, timeout)
      if (written === WRITTEN) {
        ask.outbound = outbound
        ask.id = id
        this.node.expectReply()
      }
      return written
    } finally {
      // Also when reading the payload has thrown: nobody will answer.
      if (ask !== undefined && written !== WRITTEN) outbound.discharge(id)
      if (message.mayCarryRefs) this.node.giveBack(before)
    }
  }

  // Whoever is refused for want of room will try again: the credit on its way here should be seen soon.
  private full(isAsk: boolean): Outcome {
    this.excess = -1
    this.node.expectReply()
    switch (this.address.overflow) {
      case "suspend":
        return NO_ROOM
      case "fail":
        return REFUSED
      default:
        if (isAsk) return REFUSED
        this.node.host.droppedMessages++
        return TAKEN
    }
  }

  private bind(isAsk: boolean): Outcome {
    const outbound = this.node.outboundTo(this.address.thread)
    this.outbound = undefined
    if (outbound === undefined) {
      const down = this.node.whyDown(this.address.thread)
      if (down.isFinal) this.ended = threadLost(down.thread, down.reason)
      return down.isFinal || this.address.overflow !== "suspend" ? REFUSED : NO_ROOM
    }
    const slot = outbound.bind(this)
    if (slot === undefined) return this.full(isAsk)
    this.slot = slot
    this.type = Envelope.typeOf(Envelope.TELL, 0, this.slot)
    this.inFlight = 0
    this.outbound = outbound
    const { address, protocol } = this
    const { u32 } = outbound.writer.region
    outbound.system(Envelope.typeOf(Envelope.OPEN, 0, this.slot), Envelope.OPEN_BYTES, (offset) => {
      const cell = offset >> 2
      u32[cell] = address.actor
      u32[cell + 1] = address.epoch
      u32[cell + 2] = protocol.layoutHash
      u32[cell + 3] = 0
      return offset + Envelope.OPEN_BYTES
    }, true)
    return TAKEN
  }

  private starve(outbound: Outbound, isAsk: boolean): Outcome {
    outbound.starve(this)
    return this.full(isAsk)
  }

  refusal(index: number, payload: unknown): ActorError.TellError {
    const message = this.protocol.messages[index]!
    const undelivered = { tag: message.tag, payload }
    const actor = this.name
    if (this.otherLayout !== undefined) {
      return new ActorError.LayoutMismatch({ actor, here: this.protocol.layoutHash, there: this.otherLayout })
    }
    if (this.ended !== undefined) return new ActorError.ActorStopped({ actor, reason: this.ended, undelivered })
    if (this.outbound === undefined) {
      const { reason, thread } = this.node.whyDown(this.address.thread)
      return new ActorError.ThreadLost({ actor, thread, reason, undelivered })
    }
    const before = this.node.lend()
    try {
      const made = checked(message, payload)
      if (made === BROKEN) {
        return new ActorError.InvalidPayload({ actor, issue: message.payload.explain(payload), undelivered })
      }
      const limitBytes = this.outbound.writer.maxRecordBytes
      if (this.excess >= 0) {
        const sizeBytes = this.excess + message.payload.encode(made, this.node.scratch)
        return new ActorError.MessageTooLarge({ actor, sizeBytes, limitBytes, undelivered })
      }
    } finally {
      this.node.giveBack(before)
    }
    return new ActorError.MailboxFull({ actor, capacity: this.capacity, undelivered })
  }

  waitForRoom(waiter: Waiter): void {
    this.waiters.push(waiter)
    if (this.outbound === undefined) this.node.awaitThread(this.address.thread, this)
  }

  stopWaiting(waiter: Waiter): void {
    this.waiters.abandon(waiter)
  }

  ask(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown> {
    return Effect.callback<unknown, unknown>((resume) => {
      const ask = this.start(index, payload, span, timeoutMillis(fiber, timeout), resume)
      return ask === undefined ? undefined : Effect.sync(() => ask.withdraw())
    })
  }

  askUnsafe(index: number, payload: unknown, timeoutMillis: number, resume: Resume): Withdrawable | undefined {
    return this.start(index, payload, undefined, timeoutMillis, resume)
  }

  private start(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    timeoutMillis: number,
    resume: Resume
  ): RemoteAsk | undefined {
    const ask = new RemoteAsk(this, index, payload, span, timeoutMillis, resume)
    const outcome = this.waiters.length > 0 ? this.full(true) : this.send(index, payload, span, ask)
    if (outcome === REFUSED || (outcome === NO_ROOM && this.outbound === undefined)) {
      ask.settle(Exit.fail(this.askRefusal(index, payload)))
      return undefined
    }
    if (outcome === NO_ROOM) this.waitWith(ask)
    this.deadlines.add(ask, timeoutMillis)
    return ask
  }

  // An ask does not wait for a thread to come back: it was not handled, and the asker decides.
  private askRefusal(index: number, payload: unknown): ActorError.AskError {
    if (this.outbound !== undefined || this.ended !== undefined) return this.refusal(index, payload)
    const undelivered = { tag: this.protocol.tags[index]!, payload }
    return new ActorError.ActorRestarting({ actor: this.name, undelivered })
  }

  private waitWith(ask: RemoteAsk): void {
    const { index, payload, span } = ask
    const done = (refusal: ActorError.TellError | undefined) => {
      ask.waiter = undefined
      if (refusal !== undefined) ask.settle(Exit.fail(refusal))
    }
    const waiter: RemoteWaiter = { index, payload, span, ask: undefined, remoteAsk: ask, done, abandoned: false }
    ask.waiter = waiter
    this.waitForRoom(waiter)
  }

  /** Sends for those who wait, in order, as far as room and credit reach. */
  admit(): void {
    let waiter: RemoteWaiter | undefined = this.waiters.first()
    while (waiter !== undefined) {
      const outcome = this.send(waiter.index, waiter.payload, waiter.span, waiter.remoteAsk)
      if (outcome === NO_ROOM) {
        if (this.outbound === undefined) this.node.awaitThread(this.address.thread, this)
        return
      }
      this.waiters.shift()
      waiter.done(outcome === TAKEN ? undefined : this.refusal(waiter.index, waiter.payload))
      waiter = this.waiters.first()
    }
  }

  /** The thread has gone, and all that was in flight with it; those who wait go on waiting for its next incarnation. */
  linkLost(): void {
    this.outbound = undefined
    this.open = undefined
    this.inFlight = 0
    if (this.isRetired) this.node.forget(this)
    if (this.waiters.length > 0) this.node.awaitThread(this.address.thread, this)
  }

  /** So many messages have left the mailbox. */
  credited(messages: number): void {
    this.inFlight -= messages
    if (this.waiters.length > 0) this.admit()
    if (this.isRetired) this.retire()
  }

  /** The other side has said its last word about the slot, except for credit: when that is back, another may have it. */
  retire(): void {
    this.isRetired = true
    if (this.inFlight > 0 || this.outbound === undefined) return
    this.outbound.release(this.slot)
    this.outbound = undefined
    this.node.forget(this)
  }

  /** The actor has ended, or speaks another layout: whoever waits is told. */
  closed(reason: ExitReason, otherLayout: number | undefined): void {
    this.ended = reason
    this.otherLayout = otherLayout
    this.open = undefined
    this.admit()
  }
}

interface RemoteWaiter extends Waiter {
  readonly remoteAsk?: RemoteAsk
}
