/**
 * The receiving half of a link: reads the rings of one incarnation of one thread and hands messages to the actors here.
 *
 * Control is read first, and once more before data that has come meanwhile: what was said before that is heard before it. Of data a bounded
 * number of records is read in a row; while the turn lasts the actors handle them at once, afterwards they are put into the mailboxes, so that
 * one actor that is slow delays nobody who shares the ring with it. What lies in the ring for long all the same is put into the mailboxes first.
 * These have room: each message was sent on credit. Those without a bound hold up the ring once they have very many.
 *
 * Every number read from a ring is checked before it is used; a record that makes no sense is reported and skipped, and the
 * records behind it are read.
 */
import { type ExitReason, forgotten } from "../../actor/ExitReason.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { Traced } from "../../actor/kernel/Word.ts"
import { CORRUPT } from "../../memory/Ring.ts"
import { SpscReader } from "../../memory/SpscRing.ts"
import * as TraceContext from "../../observe/kernel/TraceContext.ts"
import type { Turn } from "../../runtime/Turn.ts"
import type { Carriage } from "../../wire/Carriage.ts"
import { incoming } from "./asks.ts"
import { Binding, type Target } from "./binding.ts"
import * as Envelope from "./envelope.ts"
import * as ExitRecord from "./exitRecord.ts"
import type { Home } from "./home.ts"
import type { InboundAsk } from "./inboundAsk.ts"
import { obey } from "./inboundCommand.ts"
import * as LastWord from "./lastWord.ts"
import type { Outbound, Rings } from "./outbound.ts"
import { MOST_SORTED, Overdue, SORTING_MILLIS } from "./overdue.ts"
import { Watching } from "./watching.ts"

// Constants of this module are folded into compiled code, those of others are looked up each time.
const { TELL } = Envelope
const KIND = 0xf
const INDEX_SHIFT = 4
const INDEX_MASK = 0xff
const SLOT_SHIFT = 12

/** See the module. */
export class Inbound {
  declare private readonly home: Home
  declare private readonly turn: Turn
  declare private readonly carriage: Carriage
  declare private readonly outbound: Outbound
  declare private data: SpscReader | undefined
  declare private control: SpscReader | undefined
  /** Asks that came from there and are not answered yet, by their number over there. */
  declare private readonly asks: Array<InboundAsk | undefined>
  /** The serial of the ask read last, and those of asks that were interrupted before they were read. */
  declare private lastSerial: number
  declare private readonly interrupted: Set<number>
  declare private readonly bindings: Array<Binding | undefined>
  declare private readonly owing: Array<Binding>
  /** Who is watched from there. */
  declare private readonly watching: Watching
  declare private readonly stopped: (binding: Binding, reason: ExitReason) => void
  /** What is left of the budget of a drain. */
  declare private left: number
  /** Whether the message read last is in the hands of its actor: what is thrown then is no damage of the record. */
  declare private isDelivering: boolean
  /** Its thread has gone: what it had sent is put into the mailboxes. */
  declare private isEnding: boolean
  /** Whether messages are put into the mailboxes, also of those who could handle them at once. */
  declare private isSorting: boolean
  declare private readonly overdue: Overdue
  constructor(home: Home, outbound: Outbound) {
    this.home = home
    this.turn = home.turn
    this.carriage = home.carriage
    this.outbound = outbound
    this.data = undefined
    this.control = undefined
    this.asks = []
    this.lastSerial = 0
    this.interrupted = new Set()
    this.bindings = []
    this.owing = []
    this.watching = new Watching(home, outbound)
    this.stopped = (binding, reason) => this.actorStopped(binding, reason)
    this.left = 0
    this.isDelivering = false
    this.isEnding = false
    this.isSorting = false
    this.overdue = new Overdue(home.turn)
  }

  /** Takes the rings that the other side writes into. */
  accept({ control, data }: Rings): void {
    this.data = new SpscReader(data)
    this.control = new SpscReader(control)
  }

  /** Whether there is nothing to read. */
  get isEmpty(): boolean {
    return this.data === undefined || this.data.isEmpty() && this.control!.isEmpty()
  }

  /** Takes note of the messages that are visible by now; what it answers says whether they have been read. */
  mark(): () => boolean {
    const { data } = this
    if (data === undefined) return () => true
    const published = data.published()
    return () => !data.isBehind(published)
  }

  /** Gives back the credit that nobody has waited for so far. */
  rest(): void {
    if (this.owing.length === 0) return
    for (const binding of this.owing.splice(0)) binding.rest()
  }

  // ---- control

