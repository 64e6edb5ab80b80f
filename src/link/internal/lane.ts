/**
 * A lane: where the messages of one thread for one actor lie until they are handled, when its mailbox survives its thread.
 *
 * ```text
 *  thread of a sender            shared memory, known to the main thread             thread of the actor
 *  LaneWriter ── publish ───────► ring: what was accepted and is not handled ──────► LaneReader
 *             ── NUDGE, by the link, when the reader has found nothing ────────────►
 *             ◄──────────────────── doorbell, when the writer has asked for room ───
 * ```
 *
 * A message is accepted when it is published, and leaves the ring when it is handled: the thread of the actor may die in between,
 * at any step, and the next one finds it at the head of the ring. What is counted is written after what it counts and is counted
 * again by the next reader, so that a death between the two leaves no trace.
 */
import type * as Tracer from "effect/Tracer"
import type { Message } from "../../actor/kernel/Protocol.ts"
import * as LaneWords from "../../memory/kernel/LaneWords.ts"
import type { Region } from "../../memory/Region.ts"
import { NONE, RECORD_TOO_LARGE } from "../../memory/Ring.ts"
import { countUnread, SpscRecovery } from "../../memory/SpscRecovery.ts"
import * as SpscRing from "../../memory/SpscRing.ts"
import * as TraceContext from "../../observe/kernel/TraceContext.ts"
import { NOT_PLACED, type Target } from "../../wire/Codec.ts"
import type { Scratch } from "../../wire/Scratch.ts"
import * as Envelope from "./envelope.ts"
import { FULL, INVALID, TOO_LARGE, WRITTEN, type Written } from "./outbound.ts"

const INDEX_SHIFT = 4

/** What stands in front of an ask in a lane: its serial. */
export const SERIAL_BYTES = 8

/** The memory of a lane. */
export interface LaneMemory {
  readonly ring: SharedArrayBuffer
  readonly words: SharedArrayBuffer
}

/** A lane, and whose it is: a thread, and its incarnation. */
export interface GivenLane extends LaneMemory {
  readonly from: number
  readonly epoch: number
}

/** Makes the memory of an empty lane. */
export const create = (capacityBytes: number): LaneMemory => ({
  ring: SpscRing.create(capacityBytes),
  words: LaneWords.create()
})

/** How many messages lie in a lane whose reader is dead, or that nobody reads yet. */
export const unhandled = ({ ring }: LaneMemory): number => countUnread(ring)

/** Notes that what is left in a lane is accounted for. */
export const settle = ({ words }: LaneMemory): void => new LaneWords.LaneWords(words).settle()

/** Whether that has been noted. */
export const isSettled = ({ words }: LaneMemory): boolean => new LaneWords.LaneWords(words).isSettled()

/** How many messages lie in a lane whose threads are both dead, without asks: who has asked is gone. */
export const countLeft = ({ ring }: LaneMemory): number => countUnread(ring, Envelope.isTell)

/** The end of the sender. */
export class LaneWriter implements Target {
  declare readonly memory: LaneMemory
  /** Whether it is known to who outlives the threads: before that nothing may be accepted. */
  declare isKnown: boolean
  /** The size of the record that was too large last. */
  declare refusedBytes: number
  /** Bytes of the record that a codec has placed last. */
  declare placedBytes: number
  declare private readonly writer: SpscRing.SpscWriter
  declare private readonly words: LaneWords.LaneWords
  declare private written: number
  /** As it was seen last. */
  declare private handled: number
  constructor(memory: LaneMemory) {
    this.memory = memory
    this.isKnown = false
    this.refusedBytes = 0
    this.placedBytes = 0
    this.writer = new SpscRing.SpscWriter(memory.ring)
    this.words = new LaneWords.LaneWords(memory.words)
    this.written = 0
    this.handled = 0
  }

  get maxRecordBytes(): number {
    return this.writer.maxRecordBytes
  }

  /** How many messages were written before the last one. */
  get lastNumber(): number {
    return (this.written - 1) | 0
  }

  /** Messages that are accepted and not handled. */
  get inFlight(): number {
    this.handled = this.words.handled()
    return (this.written - this.handled) | 0
  }

  /** Whether there may be one message more. */
  hasCredit(window: number): boolean {
    return ((this.written - this.handled) | 0) < window || this.inFlight < window
  }

  /** Asks to be woken when a message has left; look once more after it. */
  requestRoom(): void {
    this.writer.requestRoom()
  }

  /** Whether the reader sleeps as far as this lane is concerned, and is to be told: once. */
  takeNudge(): boolean {
    return this.words.takeNudge()
  }

