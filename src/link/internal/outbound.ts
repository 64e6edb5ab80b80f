/**
 * The sending half of a link: tells, asks, replies and control on their way to one incarnation of one thread.
 *
 * Its two rings are made when something is sent for the first time. Messages, replies and what has to be in order with them go
 * into the ring for data; what is about numbers only and may come at any time goes into the small one for control, which the
 * other side looks at first. See `docs/adr/0015-control-beside-data.md`.
 *
 * No user code runs while a record is open: what an encoder, a check or a getter may be part of is encoded aside and copied.
 * Only values of texts, numbers and choices are written in place, once all of their getters have run.
 */
import type * as Tracer from "effect/Tracer"
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Address } from "../../actor/kernel/Address.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import type { Doorbell } from "../../memory/Doorbell.ts"
import type { ReadyBit } from "../../memory/ReadySet.ts"
import { Region } from "../../memory/Region.ts"
import * as SpscRing from "../../memory/SpscRing.ts"
import * as TraceContext from "../../observe/kernel/TraceContext.ts"
import { messageOf } from "../../runtime/Text.ts"
import * as Carriage from "../../wire/Carriage.ts"
import { type Codec, NOT_PLACED, TOO_LARGE_TO_PLACE } from "../../wire/Codec.ts"
import type { Scratch } from "../../wire/Scratch.ts"
import * as Envelope from "./envelope.ts"
import { FREE, HELD, OutRing } from "./outRing.ts"
import type { Signals } from "./signals.ts"
import { NO_SLOT, Underway } from "./underway.ts"
import { Watched } from "./watched.ts"

/** The record is in the ring, or will be. */
export const WRITTEN = 0
/** The ring has no room now. */
export const FULL = 1
/** The value breaks its schema. */
export const INVALID = 2
/** The record can never fit: {@link Outbound.refusedBytes} says how large it is. */
export const TOO_LARGE = 3

/** Something that is to move with the value is not there, or is there twice: {@link Outbound.issue} says why. */
export const GONE = 4

/** What writing answers. */
export type Written = typeof WRITTEN | typeof FULL | typeof INVALID | typeof TOO_LARGE | typeof GONE

/** Room for control: a thousand pieces of credit, and ends with the stack of their cause. */
const CONTROL_BYTES = 32_768

/** An actor at the other end, as the link knows it. */
export interface Addressee {
  /** Sends for those who wait, as far as room and credit reach. */
  admit(): void
  /** So many messages have left its mailbox. */
  credited(messages: number): void
  /** It takes nothing any more, or speaks another layout, which is there in words where those could be sent. */
  closed(reason: ExitReason, otherLayout: number | undefined, layouts: string | undefined): void
  /** The other side has said its last word about it, except for credit. */
  retire(): void
  /** The link has gone. */
  linkLost(): void
}

/** An ask that waits for its reply, as the link knows it. */
export interface PendingAsk {
  /** Reads the reply and settles. */
  replied(outcome: number, word: number, region: Region, offset: number, end: number): void
  /** Reads an element of the stream that answers it. */
  streamed?(region: Region, offset: number, end: number): void
  /** The thread has gone. */
  lost(thread: string, reason: string): void
}

/** The two rings of one direction of a link. */
export interface Rings {
  readonly data: SharedArrayBuffer
  readonly control: SharedArrayBuffer
}

/** What all links of a thread share. */
export interface OutboundOptions {
  readonly signals: Signals
  readonly scratch: Scratch
  readonly ringBytes: number
  readonly maxSlots: number
  /** The bit of this thread with another one, where threads do not look at all of their rings. */
  readonly readyOf: (thread: number) => ReadyBit | undefined
  /** Hands new rings to the other thread. */
  readonly connect: (thread: number, epoch: number, rings: Rings) => void
}