  /** Reads control, until there is none or the turn is over; answers how many records it read. */
  drainControl(): number {
    const reader = this.control
    if (reader === undefined || !reader.poll()) return 0
    let read = 0
    do {
      const offset = reader.next()
      if (offset < 0) {
        if (offset === CORRUPT) this.resync(reader)
        break
      }
      read++
      try {
        this.command(reader, offset)
      } catch (error) {
        this.home.reports.malformed(this.outbound.thread, error)
      }
    } while (this.isEnding || !this.turn.isOver())
    this.release(reader)
    return read
  }

  private release(reader: SpscReader): void {
    reader.release()
    if (reader.takeRoomRequest()) this.outbound.wake()
  }

  private command(reader: SpscReader, offset: number): void {
    const { region, type } = reader
    const word = region.u32[offset >> 2]!
    switch (Envelope.kindOf(type)) {
      case Envelope.CREDIT:
        return this.outbound.slots[Envelope.slotOf(type)]?.credited(word)
      case Envelope.INTERRUPT:
        return this.interrupt(word, region.u32[(offset >> 2) + 1]!)
      case Envelope.GRANT: {
        const ask = this.asks[word]
        const isIts = ask !== undefined && ask.serial === region.u32[(offset >> 2) + 1]
        return isIts ? ask.granted(Envelope.numberOf(type)) : undefined
      }
      case Envelope.LANE:
        return this.lane(type, word, region.u32[(offset >> 2) + 1]!)
      case Envelope.CLOSED:
        return LastWord.hear(this.outbound, reader, offset)
      case Envelope.WATCH:
        return this.watching.add(word, region.u32[(offset >> 2) + 1]!, region.u32[(offset >> 2) + 2]!)
      case Envelope.UNWATCH:
        return this.watching.remove(word)
      case Envelope.COMMAND:
        return obey(this.home, this.outbound, reader, offset)
      case Envelope.REPLY:
        return this.reply(reader, type, offset)
      default:
        throw unknownKind(type)
    }
  }

  private lane(type: number, actor: number, word: number): void {
    const { epoch, thread } = this.outbound
    switch (Envelope.indexOf(type)) {
      case Envelope.NUDGE:
        return this.home.surviving.get(actor)?.nudged()
      case Envelope.WITHDRAW:
        return this.home.surviving.get(actor)?.withdraw(thread, epoch, word)
      case Envelope.RESUMED:
        return this.home.resumed(actor, word | 0)
      default:
        throw unknownKind(type)
    }
  }

  // It may come before its ask, which is then not even started, or after the answer, and then it says nothing any more.
  private interrupt(number: number, serial: number): void {
    const ask = this.asks[number]
    if (ask !== undefined && ask.serial === serial) return ask.withdraw()
    const isAhead = ((serial - this.lastSerial) | 0) > 0
    if (isAhead) this.interrupted.add(serial)
  }

  // ---- data

  /** Reads up to `budget` records of data, or more of what is overdue, and answers how many it read. */
  drain(budget: number): number {
    const reader = this.data
    if (reader === undefined || !reader.poll()) return 0
    // What was said before it may have become visible since control was read.
    if (!this.control!.isEmpty()) this.drainControl()
    const read = !this.isEnding && this.overdue.isIn(reader) ? this.sort(reader, budget) : this.readUpTo(reader, budget)
    this.release(reader)
    return read
  }

  // Who has nothing to do then has its message in this turn.
  private sort(reader: SpscReader, stretch: number): number {
    const until = this.home.runtime.nowMillis() + SORTING_MILLIS
    let read = 0
    this.isSorting = true
    do {
      read += this.readUpTo(reader, stretch)
    } while (this.isSorting && this.left === 0 && this.home.runtime.nowMillis() < until)
    this.isSorting = false
    return read
  }

  private readUpTo(reader: SpscReader, budget: number): number {
    this.left = budget
    // One record that makes no sense ends a run of reading, not the drain.
    while (this.left > 0) {
      try {
        if (this.read(reader)) break
      } catch (error) {
        this.thrown(reader.type, error)
      }
    }
    return budget - this.left
  }

  // Reads until the budget or the ring is used up; answers whether the ring is.
  private read(reader: SpscReader): boolean {
    const { bindings, carriage, turn } = this
    while (this.left > 0) {
      const offset = reader.next()
      if (offset < 0) {
        if (offset === CORRUPT) this.resync(reader)
        return true
      }
      this.left--
      const { type } = reader
      const binding = (type & KIND) === TELL ? bindings[type >>> SLOT_SHIFT] : undefined
      if (binding !== undefined && binding.cell !== undefined) {
        const message = binding.messages[(type >>> INDEX_SHIFT) & INDEX_MASK]
        if (message === undefined) throw unknownMessage(type)
        const payload = message.carries
          ? this.payload(message, reader, offset)
          : message.payload.read(reader.region, offset, reader.end, carriage)
        this.isDelivering = true
        if (binding.cell.isAtHand && !this.isSorting && !turn.isOver() && !this.isEnding) {
          binding.passed()
          binding.cell.receive(message.index, payload)
        } else {
          binding.enter()
          if (this.isSorting) this.isSorting = binding.waiting < MOST_SORTED
          binding.cell.deliverRemote(binding.word | message.index, payload)
        }
        this.isDelivering = false
      } else this.record(reader, type, offset)
    }
    return false
  }

