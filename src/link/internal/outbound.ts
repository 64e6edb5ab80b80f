/**
 * The sending half of the link to one incarnation of one thread: tells, asks, replies and control records into its ring.
 *
 * Records become visible in batches: at the end of the running task, or when {@link BATCH_BYTES} of them wait. What finds the
 * ring full is either refused, so that the sender waits, or, for replies and control records, kept in an outbox that is
 * written before anything else once there is room: they need no credit and are never dropped.
 */
import type * as Tracer from "effect/Tracer"
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import type { Doorbell } from "../../memory/Doorbell.ts"
import { HEADER_BYTES } from "../../memory/Layouts.ts"
import type { Region } from "../../memory/Region.ts"
import { RECORD_TOO_LARGE } from "../../memory/Ring.ts"
import { countUnread } from "../../memory/SpscRecovery.ts"
import { SpscWriter } from "../../memory/SpscRing.ts"
import type { Codec } from "../../wire/Codec.ts"
import type { Scratch } from "../../wire/Scratch.ts"
import * as Envelope from "./envelope.ts"
import * as TraceContext from "./traceContext.ts"

/**
 * Bytes that wait at most before they are made visible. Smaller batches let a reader that is faster than the writer follow
 * it so closely that the two fight over the same cache lines: measured, 64 records of 24 bytes cost up to twice as much.
 */
const BATCH_BYTES = 8192

/** The record is in the ring. */
export const WRITTEN = 0
/** The ring has no room now. */
export const FULL = 1
/** The value breaks its schema. */
export const INVALID = 2
/** The record can never fit. */
export const TOO_LARGE = 3

/** What writing answers. */
export type Written = typeof WRITTEN | typeof FULL | typeof INVALID | typeof TOO_LARGE

/** An actor at the other end, as the link knows it. */
export interface Addressee {
  /** Sends for those who wait, as far as room and credit reach. */
  admit(): void
  /** So many messages have left its mailbox. */
  credited(messages: number): void
  /** It takes nothing any more, or speaks another layout. */
  closed(reason: ExitReason, otherLayout: number | undefined): void
  /** Its slot is needed no longer than until its last credit is back. */
  retire(): void
  /** The link has gone. */
  linkLost(): void
}

/** An ask that waits for its reply, as the link knows it. */
export interface PendingAsk {
  /** Reads the reply and settles. */
  replied(outcome: number, region: Region, offset: number, end: number): void
  /** The thread has gone. */
  lost(thread: string, reason: string): void
}

/** Writes one record, or answers that there is no room. */
export type Postponed = () => boolean

/** What the link tells the node about itself. */
export interface OutboundHost {
  /** Where messages are encoded before there is a claim, so that no user code runs inside of one. */
  readonly scratch: Scratch
  /** The outbound has records that are not visible yet. */
  dirty(outbound: Outbound): void
  /** The outbound waits for room in its ring. */
  blocked(outbound: Outbound): void
}

/** See the module. */
export class Outbound {
  /** Index and incarnation of the thread at the other end. */
  declare readonly thread: number
  declare readonly epoch: number
  declare readonly writer: SpscWriter
  /** Actors over there, by slot. */
  declare readonly slots: Array<Addressee | undefined>
  /** Asks that wait for their reply, by id. */
  declare readonly pending: Array<PendingAsk | undefined>
  declare pendingAsks: number
  declare isDirty: boolean
  declare private unpublishedBytes: number
  /** Whether the other thread has asked to be woken for what is written: control records can do without. */
  declare isUrgent: boolean
  declare isBlocked: boolean
  declare private publishedRecords: number
  declare private readonly host: OutboundHost
  declare private readonly scratch: Scratch
  declare private readonly ring: SharedArrayBuffer
  declare private readonly bell: Doorbell
  declare private readonly freeIds: Array<number>
  declare private readonly freeSlots: Array<number>
  declare private readonly outbox: Array<Postponed>
  /** Recipients whose senders wait for room in the ring. */
  declare private readonly starved: Set<Addressee>
  constructor(host: OutboundHost, thread: number, epoch: number, ring: SharedArrayBuffer, bell: Doorbell) {
    this.host = host
    this.scratch = host.scratch
    this.thread = thread
    this.epoch = epoch
    this.writer = new SpscWriter(ring)
    this.slots = []
    this.pending = []
    this.pendingAsks = 0
    this.isDirty = false
    this.unpublishedBytes = 0
    this.isUrgent = false
    this.isBlocked = false
    this.publishedRecords = 0
    this.ring = ring
    this.bell = bell
    this.freeIds = []
    this.freeSlots = []
    this.outbox = []
    this.starved = new Set()
  }

