/**
 * A slot that the other side of a link has opened: which actor here it means, and the credit that its senders are owed.
 *
 * It is the owner of one account: messages that came by the slot are `queued` until they have left the mailbox, then `owed`
 * until their credit is on its way back. Its number in the words of mailboxes is given to another one only when no word with
 * it is left.
 */
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Origin, Origins } from "../../actor/kernel/Origins.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import type { Resident } from "../../actor/kernel/Resident.ts"
import { ORIGIN_SHIFT } from "../../actor/kernel/Word.ts"
import * as Envelope from "./envelope.ts"
import type { Outbound } from "./outbound.ts"

// Half of an unbounded mailbox would be for ever.
const MAX_OWED = 1024

/** The actor that a slot means, and what is known of it. */
export interface Target {
  /** Absent when it is not known here, or speaks another layout. */
  readonly cell: Resident | undefined
  /** Instead of it one that takes nothing any more, as far as it is remembered: what comes for it is given up. */
  readonly former: Resident | undefined
  readonly messages: ReadonlyArray<Message>
  /** The layout hash of this side, when the other side's differs. */
  readonly otherLayout: number | undefined
}

/** See the module. */
export class Binding implements Origin {
  declare readonly slot: number
  declare readonly cell: Resident | undefined
  declare readonly former: Resident | undefined
  declare readonly messages: ReadonlyArray<Message>
  declare readonly otherLayout: number | undefined
  /** Whether its messages come by a lane. */
  declare readonly isLasting: boolean
  /** Its number, where a word has it. */
  declare readonly word: number
  declare private readonly origins: Origins
  declare private readonly outbound: Outbound
  /** The bindings of the link that owe something. */
  declare private readonly owing: Array<Binding>
  declare private readonly onStop: (reason: ExitReason) => void
  declare private threshold: number
  /** Messages in the mailbox, and messages that have left it and are not reported yet. */
  declare private queued: number
  declare private owed: number
  /** Credit that has gone back since the sender was last woken for some. */
  declare private unannounced: number
  declare private isOwing: boolean
  declare private isClosed: boolean
  declare private isOver: boolean
  constructor(
    slot: number,
    target: Target,
    origins: Origins,
    outbound: Outbound,
    owing: Array<Binding>,
    stopped: (binding: Binding, reason: ExitReason) => void
  ) {
    const { cell } = target
    const origin = origins.add(this)
    this.slot = slot
    // Without a number there is no credit, and who sends without credit waits for ever.
    this.cell = origin === 0 ? undefined : cell
    this.former = target.former
    this.messages = target.messages
    this.otherLayout = target.otherLayout
    this.isLasting = cell?.mailbox?.isLasting === true
    this.origins = origins
    this.outbound = outbound
    this.owing = owing
    this.onStop = (reason) => stopped(this, reason)
    this.threshold = cell === undefined ? 1 : Math.min(Math.max(1, Math.floor(cell.behaviour.capacity / 2)), MAX_OWED)
    this.queued = 0
    this.owed = 0
    this.unannounced = 0
    this.isOwing = false
    this.isClosed = false
    this.isOver = false
    this.word = origin << ORIGIN_SHIFT
  }

  /** Hears of the end of its actor from now on: when that accepts nothing any more, or has ended. */
  watch(): void {
    this.cell?.whenStopped(this.onStop)
    this.cell?.whenDraining(this.onStop)
  }

  /** How many of its messages have not left the mailbox. */
  get waiting(): number {
    return this.queued
  }

  /** A message is about to be put into the mailbox. */
  enter(): void {
    this.queued++
  }

  /** A message has left the mailbox. */
  handled(): void {
    this.queued--
    if (this.isOver) this.leave()
    else this.passed()
  }

  /** A message is out of the way: it has left the mailbox, or it is handled, or dropped, without it. */
  passed(): void {
    if (this.isOver) return
    if (!this.isOwing) this.owe()
    if (++this.owed >= this.threshold) this.pay(true)
  }

  private owe(): void {
    this.isOwing = true
    this.owing.push(this)
    // Whoever handles messages in turns of its own does so while the loop may rest.
    this.outbound.owe()
  }

  /**
   * The actor takes nothing more: from here on credit goes back at once, for the sender keeps the slot until it has all. Answers
   * whether that is said for the first time.
   */
  hurry(): boolean {
    const { isClosed } = this
    this.isClosed = true
    this.threshold = 1
    this.pay(true)
    return !isClosed
  }

  /**
   * The link rests: what is owed goes back, without waking anybody for less than the threshold. A sender that sleeps with its window
   * used up has to hear of it, however few messages are handled between two rests.
   */
  rest(): void {
    this.isOwing = false
    this.pay(false)
  }

  private pay(isUrgent: boolean): void {
    const { outbound, owed } = this
    if (owed === 0 || outbound.isDown) return
    this.owed = 0
    this.unannounced += owed
    const wakes = isUrgent || this.unannounced >= this.threshold
    if (wakes) this.unannounced = 0
    outbound.control.words(Envelope.typeOf(Envelope.CREDIT, 0, this.slot), owed, 0, wakes)
  }

  /** Nothing comes by the slot any more: its link has gone, or it means another actor from now on. */
  end(): void {
    this.isOver = true
    this.cell?.unwatch(this.onStop)
    this.leave()
  }

  private leave(): void {
    if (this.queued === 0) this.origins.remove(this.word >>> ORIGIN_SHIFT)
  }
}