  /** Writes a message, which is accepted from then on. `serial` makes it an ask. */
  write(
    scratch: Scratch,
    message: Message,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    serial: number | undefined
  ): Written {
    const { place } = message.payload
    if (place !== undefined && span === undefined && serial === undefined) {
      const placed = place(payload, this)
      if (placed === NOT_PLACED) return INVALID
      if (placed >= 0) return this.commit(this.placedBytes, Envelope.TELL | message.index << INDEX_SHIFT)
    }
    const { writer } = this
    const payloadBytes = message.payload.encode(payload, scratch)
    if (payloadBytes < 0) return INVALID
    const trace = span === undefined ? undefined : { traceId: span.traceId, spanId: span.spanId }
    const askBytes = serial === undefined ? 0 : SERIAL_BYTES
    const prefix = askBytes + (trace === undefined ? 0 : TraceContext.TRACE_BYTES)
    const bytes = prefix + payloadBytes
    const offset = writer.claim(bytes)
    if (offset < 0) {
      this.refusedBytes = bytes
      return offset === RECORD_TOO_LARGE ? TOO_LARGE : FULL
    }
    const { region } = writer
    scratch.copyTo(region, offset + prefix)
    if (serial !== undefined) region.u32[offset >> 2] = serial
    if (trace !== undefined) TraceContext.write(trace, region, offset + askBytes)
    const kind = (serial === undefined ? Envelope.TELL : Envelope.ASK) + (trace === undefined ? 0 : 1)
    return this.commit(bytes, Envelope.typeOf(kind, message.index, 0))
  }

  private commit(bytes: number, type: number): typeof WRITTEN {
    const { writer } = this
    writer.commit(bytes, type)
    writer.publish()
    this.written = (this.written + 1) | 0
    return WRITTEN
  }

  // ---- where values are placed

  get region(): Region {
    return this.writer.region
  }

  claim(bytes: number): number {
    return this.writer.claim(bytes)
  }

  /** Writes a record that stands for a message which cannot be written. */
  skip(): void {
    const { writer } = this
    if (writer.claim(0) >= 0) this.commit(0, Envelope.typeOf(Envelope.HOLE, 0, 0))
  }
}

/** The end of the actor's thread: one message at a time is in its hand. */
export class LaneReader {
  declare readonly from: number
  declare readonly epoch: number
  declare readonly memory: LaneMemory
  declare readonly reader: SpscRing.SpscReader
  declare private readonly recovery: SpscRecovery
  declare private readonly words: LaneWords.LaneWords
  declare private handled: number
  /** What the writer has been shown of that. */
  declare private shown: number
  /** The serial of the ask that was taken last, and those of asks that were taken back before their turn. */
  declare private lastSerial: number | undefined
  declare private readonly withdrawn: Set<number>
  constructor({ epoch, from, ring, words }: GivenLane) {
    this.from = from
    this.epoch = epoch
    this.memory = { ring, words }
    this.reader = new SpscRing.SpscReader(ring)
    this.recovery = new SpscRecovery(ring)
    this.words = new LaneWords.LaneWords(words)
    this.lastSerial = undefined
    this.withdrawn = new Set()
    this.handled = this.recount()
    this.shown = this.handled
    this.words.takeOver(this.handled)
  }

  // Whoever was here before may have died between two of its stores. While the tail stays, the writer leaves the account of it alone.
  private recount(): number {
    const { reader } = this
    while (true) {
      const tail = reader.published()
      const published = this.recovery.published()
      const unread = countUnread(this.memory.ring)
      if (reader.published() === tail) return (published - unread) | 0
    }
  }

  get isEmpty(): boolean {
    return this.reader.isEmpty()
  }

  /** Messages that are accepted and not handled, the one in hand included; a guess while the writer writes, but 0 only if there is none. */
  get length(): number {
    const length = (this.recovery.published() - this.handled) | 0
    return length > 0 ? length : this.isEmpty ? 0 : 1
  }

  /** Steps to the next message; a negative number when there is none. */
  next(): number {
    const { reader } = this
    const offset = reader.next()
    return offset !== NONE ? offset : reader.poll() ? reader.next() : NONE
  }

  /** Has the writer say when there is something; what is there by now has to be looked for after it. */
  arm(): void {
    this.words.arm()
  }

  /** The message in hand is about to be handled; answers how often that has been so. */
  begin(): number {
    return this.words.begin(this.handled)
  }

  /** It was not handled, for no reason of its own: that does not count. */
  unbegin(): void {
    this.words.unbegin()
  }

  /** The message in hand is done with. */
  pass(): void {
    this.reader.release()
    this.handled = (this.handled + 1) | 0
  }

  /** Shows the writer how much is done with; and answers whether it wants to be woken for that: once. */
  show(): boolean {
    if (this.shown !== this.handled) {
      this.shown = this.handled
      this.words.show(this.handled)
    }
    return this.reader.takeRoomRequest()
  }

  /** How many messages are done with since the lane was made. */
  get done(): number {
    return this.handled
  }

  /** What makes no sense is left behind; answers how many bytes that is. */
  resync(): number {
    const bytes = this.reader.resync()
    this.reader.release()
    this.handled = this.recount()
    return bytes
  }

  /** An ask is taken back: it does not start. One that has its turn, or had it, is not concerned. */
  withdraw(serial: number): void {
    if (this.lastSerial === undefined || ((serial - this.lastSerial) | 0) > 0) this.withdrawn.add(serial)
  }

  /** Notes an ask whose turn has come; answers whether it was taken back. */
  isWithdrawn(serial: number): boolean {
    this.lastSerial = serial
    return this.withdrawn.delete(serial)
  }
}
