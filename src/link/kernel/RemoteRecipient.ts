/**
 * An actor on another thread, as this thread sees it: an address, a window of credit, and who waits for more of it.
 *
 * The window is the capacity of the actor's mailbox, for this thread alone: `inFlight` counts messages sent and not yet
 * reported as taken out of the mailbox. So a full mailbox is known here, without a round trip, and a message that was
 * sent always finds room over there.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import * as ActorError from "../../actor/ActorError.ts"
import { timeoutMillis } from "../../actor/AskTimeout.ts"
import { type ExitReason, threadLost } from "../../actor/ExitReason.ts"
import type { Address } from "../../actor/kernel/Address.ts"
import { awaiting, forsaking } from "../../actor/kernel/Awaiting.ts"
import { BROKEN, checked } from "../../actor/kernel/Payload.ts"
import { actorName, type Message, type Protocol } from "../../actor/kernel/Protocol.ts"
import {
  type Asker,
  NO_ROOM,
  type Outcome,
  REFUSED,
  TAKEN,
  type Waiter,
  type Withdrawable
} from "../../actor/kernel/Recipient.ts"
import { Waiters } from "../../actor/kernel/Waiters.ts"
import { outgoing } from "../internal/asks.ts"
import { Distant } from "../internal/distant.ts"
import * as Envelope from "../internal/envelope.ts"
import { type Home, idOf } from "../internal/home.ts"
import { Lasting } from "../internal/lasting.ts"
import {
  type Addressee,
  FULL,
  GONE,
  INVALID,
  type Outbound,
  TOO_LARGE,
  WRITTEN,
  type Written
} from "../internal/outbound.ts"
import type { RemoteAsk } from "../internal/remoteAsk.ts"

// Constants of this module are folded into compiled code, those of others are looked up each time.
const INDEX_SHIFT = 4

/** The link has no number left for another actor, or another ask. */
const NO_NUMBER = 5

type Refused = Written | typeof NO_NUMBER

/** A waiter whose sending has thrown: with what. */
interface Died {
  readonly defect: unknown
}

interface RemoteWaiter extends Waiter {
  readonly remoteAsk?: RemoteAsk
}

/** See the module. */
export class RemoteRecipient extends Distant implements Addressee {
  declare readonly protocol: Protocol
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
  declare private isAdmitting: boolean
  declare private otherLayout: number | undefined
  declare private isRetired: boolean
  /** Where its messages lie, if its mailbox survives its thread: not in the ring of the link. */
  declare private lasting: Lasting | undefined
  /** What stood in the way of the last message that was refused. */
  declare private refused: Refused
  declare private refusedBytes: number
  constructor(home: Home, protocol: Protocol, address: Address) {
    super(home, address)
    this.protocol = protocol
    protocol.prepare(home.carriage)
    this.capacity = address.capacity === 0 ? Infinity : address.capacity
    this.window = address.overflow === "suspend" || address.overflow === "fail" ? this.capacity : Infinity
    this.open = undefined
    this.type = 0
    this.outbound = undefined
    this.slot = 0
    this.inFlight = 0
    this.waiters = new Waiters()
    this.isAdmitting = false
    this.otherLayout = undefined
    this.isRetired = false
    this.lasting = undefined
    this.refused = FULL
    this.refusedBytes = 0
  }

  get key(): string {
    return this.address.key
  }

  get name(): string {
    return actorName(this.protocol, this.address.key)
  }

  protected explain(message: Message, payload: unknown): string {
    return message.payload.explain(payload, this.home.carriage)
  }

  depth(): number {
    // Credit that nobody waited for lies in the ring unannounced; who looks again will see it.
    if (this.inFlight > 0) this.home.signals.expect()
    return (this.lasting?.inFlight ?? this.inFlight) + this.waiters.length
  }

