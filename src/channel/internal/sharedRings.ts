/**
 * The rings behind the kinds of a channel between threads, each fitted to the same two shapes.
 */
import { BroadcastReader } from "../../memory/BroadcastReader.ts"
import { BroadcastRecovery } from "../../memory/BroadcastRecovery.ts"
import { BroadcastWriter } from "../../memory/BroadcastWriter.ts"
import { MpmcRecovery } from "../../memory/MpmcRecovery.ts"
import * as MpmcRing from "../../memory/MpmcRing.ts"
import { MpscReader } from "../../memory/MpscReader.ts"
import { MpscRecovery } from "../../memory/MpscRecovery.ts"
import { MpscWriter } from "../../memory/MpscWriter.ts"
import type { Region } from "../../memory/Region.ts"
import { CORRUPT, NONE, RECORD_TOO_LARGE, type RingReader, type RingWriter } from "../../memory/Ring.ts"
import { SpscRecovery } from "../../memory/SpscRecovery.ts"
import * as SpscRing from "../../memory/SpscRing.ts"
import type { Kind } from "../ChannelOptions.ts"

/** Answer of {@link ReceiveRing.next}: messages were overwritten before they were read; {@link ReceiveRing.missed} counts. */
export const MISSED = -3

/** Where a sender writes. */
export interface SendRing {
  readonly region: Region
  readonly limitBytes: number
  /** Whether a claim that is given up takes room until a receiver comes by: values are checked before the claim then. */
  readonly abortTakesRoom: boolean
  claim(bytes: number): number
  commit(bytes: number, sender: number): void
  abort(): void
  publish(): void
}

/** Where a receiver reads. */
export interface ReceiveRing {
  readonly region: Region
  readonly type: number
  readonly end: number
  /** The offset of the next message, `NONE`, `CORRUPT` or {@link MISSED}. */
  next(): number
  /** The message that `next` answered is read. */
  done(): void
  /** Gives the room of all messages read back. */
  release(): void
  isEmpty(): boolean
  /** Leaves a damaged place; the bytes lost. */
  resync(): number
  missed(): number
  /** The end is closed, or goes to another thread, which goes on behind the number that this answers. */
  leave(): number | undefined
}

/** A ring of records, for sending. */
class RecordSend implements SendRing {
  readonly region: Region
  readonly limitBytes: number
  readonly abortTakesRoom: boolean
  private readonly writer: RingWriter
  constructor(writer: RingWriter, abortTakesRoom: boolean) {
    this.writer = writer
    this.abortTakesRoom = abortTakesRoom
    this.region = writer.region
    this.limitBytes = writer.maxRecordBytes
  }
  claim(bytes: number): number {
    return this.writer.claim(bytes)
  }
  commit(bytes: number, sender: number): void {
    this.writer.commit(bytes, sender)
  }
  abort(): void {
    this.writer.abort()
  }
  publish(): void {
    this.writer.publish()
  }
}

type Resyncing = RingReader & { resync(): unknown }

/** A ring of records, for receiving. */
class RecordReceive implements ReceiveRing {
  readonly region: Region
  private readonly reader: Resyncing
  constructor(reader: Resyncing) {
    this.reader = reader
    this.region = reader.region
  }
  get type(): number {
    return this.reader.type
  }
  get end(): number {
    return this.reader.end
  }
  next(): number {
    const offset = this.reader.next()
    if (offset !== NONE) return offset
    return this.reader.poll() ? this.reader.next() : NONE
  }
  done(): void {}
  release(): void {
    this.reader.release()
  }
  isEmpty(): boolean {
    return this.reader.isEmpty()
  }
  resync(): number {
    const bytes = this.reader.resync()
    return typeof bytes === "number" ? bytes : 0
  }
  missed(): number {
    return 0
  }
  leave(): number | undefined {
    return undefined
  }
}

/** A broadcast, for receiving. */
class BroadcastReceive extends RecordReceive {
  private readonly broadcast: BroadcastReader
  private reported = 0
  constructor(reader: BroadcastReader, after: number | undefined) {
    super(reader)
    this.broadcast = reader
    // There is a place for each row of the roster, and a row is given back after its place.
    if (!reader.join()) throw new Error("BroadcastRing: every place of a reader is taken")
    // What came between the last message that this end got on another thread and its place on this one.
    if (after !== undefined) this.reported = after - reader.sequence
  }
  override next(): number {
    const offset = this.broadcast.next()
    if (offset !== NONE) return offset
    const hasRecords = this.broadcast.poll()
    if (this.broadcast.lost > this.reported) return MISSED
    return hasRecords ? this.broadcast.next() : NONE
  }
  override isEmpty(): boolean {
    return this.broadcast.lost <= this.reported && this.broadcast.isEmpty()
  }
  override missed(): number {
    const count = this.broadcast.lost - this.reported
    this.reported = this.broadcast.lost
    return count
  }
  override leave(): number {
    const after = this.broadcast.sequence + this.reported - this.broadcast.lost
    this.broadcast.leave()
    return after
  }
}