/** See the module. */
export class Outbound {
  /** Index and incarnation of the thread at the other end. */
  declare readonly thread: number
  declare readonly epoch: number
  /** That incarnation has gone: nothing is sent any more. */
  declare isDown: boolean
  /** See `Signals`. */
  declare isListed: boolean
  /** Actors over there, by slot. */
  declare readonly slots: Array<Addressee | undefined>
  /** Asks that wait for their reply, by number. */
  declare readonly pending: Array<PendingAsk | undefined>
  declare pendingAsks: number
  /** The size of the record that was {@link TOO_LARGE} last. */
  declare refusedBytes: number
  /** Why the value was {@link GONE} last. */
  declare issue: string
  /** Actors over there that are watched from here. */
  declare readonly watched: Watched
  /** What has moved in its records and has not arrived. */
  declare readonly underway: Underway
  declare private readonly options: OutboundOptions
  declare private readonly bell: Doorbell
  declare private dataRing: OutRing | undefined
  declare private controlRing: OutRing | undefined
  declare private serial: number
  declare private readonly freeNumbers: Array<number>
  declare private readonly freeSlots: Array<number>
  /** Who waits for room in the ring. */
  declare private readonly starved: Set<Pick<Addressee, "admit">>
  declare private readonly feed: () => void
  constructor(thread: number, epoch: number, bell: Doorbell, options: OutboundOptions) {
    this.thread = thread
    this.epoch = epoch
    this.isDown = false
    this.isListed = false
    this.slots = []
    this.pending = []
    this.pendingAsks = 0
    this.refusedBytes = 0
    this.issue = ""
    this.watched = new Watched(this)
    this.underway = new Underway()
    this.options = options
    this.bell = bell
    this.dataRing = undefined
    this.controlRing = undefined
    this.serial = 0
    this.freeNumbers = []
    this.freeSlots = []
    this.starved = new Set()
    this.feed = () => {
      const starved = Array.from(this.starved)
      this.starved.clear()
      for (const recipient of starved) recipient.admit()
    }
  }

  /** The ring for messages, replies, and what is in order with them. */
  get data(): OutRing {
    return this.dataRing ?? this.connect()
  }

  /** The ring for what is in order with nothing. */
  get control(): OutRing {
    if (this.controlRing === undefined) this.connect()
    return this.controlRing!
  }

  /** Has the rings made before something is sent. */
  open(): void {
    if (this.dataRing === undefined) this.connect()
  }

  private connect(): OutRing {
    const { connect, readyOf, ringBytes, signals } = this.options
    const rings = { data: SpscRing.create(ringBytes), control: SpscRing.create(CONTROL_BYTES) }
    const ready = readyOf(this.thread)
    const data = new OutRing(rings.data, this, ready, this.bell, signals)
    this.dataRing = data
    this.controlRing = new OutRing(rings.control, this, ready, this.bell, signals)
    // Who takes an ask back, and says something after that, is not heard the other way round.
    data.earlier = this.controlRing
    connect(this.thread, this.epoch, rings)
    return data
  }

  /** The most bytes that a record may take. */
  get maxRecordBytes(): number {
    return this.data.writer.maxRecordBytes
  }

  /**
   * Writes a tell without a trace: the common case of {@link message}.
   *
   * `type` is the type word of the slot and the message; of an element of a stream, which is written in the same way, that of its ask. The
   * rings are there by then.
   */
  tell(type: number, codec: Codec<unknown>, payload: unknown): Written {
    const data = this.dataRing!
    if (data.state === HELD) return FULL
    const { place } = codec
    const placed = place === undefined ? TOO_LARGE_TO_PLACE : place(payload, data)
    if (placed === NOT_PLACED) return INVALID
    let bytes = data.placedBytes
    let moves = false
    if (placed < 0) {
      if (place !== undefined && codec.fixedBytes !== undefined) {
        return this.noRoom(data, codec.fixedBytes, Carriage.empty)
      }
      const { scratch } = this.options
      bytes = codec.encode(payload, scratch)
      if (bytes < 0) return INVALID
      const cargo = codec.carries ? scratch.cargo : Carriage.empty
      if (cargo.length > 0 && !this.departs(Envelope.slotOf(type), cargo)) return GONE
      const offset = data.claim(bytes)
      if (offset < 0) return this.noRoom(data, bytes, cargo)
      scratch.copyTo(data.region, offset)
      moves = cargo.length > 0
    }
    data.writer.commit(bytes, type)
    if (moves) data.wroteMoving(bytes)
    else data.wrote(bytes, true)
    return WRITTEN
  }

  private departs(slot: number, cargo: Carriage.Cargo): boolean {
    try {
      this.underway.send(slot, cargo)
      return true
    } catch (error) {
      this.issue = messageOf(error)
      return false
    }
  }