  tell(index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    const { open } = this
    if (open !== undefined && span === undefined && this.inFlight < this.window && this.waiters.length === 0) {
      const message = this.protocol.messages[index]!
      const written = open.tell(this.type | (index << INDEX_SHIFT), message.payload, payload)
      if (written !== WRITTEN) return this.conclude(open, written, message, payload, span, undefined)
      this.inFlight++
      return TAKEN
    }
    return this.waiters.length > 0 ? this.full(index, payload, false) : this.send(index, payload, span, undefined)
  }

  // Whether the link is up, the actor alive, and credit at hand; binds the slot of a new link first.
  private send(index: number, payload: unknown, span: Tracer.AnySpan | undefined, ask: RemoteAsk | undefined): Outcome {
    if (this.ended !== undefined || this.otherLayout !== undefined) return REFUSED
    const message = this.protocol.messages[index]!
    if (this.outbound === undefined) {
      const ready = this.bind()
      if (ready !== TAKEN) return ready
    }
    const outbound = this.outbound!
    const { lasting } = this
    const hasCredit = lasting === undefined
      ? this.inFlight < (ask === undefined ? this.window : this.capacity)
      : lasting.hasCredit
    if (!hasCredit) return this.full(index, payload, ask !== undefined)
    // Nothing is full, and it is a matter of a moment.
    if (lasting?.isKnown === false) return lasting.starve()
    const written = this.write(outbound, message, payload, span, ask)
    return this.conclude(outbound, written, message, payload, span, ask)
  }

  // What an attempt to write means for the sender. A class payload may be given as its plain fields, and is constructed once
  // the codec says no.
  private conclude(
    outbound: Outbound,
    answer: Refused,
    message: Message,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    ask: RemoteAsk | undefined
  ): Outcome {
    let written = answer
    if (written === INVALID) {
      const made = checked(message, payload)
      if (made !== BROKEN && made !== payload) written = this.write(outbound, message, made, span, ask)
    }
    if (written === WRITTEN) {
      this.inFlight++
      return TAKEN
    }
    if (written === FULL) {
      if (this.lasting === undefined) outbound.starve(this)
      return this.full(message.index, payload, ask !== undefined)
    }
    this.refused = written
    this.refusedBytes = (this.lasting ?? outbound).refusedBytes
    return REFUSED
  }

  private write(
    outbound: Outbound,
    message: Message,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    ask: RemoteAsk | undefined
  ): Refused {
    if (this.lasting !== undefined) return this.lasting.write(outbound, message, payload, span, ask)
    return ask === undefined
      ? outbound.message(this.slot, message, payload, span)
      : this.writeAsk(outbound, message, payload, span, ask)
  }

  private writeAsk(
    outbound: Outbound,
    message: Message,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    ask: RemoteAsk
  ): Refused {
    const number = outbound.enlist(ask)
    if (number === undefined) return NO_NUMBER
    ask.number = number
    let written: Written = INVALID
    try {
      written = outbound.message(this.slot, message, payload, span, ask)
    } finally {
      // Also when reading the payload has thrown: nobody will answer.
      if (written !== WRITTEN) outbound.discharge(number)
    }
    if (written === WRITTEN) {
      ask.outbound = outbound
      this.home.signals.expect()
    }
    return written
  }

  // Whoever is refused for want of room will try again: the credit on its way here should be seen soon.
  private full(index: number, payload: unknown, isAsk: boolean): Outcome {
    this.refused = FULL
    this.lasting?.starve()
    this.home.signals.expect()
    switch (this.address.overflow) {
      case "suspend":
        return NO_ROOM
      case "fail":
        return REFUSED
      default:
        if (isAsk) return REFUSED
        this.drop(index, payload)
        return TAKEN
    }
  }

  private drop(index: number, payload: unknown): void {
    const { address: { overflow: policy }, home: { host } } = this
    const message = this.protocol.messages[index]!
    host.lost(this.letteredFor(payload), index, this.givenAs(payload), { _tag: "Overflow", policy })
    if (message.carries) host.freight.discard(message.payload, payload)
  }

