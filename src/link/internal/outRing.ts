/**
 * The writing end of one ring of a link.
 *
 * Records become visible in batches: at the end of the running task, or when {@link BATCH_BYTES} of them wait. Records that must
 * not be lost and find no room are held back, complete, and are written before anything else once there is room.
 *
 * ```text
 *        hold: no room
 *   FREE ------------> HELD
 *        <------------
 *        unblock: all written
 * ```
 *
 * Records are complete before there is a claim: user code that sends more while a message is encoded finds the ring as it is,
 * and what it sends comes before that message.
 */
import type { Doorbell } from "../../memory/Doorbell.ts"
import { HEADER_BYTES } from "../../memory/Layouts.ts"
import type { ReadyBit } from "../../memory/ReadySet.ts"
import type { Region } from "../../memory/Region.ts"
import { RING_FULL } from "../../memory/Ring.ts"
import { countUnread } from "../../memory/SpscRecovery.ts"
import { SpscWriter } from "../../memory/SpscRing.ts"
import { isMessage } from "./envelope.ts"
import type { Dirty, Signals } from "./signals.ts"

/**
 * Bytes that wait at most before they are made visible. Smaller batches let a reader that is faster than the writer follow
 * it so closely that the two fight over the same cache lines: measured, 64 records of 24 bytes cost up to twice as much.
 */
const BATCH_BYTES = 8192

/**
 * Asks that wait at most, since each takes its asker far longer than a tell does: who answers them works meanwhile, and is not asleep when the next
 * ones come.
 */
const ASKS_AT_ONCE = 16

/** Records may be written. */
export const FREE = 0
/** Records are held back: what comes now has to wait behind them. */
export const HELD = 1

interface Held {
  readonly type: number
  readonly bytes: Uint8Array
  readonly isUrgent: boolean
  /** Moves away what moves with it. */
  readonly leaves: (() => void) | undefined
}

const wordsOf = (first: number, second: number): Uint8Array => new Uint8Array(Uint32Array.of(first, second).buffer)

/** See the module. */
export class OutRing {
  declare readonly writer: SpscWriter
  declare state: number
  /** Whether there are records that are not visible yet and that nobody has announced to the reader. */
  declare isDirty: boolean
  /** Whether somebody waits for room. */
  declare isBlocked: boolean
  /** Whether the other thread has to be woken for what is written; some control can wait until it looks by itself. */
  declare private isUrgent: boolean
  /** Bytes of the record that a codec has placed last. */
  declare placedBytes: number
  declare private unpublishedBytes: number
  declare private publishedRecords: number
  /** Asks among what is not visible. */
  declare private asks: number
  /** Whether what was made visible last has woken its reader. */
  declare private hasRung: boolean
  /** The ring whose records are to be seen before those of this one. */
  declare earlier: OutRing | undefined
  declare private readonly ring: SharedArrayBuffer
  declare private readonly owner: Dirty
  declare private readonly ready: ReadyBit | undefined
  declare private readonly bell: Doorbell
  declare private readonly signals: Signals
  declare private readonly held: Array<Held>
  /** `ready` says to a reader of many rings that there is something in those of this thread. */
  constructor(ring: SharedArrayBuffer, owner: Dirty, ready: ReadyBit | undefined, bell: Doorbell, signals: Signals) {
    this.writer = new SpscWriter(ring)
    this.state = FREE
    this.isDirty = false
    this.isBlocked = false
    this.isUrgent = false
    this.placedBytes = 0
    this.unpublishedBytes = 0
    this.publishedRecords = 0
    this.asks = 0
    this.hasRung = false
    this.earlier = undefined
    this.ring = ring
    this.owner = owner
    this.ready = ready
    this.bell = bell
    this.signals = signals
    this.held = []
  }

  /** Where its records lie. */
  get region(): Region {
    return this.writer.region
  }

  /** Claims so many bytes for a record that is complete; a negative number when there is no room, or others have to go first. */
  claim(bytes: number): number {
    return this.state === FREE ? this.writer.claim(bytes) : RING_FULL
  }

  /** Writes a record of two words, now or as soon as there is room. `isUrgent` wakes the reader. */
  words(type: number, first: number, second: number, isUrgent: boolean): void {
    const { writer } = this
    const offset = this.state === FREE ? writer.claim(8) : -1
    if (offset < 0) return this.hold(type, wordsOf(first, second), isUrgent)
    const { u32 } = writer.region
    u32[offset >> 2] = first
    u32[(offset >> 2) + 1] = second
    writer.commit(8, type)
    this.wrote(8, isUrgent)
  }