  /**
   * Writes a tell without a trace; the common case of {@link message}, which answers for every other outcome.
   *
   * `type` is the type word of the slot; the message's index is added.
   */
  tell(type: number, message: Message, payload: unknown): boolean {
    const { scratch, writer } = this
    const bytes = message.payload.encode(payload, scratch)
    if (bytes < 0) return false
    const offset = writer.claim(bytes)
    if (offset < 0) return false
    scratch.copyTo(writer.region, offset)
    writer.commit(bytes, type | (message.index << 4))
    this.wrote(true, bytes)
    return true
  }

  /** Writes a message with the prefix that its kind has; `id` and `timeoutMillis` matter for asks only. */
  message(
    slot: number,
    message: Message,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    id: number,
    timeoutMillis: number
  ): Written {
    const { scratch, writer } = this
    const bytes = message.payload.encode(payload, scratch)
    if (bytes < 0) return INVALID
    const isAsk = id >= 0
    const prefix = (isAsk ? Envelope.ASK_BYTES : 0) + (span === undefined ? 0 : TraceContext.TRACE_BYTES)
    const offset = writer.claim(prefix + bytes)
    if (offset === RECORD_TOO_LARGE) return TOO_LARGE
    if (offset < 0) {
      this.block()
      return FULL
    }
    const { region } = writer
    scratch.copyTo(region, offset + prefix)
    if (isAsk) {
      region.u32[offset >> 2] = id
      region.u32[(offset >> 2) + 1] = timeoutMillis
    }
    if (span !== undefined) TraceContext.write(span, region, offset + prefix - TraceContext.TRACE_BYTES)
    const kind = (isAsk ? Envelope.ASK : Envelope.TELL) + (span === undefined ? 0 : 1)
    writer.commit(prefix + bytes, Envelope.typeOf(kind, message.index, slot))
    this.wrote(true, prefix + bytes)
    return WRITTEN
  }

  /** Gives an actor over there a number; `undefined` when all are taken. */
  bind(addressee: Addressee): number | undefined {
    const slot = this.freeSlots.pop() ?? this.slots.length
    if (slot >= Envelope.MAX_SLOTS) return undefined
    this.slots[slot] = addressee
    return slot
  }

  /** Takes a number back that nothing will be sent to or heard of any more. */
  release(slot: number): void {
    this.slots[slot] = undefined
    this.freeSlots.push(slot)
  }

  /** Remembers an ask and gives it a number, which is in use until its reply has arrived. */
  enlist(ask: PendingAsk): number {
    const id = this.freeIds.pop() ?? this.pending.length
    this.pending[id] = ask
    this.pendingAsks++
    return id
  }

  /** Forgets an ask whose reply has arrived or that was never sent. */
  discharge(id: number): PendingAsk | undefined {
    const ask = this.pending[id]
    if (ask === undefined) return undefined
    this.pending[id] = undefined
    this.freeIds.push(id)
    this.pendingAsks--
    return ask
  }

  /**
   * Writes a record that must not be lost and needs no credit, now or as soon as there is room.
   *
   * `fill` writes the payload at the offset and answers where it ends; it may run later. `isUrgent` wakes the reader.
   */
  system(type: number, boundBytes: number, fill: (offset: number) => number, isUrgent: boolean): void {
    const write = (): boolean => {
      const offset = this.writer.claim(boundBytes)
      if (offset < 0) return false
      this.writer.commit(fill(offset) - offset, type)
      this.wrote(isUrgent, boundBytes)
      return true
    }
    if (this.outbox.length > 0 || !write()) {
      this.outbox.push(write)
      this.block()
    }
  }