  private bind(): Outcome {
    const { address, home, protocol } = this
    const outbound = home.outboundTo(address.thread)
    if (outbound === undefined) {
      const down = home.whyDown(address.thread)
      if (down.isFinal) this.ended = threadLost(down.thread, down.reason)
      this.refused = FULL
      return down.isFinal || address.overflow !== "suspend" ? REFUSED : NO_ROOM
    }
    const slot = outbound.bind(this, address, protocol.layoutHash)
    this.outbound = outbound
    if (slot === undefined) {
      this.outbound = undefined
      this.refused = NO_NUMBER
      return REFUSED
    }
    this.slot = slot
    this.type = Envelope.typeOf(Envelope.TELL, 0, slot)
    this.inFlight = 0
    if (address.laneBytes === 0) this.open = outbound
    else {
      this.lasting ??= new Lasting(home, address, this.capacity, () => this.admit())
      this.lasting.goOn(outbound)
    }
    return TAKEN
  }

  // The actor has ended, and is not heard of any more.
  private endLasting(): void {
    this.lasting?.end(this.ended)
    this.lasting = undefined
  }

  refusal(index: number, payload: unknown): ActorError.TellError {
    const message = this.protocol.messages[index]!
    const undelivered = { tag: message.tag, payload: this.givenAs(payload) }
    const actor = this.nameFor(payload)
    if (this.otherLayout !== undefined) return this.mismatch(actor, this.otherLayout)
    if (this.ended !== undefined) {
      return new ActorError.ActorStopped({ actor, reason: this.ended, begun: false, undelivered })
    }
    const { reason, thread } = this.home.whyDown(this.address.thread)
    switch (this.refused) {
      case NO_NUMBER:
        return new ActorError.LinkFull({ actor, thread, undelivered })
      case INVALID:
        return new ActorError.InvalidPayload({ actor, issue: this.explain(message, payload), undelivered })
      case GONE:
        return new ActorError.InvalidPayload({ actor, issue: this.outbound?.issue ?? "", undelivered })
      case TOO_LARGE: {
        const limitBytes = (this.lasting ?? this.outbound)?.maxRecordBytes ?? 0
        return new ActorError.MessageTooLarge({ actor, sizeBytes: this.refusedBytes, limitBytes, undelivered })
      }
      default:
        return this.outbound === undefined
          ? new ActorError.ThreadLost({ actor, thread, reason, undelivered })
          : new ActorError.MailboxFull({ actor, capacity: this.capacity, undelivered })
    }
  }

  waitForRoom(waiter: Waiter): void {
    this.queue(waiter)
    if (this.waiters.length === 1) this.admit()
  }

  private queue(waiter: Waiter): void {
    this.waiters.push(waiter)
    if (this.outbound === undefined) this.home.awaitThread(this.address.thread, this)
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
    return awaiting(fiber, span, this.protocol.messages[index]!, (resume) => {
      return forsaking(this.start(index, payload, span, timeoutMillis(fiber, timeout), resume)?.waitedForBy(fiber))
    })
  }

  askUnsafe(index: number, payload: unknown, timeoutMillis: number, asker: Asker): Withdrawable | undefined {
    return this.start(index, payload, undefined, timeoutMillis, asker)
  }

  private start(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    timeoutMillis: number,
    asker: Asker
  ): RemoteAsk | undefined {
    const ask = outgoing(this.home, this, index, payload, span, timeoutMillis, asker)
    const outcome = this.waiters.length > 0 ? this.full(index, payload, true) : this.send(index, payload, ask.span, ask)
    if (outcome === REFUSED || (outcome === NO_ROOM && this.outbound === undefined)) {
      ask.settle(Exit.fail(this.askRefusal(index, payload)))
      return undefined
    }
    if (outcome === NO_ROOM) this.waitWith(ask)
    this.home.host.deadlines.add(ask, timeoutMillis)
    return ask
  }

  // An ask does not wait for a thread to come back: it was not handled, and the asker decides.
  private askRefusal(index: number, payload: unknown): ActorError.AskError {
    if (this.outbound !== undefined || this.ended !== undefined || this.refused !== FULL) {
      return this.refusal(index, payload)
    }
    const undelivered = { tag: this.protocol.tags[index]!, payload: this.givenAs(payload) }
    return new ActorError.ActorRestarting({ actor: this.nameFor(payload), undelivered })
  }