  private noRoom(data: OutRing, bytes: number, cargo: Carriage.Cargo): Written {
    if (cargo.length > 0) this.underway.undo()
    if (bytes > data.writer.maxRecordBytes) {
      this.refusedBytes = bytes
      return TOO_LARGE
    }
    data.block()
    return FULL
  }

  /** Writes a message with the prefix that its kind has. An ask gets its serial here, where its place in the order is known. */
  message(
    slot: number,
    message: Message,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    ask?: { readonly number: number; readonly timeoutMillis: number; readonly window: number; serial: number }
  ): Written {
    const { scratch } = this.options
    const { data } = this
    if (data.state === HELD) return FULL
    const payloadBytes = message.payload.encode(payload, scratch)
    if (payloadBytes < 0) return INVALID
    const cargo = message.carries ? scratch.cargo : Carriage.empty
    const trace = span === undefined ? undefined : { traceId: span.traceId, spanId: span.spanId }
    const askBytes = ask === undefined ? 0 : Envelope.ASK_BYTES
    const prefix = askBytes + (span === undefined ? 0 : TraceContext.TRACE_BYTES)
    const kind = (ask === undefined ? Envelope.TELL : Envelope.ASK) + (span === undefined ? 0 : 1)
    const type = Envelope.typeOf(kind, message.index, slot)
    const bytes = prefix + payloadBytes
    if (cargo.length > 0 && !this.departs(slot, cargo)) return GONE
    // Whoever read the payload, or the span, may have filled the ring.
    const offset = data.state === FREE ? data.writer.claim(bytes) : -1
    if (offset < 0) return this.noRoom(data, bytes, cargo)
    const { region } = data.writer
    scratch.copyTo(region, offset + prefix)
    if (ask !== undefined) {
      ask.serial = this.nextSerial()
      Envelope.writeAsk(region, offset, ask.number, ask.timeoutMillis, ask.serial, ask.window)
    }
    if (trace !== undefined) TraceContext.write(trace, region, offset + askBytes)
    data.writer.commit(bytes, type)
    if (cargo.length > 0) data.wroteMoving(bytes)
    else data.wrote(bytes, true)
    if (ask !== undefined) data.asked()
    return WRITTEN
  }

  /** Gives an actor over there a number, and tells the other side which one it is; `undefined` when all are taken. */
  bind(
    addressee: Addressee,
    { actor, epoch, laneBytes }: Pick<Address, "actor" | "epoch" | "laneBytes">,
    layoutHash: number
  ): number | undefined {
    const slot = this.freeSlots.pop() ?? this.slots.length
    if (slot >= this.options.maxSlots) return undefined
    this.slots[slot] = addressee
    const words = Uint32Array.of(actor, epoch, layoutHash, laneBytes)
    this.data.record(Envelope.typeOf(Envelope.OPEN, 0, slot), new Uint8Array(words.buffer), true)
    return slot
  }

  /** Takes a number back that nothing will be sent to or heard of any more. */
  release(slot: number): void {
    this.slots[slot] = undefined
    this.freeSlots.push(slot)
    this.underway.lose(slot)
  }

  /** Remembers an ask and gives it a number, which is in use until its reply has arrived; `undefined` when all are taken. */
  enlist(ask: PendingAsk): number | undefined {
    const number = this.freeNumbers.pop() ?? this.pending.length
    if (number >= Envelope.MAX_ASKS) return undefined
    this.pending[number] = ask
    this.pendingAsks++
    return number
  }

  // What tells an ask from all others that have had its number.
  private nextSerial(): number {
    this.serial = (this.serial + 1) >>> 0
    return this.serial
  }

  /** Forgets an ask whose reply has arrived or that was never sent. */
  discharge(number: number): PendingAsk | undefined {
    const ask = this.pending[number]
    if (ask === undefined) return undefined
    this.pending[number] = undefined
    this.freeNumbers.push(number)
    this.pendingAsks--
    return ask
  }

