/**
 * The receiving half of the link to one incarnation of one thread: reads its ring and hands messages to the actors here.
 *
 * Every number read from the ring is checked before it is used; a record that makes no sense is counted, reported and
 * skipped, and the records behind it are read.
 */
import { type ExitReason, forgotten } from "../../actor/ExitReason.ts"
import type { Cell } from "../../actor/kernel/Cell.ts"
import type { Origin } from "../../actor/kernel/Host.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { ORIGIN_SHIFT, Traced } from "../../actor/kernel/Word.ts"
import { CORRUPT } from "../../memory/Ring.ts"
import { SpscReader } from "../../memory/SpscRing.ts"
import * as Envelope from "./envelope.ts"
import * as ExitRecord from "./exitRecord.ts"
import { InboundAsk, type Way } from "./inboundAsk.ts"
import type { Outbound } from "./outbound.ts"
import type { Owing, Place } from "./place.ts"
import * as TraceContext from "./traceContext.ts"

/** A slot that the other side has opened: which actor it means, and the credit it is owed. */
class Binding implements Origin, Owing {
  declare readonly inbound: Inbound
  declare readonly slot: number
  declare readonly cell: Cell | undefined
  declare readonly messages: ReadonlyArray<Message>
  /** The layout hash of this side, when the other side's differs. */
  declare readonly otherLayout: number | undefined
  declare readonly word: number
  declare readonly onStop: (reason: ExitReason) => void
  declare private threshold: number
  declare private owed: number
  constructor(
    inbound: Inbound,
    slot: number,
    cell: Cell | undefined,
    messages: ReadonlyArray<Message>,
    otherLayout: number | undefined,
    origin: number
  ) {
    this.inbound = inbound
    this.slot = slot
    this.cell = cell
    this.messages = messages
    this.otherLayout = otherLayout
    this.word = origin << ORIGIN_SHIFT
    this.onStop = (reason) => inbound.stopped(slot, reason)
    inbound.node.host.origins[origin] = this
    this.threshold = cell === undefined ? 1 : Math.min(Math.max(1, Math.floor(cell.behaviour.capacity / 2)), MAX_OWED)
    this.owed = 0
  }

  handled(): void {
    if (this.owed++ === 0) this.inbound.node.owing.push(this)
    if (this.owed >= this.threshold) this.pay(true)
  }

  /** The actor has ended: from here on credit goes back at once, for the sender keeps the slot until it has all. */
  hurry(): void {
    this.threshold = 1
    this.pay(true)
  }

  /** Gives the credit back; `isUrgent` when the sender may be waiting for it. */
  pay(isUrgent: boolean): void {
    const { owed } = this
    if (owed === 0) return
    this.owed = 0
    this.inbound.replyTo()?.words(Envelope.typeOf(Envelope.CREDIT, 0, this.slot), owed, 0, isUrgent)
  }
}

// Constants of this module are folded into compiled code, those of others are looked up each time.
const { TELL } = Envelope
const KIND = 0xf
const INDEX_SHIFT = 4
const INDEX_MASK = 0xff
const SLOT_SHIFT = 12

// Half of an unbounded mailbox would be for ever.
const MAX_OWED = 1024

/** See the module. */
export class Inbound implements Way {
  declare readonly node: Place
  /** Index and incarnation of the thread at the other end. */
  declare readonly thread: number
  declare readonly epoch: number
  /** Asks that came from there and are not answered yet, by their number over there. */
  declare readonly asks: Array<InboundAsk | undefined>
  declare readonly ring: SharedArrayBuffer
  declare private readonly reader: SpscReader
  declare private readonly bindings: Array<Binding | undefined>
  declare private isClosed: boolean
  /** What is left of the budget of a drain. */
  declare private left: number
  constructor(node: Place, thread: number, epoch: number, ring: SharedArrayBuffer) {
    this.node = node
    this.thread = thread
    this.epoch = epoch
    this.ring = ring
    this.asks = []
    this.reader = new SpscReader(ring)
    this.bindings = []
    this.isClosed = false
    this.left = 0
  }

  /** Where replies and credit go: the way back to the same incarnation, or nowhere once it has gone. */
  replyTo(): Outbound | undefined {
    return this.isClosed ? undefined : this.node.outboundTo(this.thread)
  }