  // A message that cannot be read has left the ring like any other: its credit goes back.
  private thrown(type: number, error: unknown): void {
    if (this.isDelivering) {
      this.isDelivering = false
      return this.home.reports.failed(error)
    }
    if (Envelope.kindOf(type) <= Envelope.ASK_TRACED) this.bindings[Envelope.slotOf(type)]?.passed()
    this.home.reports.malformed(this.outbound.thread, error)
  }

  private resync(reader: SpscReader): void {
    const bytes = reader.resync()
    const error = new Error(`a damaged record header; ${bytes} bytes were skipped`)
    this.home.reports.malformed(this.outbound.thread, error)
  }

  private record(reader: SpscReader, type: number, offset: number): void {
    switch (Envelope.kindOf(type)) {
      case Envelope.TELL:
        return this.tell(reader, type, offset, false)
      case Envelope.TELL_TRACED:
        return this.tell(reader, type, offset, true)
      case Envelope.ASK:
        return this.ask(reader, type, offset, false)
      case Envelope.ASK_TRACED:
        return this.ask(reader, type, offset, true)
      case Envelope.REPLY:
        return this.reply(reader, type, offset)
      case Envelope.ELEMENT:
        return this.outbound.pending[Envelope.numberOf(type)]?.streamed?.(reader.region, offset, reader.end)
      case Envelope.DOWN: {
        const watchee = this.outbound.watched.take(reader.region.u32[offset >> 2]!)
        let reason = forgotten
        try {
          reason = ExitRecord.read(reader.region, offset + Envelope.REPLY_BYTES, reader.end)
        } finally {
          // It has ended, also where nobody can read why.
          watchee?.down(reason)
        }
        return
      }
      case Envelope.CLOSED:
        return this.command(reader, offset)
      case Envelope.OPEN:
        return this.open(reader, Envelope.slotOf(type), offset)
      case Envelope.COMMAND:
        return obey(this.home, this.outbound, reader, offset)
      default:
        throw unknownKind(type)
    }
  }

  private reply({ end, region }: SpscReader, type: number, offset: number): void {
    const number = region.u32[offset >> 2]!
    const isLasting = Envelope.slotOf(type) === Envelope.LASTING
    const ask = isLasting ? this.home.discharge(number) : this.outbound.discharge(number)
    const word = region.u32[(offset >> 2) + 1]!
    return ask?.replied(Envelope.indexOf(type), word, region, offset + Envelope.REPLY_BYTES, end)
  }

  private tell(reader: SpscReader, type: number, offset: number, isTraced: boolean): void {
    const binding = this.bindings[Envelope.slotOf(type)]
    if (binding === undefined) throw unknownMessage(type)
    const { cell } = binding
    const message = binding.messages[Envelope.indexOf(type)]
    if (cell === undefined && (binding.former === undefined || message === undefined)) {
      this.home.host.dropped(1)
      return binding.passed()
    }
    if (message === undefined) throw unknownMessage(type)
    const { region } = reader
    const payload = this.payload(message, reader, isTraced ? offset + TraceContext.TRACE_BYTES : offset)
    if (cell === undefined) {
      binding.former!.undeliverable(message.index, payload)
      return binding.passed()
    }
    const word = binding.word | message.index
    const span = isTraced ? TraceContext.read(region, offset) : undefined
    binding.enter()
    this.isDelivering = true
    cell.deliverRemote(span === undefined ? word : new Traced(word, span), payload)
    this.isDelivering = false
  }

  private ask(reader: SpscReader, type: number, offset: number, isTraced: boolean): void {
    const binding = this.bindings[Envelope.slotOf(type)]
    const index = Envelope.indexOf(type)
    const message = binding?.messages[index]
    if (binding === undefined || binding.cell !== undefined && message === undefined) throw unknownMessage(type)
    const { region } = reader
    const number = region.u32[offset >> 2]!
    const timeout = region.u32[(offset >> 2) + 1]!
    const serial = region.u32[(offset >> 2) + 2]!
    if (number >= Envelope.MAX_ASKS) {
      throw new Error(`an ask with the number ${number}; the highest is ${Envelope.MAX_ASKS - 1}`)
    }
    const at = offset + Envelope.ASK_BYTES
    const span = isTraced ? TraceContext.read(region, at) : undefined
    const expiresAt = timeout === Envelope.NO_TIMEOUT ? Infinity : this.home.turnMillis() + timeout
    const arrived = { number, serial, index, span, expiresAt, window: region.u32[(offset >> 2) + 3]! }
    const Kind = incoming(message, arrived.window)
    const ask = new Kind(this.home, this.outbound, this.asks, binding, arrived)
    const { cell, otherLayout } = binding
    const payloadAt = isTraced ? at + TraceContext.TRACE_BYTES : at
    if (this.isInterrupted(serial)) {
      ask.withdrawn()
      binding.passed()
      return message === undefined ? undefined : this.home.discard(message.payload, region, payloadAt, reader.end)
    }
    if (cell === undefined) {
      if (otherLayout === undefined) ask.stopped(forgotten)
      else ask.otherLayout(otherLayout)
      return binding.passed()
    }
    const payload = this.question(reader, ask, message!, payloadAt)
    if (message!.carries) ask.freight = payload
    binding.enter()
    this.isDelivering = true
    cell.deliverRemote(ask, payload)
    this.isDelivering = false
  }