  /** Writes a reply, and the word in front of it, now or as soon as there is room; answers what is wrong with a value that cannot be sent. */
  reply(type: number, number: number, word: number, codec: Codec<unknown>, value: unknown): string | undefined {
    const { scratch } = this.options
    const { data } = this
    const payloadBytes = codec.encode(value, scratch)
    if (payloadBytes < 0) return `breaks its schema: ${codec.explain(value, scratch.carriage)}`
    const bytes = Envelope.REPLY_BYTES + payloadBytes
    const limit = data.writer.maxRecordBytes
    if (bytes > limit) return `takes ${bytes} bytes; the ring between the threads allows ${limit}`
    const cargo = codec.carries ? scratch.cargo : Carriage.empty
    if (cargo.length > 0) return this.replyMoving(type, [number, word], bytes, cargo)
    const offset = data.state === FREE ? data.writer.claim(bytes) : -1
    const region = offset < 0 ? regionOf(bytes) : data.writer.region
    const at = offset < 0 ? 0 : offset
    scratch.copyTo(region, at + Envelope.REPLY_BYTES)
    region.u32[at >> 2] = number
    region.u32[(at >> 2) + 1] = word
    if (offset < 0) data.record(type, region.u8.subarray(0, bytes), true)
    else {
      data.writer.commit(bytes, type)
      data.wrote(bytes, true)
    }
    return undefined
  }

  // One with which something moves, which the scratch has: that leaves when there is room, so that until then it is this thread's, and goes with it.
  private replyMoving(
    type: number,
    words: readonly [number, number],
    bytes: number,
    cargo: Carriage.Cargo
  ): string | undefined {
    const { data, options: { scratch } } = this
    const region = regionOf(bytes)
    scratch.copyTo(region, Envelope.REPLY_BYTES)
    region.u32.set(words)
    try {
      data.record(type, region.u8.subarray(0, bytes), true, this.underway.hold(NO_SLOT, cargo))
      return undefined
    } catch (error) {
      return `cannot be sent: ${messageOf(error)}`
    }
  }

  /** Two words and what our own codec makes of a value behind them, now or as soon as there is room. */
  coded<A>(ring: OutRing, type: number, first: number, second: number, codec: Codec<A>, value: A): boolean {
    const { scratch } = this.options
    const payloadBytes = codec.encode(value, scratch)
    const bytes = Envelope.REPLY_BYTES + payloadBytes
    if (payloadBytes < 0 || bytes > ring.writer.maxRecordBytes) return false
    const region = regionOf(bytes)
    scratch.copyTo(region, Envelope.REPLY_BYTES)
    region.u32[0] = first
    region.u32[1] = second
    ring.record(type, region.u8.subarray(0, bytes), true)
    return true
  }

  /** Something is owed to the other thread: it is paid before this one rests. */
  owe(): void {
    this.options.signals.owe()
  }

  /** Wakes the other thread, if it sleeps. */
  wake(): void {
    this.bell.ring()
  }

  /** Whether there are records that are not visible yet, or somebody waits for room. */
  get isDirty(): boolean {
    return this.dataRing !== undefined && (this.dataRing.isDirty || this.controlRing!.isDirty)
  }

  get isBlocked(): boolean {
    return this.dataRing !== undefined && (this.dataRing.isBlocked || this.controlRing!.isBlocked)
  }

  /** Whether messages wait here until there is room. */
  get isHolding(): boolean {
    return !this.isDown && this.dataRing !== undefined && this.dataRing.state === HELD
  }

  /** Makes what was written visible: control first. */
  publish(): void {
    if (this.controlRing!.isDirty) this.controlRing!.publish()
    if (this.dataRing!.isDirty) this.dataRing!.publish()
  }

  /** Makes visible at once what was written so far. */
  flush(): void {
    if (this.isDirty) this.publish()
  }

  /** How many published messages the other side, which has gone, had not read. */
  countUnread(): number {
    return this.dataRing === undefined ? 0 : this.dataRing.countUnread()
  }

  /** Notes that senders to `recipient`, or a stream, wait for room in the ring. */
  starve(recipient: Pick<Addressee, "admit">): void {
    this.starved.add(recipient)
    this.data.block()
  }

  /** Tries to go on after a ring was full. Answers whether anything has changed. */
  unblock(): boolean {
    if (this.isDown || this.dataRing === undefined) return false
    const control = this.controlRing!.unblock(nothing)
    return this.dataRing.unblock(this.feed) || control
  }
}

const nothing = () => {}

// Memory for a record that has to wait.
const regionOf = (bytes: number): Region => new Region(new ArrayBuffer((bytes + 7) & -8))
