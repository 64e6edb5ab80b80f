/**
 * An ask that came by a link, on the side of the actor: its outcome is written back into the ring, once.
 */
import type * as Tracer from "effect/Tracer"
import type { Handover } from "../../actor/kernel/Forwarded.ts"
import { handOn, whyUnanswered } from "../../actor/kernel/HandingOn.ts"
import type { Taker } from "../../actor/kernel/Word.ts"
import { AnsweredAsk } from "./answeredAsk.ts"
import type { Binding } from "./binding.ts"
import * as Envelope from "./envelope.ts"
import type { Home } from "./home.ts"
import type { Outbound } from "./outbound.ts"

/** What is known of an ask when it arrives. */
export interface Arrived {
  readonly number: number
  readonly serial: number
  readonly index: number
  readonly span: Tracer.AnySpan | undefined
  /** How many elements of a stream the asker has room for. */
  readonly window: number
  /** When the asker stops waiting, in the milliseconds of the thread. */
  readonly expiresAt: number
}

/** See the module. */
export class InboundAsk extends AnsweredAsk {
  declare readonly binding: Binding
  declare readonly serial: number
  declare protected readonly outbound: Outbound
  /** The asks of its link that are not answered, by number. */
  declare private readonly asks: Array<InboundAsk | undefined>
  declare private readonly expiresAt: number
  declare protected isAnswered: boolean
  declare protected taker: Taker | undefined
  /** Takes it back from the actor that it was handed on to. */
  declare private giveUp: (() => void) | undefined
  constructor(
    home: Home,
    outbound: Outbound,
    asks: Array<InboundAsk | undefined>,
    binding: Binding,
    { expiresAt, index, number, serial, span }: Arrived
  ) {
    super(home, binding.messages[index], { number, slot: Envelope.OF_LINK }, binding.word | index, span)
    this.outbound = outbound
    this.asks = asks
    this.binding = binding
    this.serial = serial
    this.expiresAt = expiresAt
    this.isAnswered = false
    this.taker = undefined
    this.giveUp = undefined
    asks[number] = this
  }

  override takenBy(taker: Taker): void {
    this.taker = taker
  }

  override forward(handover: Handover): void {
    if (this.cancelled) return this.withdrawn()
    const { home: { host } } = this
    const message = this.message!
    this.giveUp = handOn(host, host.context, this, message, handover, (exit) => {
      const unanswered = whyUnanswered(message, exit)
      if (unanswered === undefined) this.settle(exit)
      else this.unanswered(unanswered)
    })
  }

  /** The asker does not wait any more. */
  withdraw(): void {
    if (this.giveUp !== undefined) {
      this.withdrawn()
      return this.giveUp()
    }
    if ((this.taker ?? this.binding.cell)?.cancel(this) !== true) this.withdrawn()
  }

  /** So many elements more may be sent. */
  granted(_elements: number): void {}

  override isOver(): boolean {
    if (this.expiresAt === Infinity || this.home.turnMillis() < this.expiresAt) return false
    this.withdrawn()
    return true
  }

  protected override claim(): Outbound | undefined {
    if (this.isAnswered) return undefined
    this.isAnswered = true
    this.asks[this.number] = undefined
    return this.outbound.isDown ? undefined : this.outbound
  }
}