  private waitWith(ask: RemoteAsk): void {
    const { index, payload, span } = ask
    const waiter: RemoteWaiter = {
      index,
      payload,
      span,
      ask: undefined,
      remoteAsk: ask,
      done: (refusal) => {
        ask.waiter = undefined
        if (refusal !== undefined) ask.settle(Exit.fail(refusal))
      },
      died: (defect) => {
        ask.waiter = undefined
        ask.settle(Exit.die(defect))
      },
      abandoned: false
    }
    ask.waiter = waiter
    this.queue(waiter)
  }

  /**
   * Sends for those who wait, in order, as far as room and credit reach. A payload that throws when it is read is the defect of
   * its own sender, and those behind it go on.
   */
  admit(): void {
    if (this.isAdmitting) return
    this.isAdmitting = true
    if (this.lasting !== undefined && this.outbound === undefined) this.bind()
    if (this.outbound === undefined && this.ended !== undefined) this.endLasting()
    let waiter: RemoteWaiter | undefined = this.waiters.first()
    while (waiter !== undefined) {
      const outcome = this.attempt(waiter)
      if (outcome === NO_ROOM) {
        if (this.outbound === undefined) this.home.awaitThread(this.address.thread, this)
        break
      }
      // User code has run, and may have interrupted who waits.
      if (!waiter.abandoned) {
        this.waiters.shift()
        this.conclusion(waiter, outcome)
      }
      waiter = this.waiters.first()
    }
    this.isAdmitting = false
  }

  private attempt(waiter: RemoteWaiter): typeof TAKEN | typeof NO_ROOM | ActorError.TellError | Died {
    try {
      const outcome = this.send(waiter.index, waiter.payload, waiter.span, waiter.remoteAsk)
      return outcome === TAKEN || outcome === NO_ROOM ? outcome : this.refusal(waiter.index, waiter.payload)
    } catch (defect) {
      return { defect }
    }
  }

  private conclusion(waiter: RemoteWaiter, outcome: typeof TAKEN | ActorError.TellError | Died): void {
    try {
      if (outcome === TAKEN) waiter.done(undefined)
      else if ("defect" in outcome) waiter.died?.(outcome.defect)
      else waiter.done(outcome)
    } catch (thrown) {
      this.home.reports.failed(thrown)
    }
  }

  /** The thread has gone, and all that was in flight with it; those who wait go on waiting for its next incarnation. */
  linkLost(): void {
    this.outbound = undefined
    this.open = undefined
    this.inFlight = 0
    if (this.isRetired) this.home.remotes.end(idOf(this.address), this)
    if (this.ended === undefined) this.lasting?.linkLost()
    else this.endLasting()
    if (this.waiters.length > 0 || this.lasting !== undefined) this.home.awaitThread(this.address.thread, this)
  }

  /** So many messages have left the mailbox. */
  credited(messages: number): void {
    if (this.outbound === undefined) return
    this.inFlight -= messages
    if (this.waiters.length > 0) this.admit()
    if (this.isRetired) this.retire()
  }

  /** The other side has said its last word about the slot, except for credit: when that is back, another may have it. */
  retire(): void {
    this.isRetired = true
    if (this.inFlight > 0 && this.lasting === undefined) return
    this.endLasting()
    const { outbound } = this
    this.outbound = undefined
    outbound?.release(this.slot)
    this.home.remotes.end(idOf(this.address), this)
  }

  /** The actor has ended, or speaks another layout: whoever waits is told. */
  closed(reason: ExitReason, otherLayout: number | undefined, layouts?: string): void {
    this.ended ??= reason
    this.layouts ??= layouts
    this.otherLayout ??= otherLayout
    this.open = undefined
    if (this.outbound === undefined) this.endLasting()
    // Those who wait are other requests than the one that ends the actor.
    if (this.waiters.length > 0) this.home.runtime.detached(() => this.admit())
  }
}