  /** Whether there is nothing to read. */
  get isEmpty(): boolean {
    return this.reader.isEmpty()
  }

  /** Reads up to `budget` records and answers how many it read. */
  drain(budget: number): number {
    const { reader } = this
    if (!reader.poll()) return 0
    this.left = budget
    // One record that makes no sense ends a run of reading, not the drain.
    while (this.left > 0) {
      try {
        if (this.read()) break
      } catch (error) {
        this.unreadable(reader.type)
        this.node.malformed(this.thread, error)
      }
    }
    reader.release()
    if (reader.takeRoomRequest()) this.node.wake(this.thread)
    return budget - this.left
  }

  // Reads until the budget or the ring is used up; answers whether the ring is.
  private read(): boolean {
    const { bindings, reader } = this
    while (this.left > 0) {
      const offset = reader.next()
      if (offset < 0) {
        if (offset === CORRUPT) this.resync()
        return true
      }
      this.left--
      const { type } = reader
      const binding = (type & KIND) === TELL ? bindings[type >>> SLOT_SHIFT] : undefined
      if (binding !== undefined && binding.cell !== undefined) {
        const message = binding.messages[(type >>> INDEX_SHIFT) & INDEX_MASK]
        if (message === undefined) throw unknownMessage(type)
        const payload = message.payload.read(reader.region, offset, reader.end)
        if (binding.cell.receive(binding.word | message.index, payload)) binding.handled()
      } else this.record(type, offset, reader.end)
    }
    return false
  }

  // A message that cannot be read has left the ring like any other: its credit goes back.
  private unreadable(type: number): void {
    if (Envelope.kindOf(type) <= Envelope.ASK_TRACED) this.bindings[Envelope.slotOf(type)]?.handled()
  }

  private resync(): void {
    const bytes = this.reader.resync()
    this.node.malformed(this.thread, new Error(`a damaged record header; ${bytes} bytes were skipped`))
  }

  private record(type: number, offset: number, end: number): void {
    const { region } = this.reader
    switch (Envelope.kindOf(type)) {
      case Envelope.TELL:
        return this.tell(type, offset, end, false)
      case Envelope.TELL_TRACED:
        return this.tell(type, offset, end, true)
      case Envelope.ASK:
        return this.ask(type, offset, end, false)
      case Envelope.ASK_TRACED:
        return this.ask(type, offset, end, true)
      case Envelope.REPLY: {
        const ask = this.node.outboundTo(this.thread)?.discharge(region.u32[offset >> 2]!)
        return ask?.replied(Envelope.indexOf(type), region, offset + Envelope.ASK_BYTES, end)
      }
      case Envelope.INTERRUPT:
        return this.interrupt(region.u32[offset >> 2]!)
      case Envelope.OPEN:
        return this.open(Envelope.slotOf(type), offset)
      case Envelope.CLOSED:
        return this.closed(Envelope.slotOf(type), offset, end)
      case Envelope.CREDIT:
        return this.node.outboundTo(this.thread)?.slots[Envelope.slotOf(type)]?.credited(region.u32[offset >> 2]!)
      default:
        throw new Error(`a record of the unknown kind ${Envelope.kindOf(type)}`)
    }
  }

  private tell(type: number, offset: number, end: number, isTraced: boolean): void {
    const binding = this.bindings[Envelope.slotOf(type)]
    if (binding === undefined) throw unknownMessage(type)
    const { cell } = binding
    if (cell === undefined) {
      this.node.host.droppedMessages++
      return binding.handled()
    }
    const message = binding.messages[Envelope.indexOf(type)]
    if (message === undefined) throw unknownMessage(type)
    const { region } = this.reader
    const at = isTraced ? offset + TraceContext.TRACE_BYTES : offset
    const payload = message.payload.read(region, at, end)
    const word = binding.word | message.index
    const span = isTraced ? TraceContext.read(region, offset) : undefined
    cell.deliverRemote(span === undefined ? word : new Traced(word, span), payload)
  }