/** Bytes of a message of kind mpmc in front of its payload: its length, and the sender. */
export const CELL_HEADER_BYTES = 8

/** A ring of cells, for sending: each has the length of its message in front. */
class CellSend implements SendRing {
  readonly abortTakesRoom = true
  readonly region: Region
  readonly limitBytes: number
  private readonly writer: MpmcRing.MpmcWriter
  private offset = 0
  constructor(writer: MpmcRing.MpmcWriter) {
    this.writer = writer
    this.region = writer.region
    this.limitBytes = writer.recordBytes - CELL_HEADER_BYTES
  }
  claim(bytes: number): number {
    if (bytes > this.limitBytes) return RECORD_TOO_LARGE
    const offset = this.writer.claim()
    if (offset < 0) return offset
    this.offset = offset
    return offset + CELL_HEADER_BYTES
  }
  commit(bytes: number, sender: number): void {
    this.region.i32[this.offset >> 2] = bytes
    this.region.i32[(this.offset >> 2) + 1] = sender
    this.writer.commit()
  }
  abort(): void {
    this.writer.abort()
  }
  // What is committed is visible.
  publish(): void {}
}

/** A ring of cells, for receiving: each is given back as soon as its message is read. */
class CellReceive implements ReceiveRing {
  readonly region: Region
  type = 0
  end = 0
  private readonly reader: MpmcRing.MpmcReader
  private readonly limitBytes: number
  constructor(reader: MpmcRing.MpmcReader) {
    this.reader = reader
    this.region = reader.region
    this.limitBytes = reader.recordBytes - CELL_HEADER_BYTES
  }
  next(): number {
    const offset = this.reader.take()
    if (offset < 0) return NONE
    const bytes = this.region.i32[offset >> 2]!
    if (!(bytes >= 0 && bytes <= this.limitBytes)) {
      this.reader.release()
      return CORRUPT
    }
    this.type = this.region.i32[(offset >> 2) + 1]!
    this.end = offset + CELL_HEADER_BYTES + bytes
    return offset + CELL_HEADER_BYTES
  }
  done(): void {
    this.reader.release()
  }
  release(): void {}
  isEmpty(): boolean {
    return this.reader.isEmpty()
  }
  resync(): number {
    return this.limitBytes
  }
  missed(): number {
    return 0
  }
  leave(): number | undefined {
    return undefined
  }
}

/** Opens the sending side of a ring for an owner. */
export const sendRingOf = (kind: Kind, ring: SharedArrayBuffer, owner: number): SendRing => {
  switch (kind) {
    case "spsc":
      return new RecordSend(new SpscRing.SpscWriter(ring), false)
    case "mpsc":
      return new RecordSend(new MpscWriter(ring, owner), true)
    case "mpmc":
      return new CellSend(new MpmcRing.MpmcWriter(ring, owner))
    case "broadcast":
      return new RecordSend(new BroadcastWriter(ring), false)
  }
}

/** Opens the receiving side of a ring for an owner. */
export const receiveRingOf = (kind: Kind, ring: SharedArrayBuffer, owner: number, after?: number): ReceiveRing => {
  switch (kind) {
    case "spsc":
      return new RecordReceive(new SpscRing.SpscReader(ring))
    case "mpsc":
      return new RecordReceive(new MpscReader(ring))
    case "mpmc":
      return new CellReceive(new MpmcRing.MpmcReader(ring, owner))
    case "broadcast":
      return new BroadcastReceive(new BroadcastReader(ring, owner), after)
  }
}

/** What went with a dead owner. */
export interface Recovered {
  readonly count: number
  /** Messages of it that had been sent. */
  readonly sent: number
}

const unsent = (count: number): Recovered => ({ count, sent: 0 })

/** Takes the claims of a dead owner back. */
export const recoverRing = (
  kind: Kind,
  ring: SharedArrayBuffer,
  side: "sender" | "receiver",
  owner: number
): Recovered => {
  switch (kind) {
    case "spsc":
      return unsent(side === "sender" ? new SpscRecovery(ring).recover() : 0)
    case "mpsc":
      return unsent(side === "sender" ? new MpscRecovery(ring).recover(owner) : 0)
    case "mpmc": {
      const { reading, writing } = new MpmcRecovery(ring).recover(owner)
      return { count: reading + writing, sent: reading }
    }
    case "broadcast": {
      const recovery = new BroadcastRecovery(ring)
      if (side === "sender") return unsent(recovery.recoverWriter())
      recovery.recoverReaders(owner)
      return unsent(0)
    }
  }
}