  /** Writes a reply, now or as soon as there is room; answers what is wrong with a value that cannot be sent. */
  reply(id: number, outcome: number, codec: Codec<unknown>, value: unknown): string | undefined {
    const { scratch, writer } = this
    const bytes = codec.encode(value, scratch)
    if (bytes < 0) return `breaks its schema: ${codec.explain(value)}`
    const total = Envelope.ASK_BYTES + bytes
    const limit = writer.maxRecordBytes
    if (total > limit) return `takes ${total} bytes; the ring between the threads allows ${limit}`
    const type = Envelope.typeOf(Envelope.REPLY, outcome, 0)
    const offset = this.outbox.length > 0 ? -1 : writer.claim(total)
    if (offset < 0) {
      const kept = scratch.take()
      this.system(type, total, (at) => {
        this.putWords(at, id, 0)
        writer.region.u8.set(kept, at + Envelope.ASK_BYTES)
        return at + total
      }, true)
      return undefined
    }
    this.putWords(offset, id, 0)
    scratch.copyTo(writer.region, offset + Envelope.ASK_BYTES)
    writer.commit(total, type)
    this.wrote(true, total)
    return undefined
  }

  /** A system record of two words. */
  words(type: number, first: number, second: number, isUrgent: boolean): void {
    const offset = this.outbox.length > 0 ? -1 : this.writer.claim(8)
    if (offset < 0) {
      this.system(type, 8, (at) => this.putWords(at, first, second), isUrgent)
      return
    }
    this.writer.commit(this.putWords(offset, first, second) - offset, type)
    this.wrote(isUrgent, 8)
  }

  private putWords(offset: number, first: number, second: number): number {
    const { u32 } = this.writer.region
    u32[offset >> 2] = first
    u32[(offset >> 2) + 1] = second
    return offset + 8
  }

  private wrote(isUrgent: boolean, payloadBytes: number): void {
    if (isUrgent) this.isUrgent = true
    this.unpublishedBytes += payloadBytes + HEADER_BYTES
    if (this.unpublishedBytes >= BATCH_BYTES) this.publish()
    else if (!this.isDirty) {
      this.isDirty = true
      this.host.dirty(this)
    }
  }

  /** Makes what was written visible, and wakes the reader if anything of it is urgent. */
  publish(): void {
    this.publishedRecords += this.writer.unpublishedRecords
    this.unpublishedBytes = 0
    this.writer.publish()
    if (this.isUrgent) {
      this.isUrgent = false
      this.bell.ring()
    }
  }

  /** How many published records the other side, which has gone, had not read. */
  countUnread(): number {
    return countUnread(this.ring)
  }

  /** The thread has gone: every ask is settled, and the senders that wait are told to wait for another link. */
  end(thread: string, reason: string): void {
    // The askers may send at once, and must not find this link.
    for (const recipient of this.slots) recipient?.linkLost()
    for (let id = 0; id < this.pending.length; id++) this.discharge(id)?.lost(thread, reason)
  }

  /** Notes that senders to `recipient` wait for room in the ring. */
  starve(recipient: Addressee): void {
    this.starved.add(recipient)
  }

  private block(): void {
    if (this.isBlocked) return
    this.isBlocked = true
    this.writer.requestRoom()
    this.publish()
    // A reader that already sleeps has to hear of the request, whatever the records were.
    this.bell.ring()
    this.host.blocked(this)
  }

  /**
   * Tries to go on after the ring was full: the outbox first, then the senders that wait. Answers whether anything has
   * changed.
   */
  unblock(): boolean {
    if (!this.isBlocked) return true
    // Asked again before the attempt, not after it: the reader may have answered the last request with too little room.
    this.writer.requestRoom()
    const before = this.records
    this.isBlocked = false
    let sent = 0
    while (sent < this.outbox.length && this.outbox[sent]!()) sent++
    this.outbox.splice(0, sent)
    if (this.outbox.length > 0) this.block()
    else {
      const starved = Array.from(this.starved)
      this.starved.clear()
      for (const recipient of starved) recipient.admit()
    }
    return !this.isBlocked || this.records !== before
  }

  private get records(): number {
    return this.publishedRecords + this.writer.unpublishedRecords
  }
}