  private ask(type: number, offset: number, end: number, isTraced: boolean): void {
    const binding = this.bindings[Envelope.slotOf(type)]
    const message = binding?.messages[Envelope.indexOf(type)]
    if (binding === undefined || binding.cell !== undefined && message === undefined) throw unknownMessage(type)
    const { region } = this.reader
    const id = region.u32[offset >> 2]!
    const timeout = region.u32[(offset >> 2) + 1]!
    const expiresAt = timeout === Envelope.NO_TIMEOUT ? Infinity : this.node.turnMillis() + timeout
    const traceAt = offset + Envelope.ASK_BYTES
    const span = isTraced ? TraceContext.read(region, traceAt) : undefined
    const ask = new InboundAsk(this, id, message, binding.word | Envelope.indexOf(type), span, expiresAt)
    this.asks[id] = ask
    const { cell, otherLayout } = binding
    if (otherLayout !== undefined) {
      ask.otherLayout(otherLayout)
      return binding.handled()
    }
    if (cell === undefined) {
      ask.stopped(forgotten)
      return binding.handled()
    }
    cell.deliverRemote(ask, this.question(ask, message!, isTraced ? traceAt + TraceContext.TRACE_BYTES : traceAt, end))
  }

  private question(ask: InboundAsk, message: Message, at: number, end: number): unknown {
    try {
      return message.payload.read(this.reader.region, at, end)
    } catch (error) {
      ask.unreadable(error)
      throw error
    }
  }

  private interrupt(id: number): void {
    const ask = this.asks[id]
    if (ask === undefined) return
    const cell = this.bindingOf(ask)?.cell
    if (cell?.cancel(ask) !== true) ask.withdrawn()
  }

  private bindingOf(ask: InboundAsk): Binding | undefined {
    return this.node.host.origins[ask.word >>> ORIGIN_SHIFT] as Binding | undefined
  }

  private open(slot: number, offset: number): void {
    const { u32 } = this.reader.region
    const cell = this.node.cellAt(u32[offset >> 2]!, u32[(offset >> 2) + 1]!)
    const theirs = u32[(offset >> 2) + 2]!
    const protocol = cell?.protocol
    const ours = protocol?.layoutHash
    const differs = ours !== undefined && ours !== theirs
    // A slot is opened again when all that was sent by it before is accounted for, so its number is free too.
    const before = this.bindings[slot]
    const origin = before === undefined ? this.node.host.origins.length : before.word >>> ORIGIN_SHIFT
    const messages = protocol?.messages ?? []
    const target = differs ? undefined : cell
    const binding = new Binding(this, slot, target, messages, differs ? ours : undefined, origin)
    this.bindings[slot] = binding
    if (cell === undefined) return this.close(slot, 0, forgotten)
    if (differs) return this.close(slot, ours, forgotten)
    cell.whenStopped(binding.onStop)
  }

  // A worker on which a behaviour gave up is about to end, and its actors come back with its next incarnation.
  stopped(slot: number, reason: ExitReason): void {
    const { host, index } = this.node
    if (index !== 0 && host.isEscalating) return
    this.bindings[slot]?.hurry()
    this.close(slot, 0, reason)
  }

  private close(slot: number, layoutHash: number, reason: ExitReason): void {
    const outbound = this.replyTo()
    if (outbound !== undefined) {
      ExitRecord.send(outbound, Envelope.typeOf(Envelope.CLOSED, 0, slot), layoutHash, reason)
    }
  }

  private closed(slot: number, offset: number, end: number): void {
    const { region } = this.reader
    const layoutHash = region.u32[offset >> 2]!
    const addressee = this.node.outboundTo(this.thread)?.slots[slot]
    if (addressee === undefined) return
    addressee.closed(
      ExitRecord.read(region, offset + Envelope.ASK_BYTES, end),
      layoutHash === 0 ? undefined : layoutHash
    )
    addressee.retire()
  }

  /** The thread has gone: what it had sent is still read, and what it had asked is interrupted. */
  end(): void {
    while (this.drain(Infinity) > 0);
    this.isClosed = true
    for (const ask of this.asks) {
      if (ask !== undefined && this.bindingOf(ask)?.cell?.cancel(ask) !== true) ask.withdrawn()
    }
    for (const binding of this.bindings) {
      if (binding === undefined) continue
      this.node.host.origins[binding.word >>> ORIGIN_SHIFT] = undefined
      binding.cell?.unwatch(binding.onStop)
    }
  }
}

const unknownMessage = (type: number): Error =>
  new Error(`a message ${Envelope.indexOf(type)} for slot ${Envelope.slotOf(type)}, which is not open`)