  private isInterrupted(serial: number): boolean {
    this.lastSerial = serial
    const { interrupted } = this
    if (interrupted.size === 0) return false
    const isInterrupted = interrupted.delete(serial)
    // Those that were skipped as damaged will not come any more.
    for (const other of interrupted) if (((other - serial) | 0) < 0) interrupted.delete(other)
    return isInterrupted
  }

  private question(reader: SpscReader, ask: InboundAsk, message: Message, at: number): unknown {
    try {
      return this.payload(message, reader, at)
    } catch (error) {
      ask.unreadable(error)
      throw error
    }
  }

  private payload(message: Message, reader: SpscReader, at: number): unknown {
    const { home } = this
    const payload = home.receive(message.payload, reader.region, at, reader.end)
    if (message.carries) home.host.freight.accept(payload, this.carriage.arrived)
    return payload
  }

  private open(reader: SpscReader, slot: number, offset: number): void {
    const { u32 } = reader.region
    const actor = u32[offset >> 2]!
    const epoch = u32[(offset >> 2) + 1]!
    const cell = this.home.cellAt(actor, epoch)
    const theirs = u32[(offset >> 2) + 2]!
    const protocol = cell?.protocol
    const ours = protocol?.layoutHash
    const otherLayout = ours !== undefined && ours !== theirs ? ours : undefined
    const isLasting = u32[(offset >> 2) + 3]! > 0
    // One that drains takes nothing more, of nobody; what lies in a lane it has.
    const isOpen = otherLayout === undefined && (cell?.isDraining === false || isLasting)
    const former = isOpen || otherLayout !== undefined ? undefined : this.home.knownAt(actor, epoch)
    const target: Target = {
      cell: isOpen ? cell : undefined,
      former,
      messages: protocol?.messages ?? former?.protocol.messages ?? [],
      otherLayout
    }
    // A slot is opened again when all that was sent by it before is accounted for.
    this.bindings[slot]?.end()
    const binding = new Binding(slot, target, this.home.host.origins, this.outbound, this.owing, this.stopped)
    this.bindings[slot] = binding
    if (otherLayout !== undefined) return LastWord.sayOther(this.outbound, slot, protocol!)
    if (binding.cell === undefined) {
      const { control, data } = this.outbound
      const why = cell?.isDraining === true ? cell.reason : forgotten
      return LastWord.say(this.outbound, slot, why, 0, isLasting ? data : control)
    }
    binding.watch()
    if (cell!.isDraining) this.actorStopped(binding, cell!.reason)
  }

  // A worker on which a behaviour gave up is about to end, and its actors come back with its next incarnation.
  private actorStopped(binding: Binding, reason: ExitReason): void {
    const { host, index } = this.home
    if (index !== 0 && host.isLeaving) return
    const { cell, isLasting, slot } = binding
    if (isLasting) return LastWord.sayLasting(this.home, this.outbound, slot, cell!, reason)
    // The last word about a slot is said once: its number may be another actor's after that.
    if (binding.hurry()) LastWord.say(this.outbound, slot, reason)
  }

  // ---- the end

  /** The thread has gone: what it had sent still arrives. */
  drainRest(): void {
    this.isEnding = true
    while (this.drainControl() + this.drain(Number.MAX_SAFE_INTEGER) > 0);
  }

  /** What it had asked is interrupted, and its accounts are closed. */
  end(): void {
    for (const ask of this.asks.slice()) ask?.withdraw()
    for (const binding of this.bindings) binding?.end()
    this.bindings.length = 0
    this.owing.length = 0
    this.watching.end()
  }
}

const unknownKind = (type: number): Error => new Error(`a record of the unknown kind ${Envelope.kindOf(type)}`)

const unknownMessage = (type: number): Error =>
  new Error(`a message ${Envelope.indexOf(type)} for slot ${Envelope.slotOf(type)}, which is not open`)