  /** Writes a complete record, now or as soon as there is room; `leaves` moves away what moves with it, when there is. */
  record(type: number, bytes: Uint8Array, isUrgent: boolean, leaves?: () => void): void {
    if (this.state !== FREE || !this.put(type, bytes, isUrgent, leaves)) this.hold(type, bytes, isUrgent, leaves)
  }

  private put(type: number, bytes: Uint8Array, isUrgent: boolean, leaves: (() => void) | undefined): boolean {
    const { writer } = this
    const offset = writer.claim(bytes.length)
    if (offset < 0) return false
    writer.region.u8.set(bytes, offset)
    leaves?.()
    writer.commit(bytes.length, type)
    this.wrote(bytes.length, isUrgent)
    if (leaves !== undefined) this.publish()
    return true
  }

  private hold(type: number, bytes: Uint8Array, isUrgent: boolean, leaves?: () => void): void {
    this.held.push({ type, bytes, isUrgent, leaves })
    this.state = HELD
    this.block()
  }

  // Whether nothing is held back any more.
  private flush(): boolean {
    const { held } = this
    let written = 0
    while (written < held.length) {
      const { bytes, isUrgent, leaves, type } = held[written]!
      if (!this.put(type, bytes, isUrgent, leaves)) break
      written++
    }
    held.splice(0, written)
    this.state = held.length === 0 ? FREE : HELD
    return held.length === 0
  }

  /** A record has been committed. */
  wrote(payloadBytes: number, isUrgent: boolean): void {
    if (isUrgent) this.isUrgent = true
    this.unpublishedBytes += payloadBytes + HEADER_BYTES
    if (this.unpublishedBytes >= BATCH_BYTES) this.publish()
    else if (!this.isDirty) this.begin(isUrgent)
  }

  /** The same, with something that moves: it is visible at once, so that the death of this thread does not leave it where nobody looks. */
  wroteMoving(payloadBytes: number): void {
    this.wrote(payloadBytes, true)
    if (this.isDirty) this.publish()
  }

  /** The record was an ask. */
  asked(): void {
    if (this.isDirty) {
      if (++this.asks >= ASKS_AT_ONCE) this.publish()
    } else if (this.hasRung) this.signals.hasWoken = true
  }

  // A reader that sleeps has the first record at once: it wakes up while the others are written.
  private begin(isUrgent: boolean): void {
    if (isUrgent && this.bell.isParked()) return this.publish()
    this.isDirty = true
    this.signals.written(this.owner)
  }

  /** Makes what was written visible, and wakes the reader if anything of it is urgent. */
  publish(): void {
    if (this.earlier?.isDirty === true) this.earlier.publish()
    this.isDirty = false
    this.publishedRecords += this.writer.unpublishedRecords
    this.unpublishedBytes = 0
    const hasAsked = this.asks > 0
    this.asks = 0
    if (this.writer.publish()) this.ready?.raise()
    if (this.isUrgent) {
      this.isUrgent = false
      this.hasRung = this.bell.ring()
      if (this.hasRung && hasAsked) this.signals.hasWoken = true
    } else this.hasRung = false
  }

  /** Asks the reader for room. */
  block(): void {
    if (this.isBlocked) return
    this.isBlocked = true
    this.signals.isHeldUp = true
    this.writer.requestRoom()
    this.publish()
    // A reader that already sleeps has to hear of the request, whatever the records were.
    this.bell.ring()
    this.signals.expect()
  }

  /**
   * Tries to go on after the ring was full: what was held back first, then `resume`, for those that wait. Answers whether
   * anything has changed.
   */
  unblock(resume: () => void): boolean {
    if (!this.isBlocked) return false
    // Asked again before the attempt, not after it: the reader may have answered the last request with too little room.
    this.writer.requestRoom()
    const before = this.records
    this.isBlocked = false
    if (this.flush()) resume()
    else this.block()
    return !this.isBlocked || this.records !== before
  }

  private get records(): number {
    return this.publishedRecords + this.writer.unpublishedRecords
  }

  /** How many published messages the other side, which has gone, had not read. */
  countUnread(): number {
    return countUnread(this.ring, isMessage)
  }
}
