/**
 * Passes variable-length records from one writer thread to one reader thread, in order, without locks and without
 * waiting.
 *
 * Promises:
 * - Exactly one thread writes and one other reads. A full ring is reported, never waited for; nothing here blocks or
 *   allocates per record.
 * - A record is visible to the reader whole or not at all: only `publish()` makes the committed records visible, all at
 *   once. A writer that dies leaves nothing half-written: what it had not published does not exist, and a new
 *   `SpscWriter` continues behind what it had.
 * - A reader that dies leaves everything since its last `release()` in the ring, and a new `SpscReader` starts there.
 * - Each length and position read from shared memory is loaded once and checked before use; damage is answered with
 *   {@link CORRUPT}.
 * - While the reader keeps up, the same first 16 KiB are written again and again; the rest of the capacity is touched by who is ahead
 *   of it, and takes no memory of the machine until then.
 *
 * Never does: wake anybody (see `Doorbell`), read payloads, or guard against two writers or two readers.
 *
 * ```text
 *            head                     published tail     position
 *             |  readable              |  committed       |  free
 *   ..........[rec][rec][ rec   ][rec][pad|rec][rec.......]............
 *                                              ^ claim: returned to the caller, header not yet written
 * ```
 *
 * The memory is drawn in `docs/reference/memory-layout.md`; both ends take the offset at which it starts in the buffer, 0 unless told. The writer keeps the head it last saw and loads it again only when the ring looks
 * full; the reader loads the tail once per `poll()`. Both keep a `limit` that is the nearer of "what the other side
 * allows" and "the physical end", so the common case is one comparison.
 *
 * Positions count all that was ever written. Where a position lies is said by the *base*, the position that lies at offset 0: a writer that
 * finds everything released may make its own position the base, and so begins anew at offset 0. Both ends count *places* from their base
 * (position = base + place, offset = place & mask). The base needs no ordering of its own. It changes only where head, tail and the writer's
 * position are the same, and the reader loads it after a tail beyond what it has released: until it releases that, the base cannot change, and
 * what it finds was stored before that tail. So a base that the reader did not know is where it stands, or it is damage.
 * See `docs/adr/0032-a-ring-begins-anew-when-it-is-empty.md`.
 *
 * Order of the shared accesses: payload and header are plain stores *before* `Atomics.store(tail)`; plain loads come
 * *after* `Atomics.load(tail)`. In the other direction plain loads come before `Atomics.store(head)` and plain stores
 * after `Atomics.load(head)`. JavaScript atomics are sequentially consistent, so no plain access races with one of the
 * other thread.
 *
 * Source: Agrona `OneToOneRingBuffer`. Different on purpose: nothing is zeroed, a refused claim leaves no padding
 * behind (a record and its padding always fit an empty ring), and publishing is separate from committing.
 *
 * Hot path: changes only together with `test/model` and the ring benchmark. Fields are `declare`d and set in the
 * constructor, here and in the other classes of this layer: a defined field holds `undefined` first, after which
 * compiled code checks its kind at every use.
 */
import {
  ACCOUNT_CELLS,
  accountCell,
  clamp,
  descriptorOf,
  make,
  positionOf,
  publishedCount
} from "./internal/spscMemory.ts"
import { HEADER_AND_ROUNDING, HEADER_BYTES, MAX_RECORD_SHIFT, PADDING_TYPE, spscRing as layout } from "./Layouts.ts"
import { InvalidCommit } from "./MemoryError.ts"
import { Region } from "./Region.ts"
import { CORRUPT, MAX_TYPE, NONE, RECORD_TOO_LARGE, RING_FULL, type RingReader, type RingWriter } from "./Ring.ts"

// Engines fold a module's own constants into compiled code, but read imported ones through a cell each time.
const headerBytes = HEADER_BYTES
const headerAndRounding = HEADER_AND_ROUNDING
const paddingType = PADDING_TYPE
const maxType = MAX_TYPE
const ringFull = RING_FULL
const none = NONE
const corrupt = CORRUPT
const tailCell = layout.cells.tail
const headCell = layout.cells.head
const wantedCell = layout.cells.wanted
const claimedCell = layout.cells.claimed
const baseCell = layout.cells.base

/** Sum of the cells of the two accounts. */
const OTHER_ACCOUNT = 2 * accountCell + ACCOUNT_CELLS

/** Bytes at the start of the data that are used again and again while the reader keeps up: with the descriptor four pages. */
const WINDOW_BYTES = 16_384 - layout.descriptorBytes
/** Behind them the start of a batch looks whether the ring is empty, once in so many bytes: each look is a load of the reader's word. */
const LOOK_BYTES = 4096

const NO_CLAIM = -1

const SOUND = 0
/** A header or the base: what is published is lost, and where it ends is known. */
const DAMAGED_RECORD = 1
const DAMAGED_TAIL = 2

/**
 * Makes the shared memory of an empty ring.
 *
 * **Shape**: `capacityBytes` of data, a power of two from 4 KiB to 512 MiB, plus 640 bytes. Pages of it that nobody has written to take no
 * memory.
 *
 * **Details**: `startPosition`, a multiple of 8, is where positions start counting; tests use it to cross the Int32
 * wrap-around.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (capacityBytes: number, startPosition = 0): SharedArrayBuffer =>
  make(capacityBytes, startPosition)

/**
 * The writing end of a ring. Exactly one thread holds one at any time.
 *
 * **Example** (One record, published at once)
 * ```ts run
 * import * as SpscRing from "shared-nothing/memory/SpscRing"
 *
 * const writer = new SpscRing.SpscWriter(SpscRing.create(4096))
 * const offset = writer.claim(16)
 * if (offset >= 0) {
 *   writer.region.f64[offset >> 3] = 42
 *   writer.commit(8, 7)
 *   writer.publish() // => true
 * }
 * ```
 *
 * **Errors**: `InvalidMemory` when the buffer is not a ring.
 */
export class SpscWriter implements RingWriter {
  /** The data part of the ring; payload offsets count from its start. */
  declare readonly region: Region
  /** Bytes of data in the ring. */
  declare readonly capacityBytes: number
  /** Largest payload in bytes. */
  declare readonly maxRecordBytes: number
  declare private readonly cells: Int32Array
  declare private readonly words: Int32Array
  declare private readonly mask: number
  declare private base: number
  /** Place behind the last committed record. */
  declare private place: number
  /** Place up to which records may be written without a look at anything else. */
  declare private limit: number
  declare private published: number
  /** Place from which on the next batch looks whether it can begin at offset 0. */
  declare private lookFrom: number
  /** Records committed and records published since the ring was made, as wrapping Int32s. */
  declare private committedRecords: number
  declare private publishedRecords: number
  /** Cell of the account that the next publication writes. */
  declare private account: number
  declare private claimPlace: number
  declare private claimedBytes: number

  constructor(sab: SharedArrayBuffer, byteOffset = 0) {
    const cells = descriptorOf(sab, byteOffset)
    const capacityBytes = cells[layout.cells.capacityBytes]!
    const tail = positionOf(cells, tailCell)
    const base = positionOf(cells, baseCell)
    const place = (tail - base) | 0
    const records = publishedCount(cells)
    cells[claimedCell] = records
    this.region = new Region(sab, byteOffset + layout.descriptorBytes, capacityBytes)
    this.capacityBytes = capacityBytes
    this.maxRecordBytes = capacityBytes >> MAX_RECORD_SHIFT
    this.cells = cells
    this.words = this.region.i32
    this.mask = capacityBytes - 1
    this.base = base
    this.place = place
    this.limit = place
    this.published = place
    this.lookFrom = place
    this.committedRecords = records
    this.publishedRecords = records
    this.account = cells[accountCell] === tail ? accountCell + ACCOUNT_CELLS : accountCell
    this.claimPlace = place
    this.claimedBytes = NO_CLAIM
  }

  /**
   * Reserves room for one record and returns the byte offset of its payload in `region`, a multiple of 8.
   *
   * **Details**: {@link RING_FULL} when there is no room now, {@link RECORD_TOO_LARGE} when there never will be. A
   * refused claim leaves nothing behind. A new claim takes the place of one that was not committed.
   */
  claim(maxPayloadBytes: number): number {
    const place = this.place
    const recordBytes = (maxPayloadBytes + headerAndRounding) & -8
    if (
      maxPayloadBytes >= 0 && maxPayloadBytes <= this.maxRecordBytes && recordBytes <= ((this.limit - place) | 0)
    ) {
      this.claimPlace = place
      this.claimedBytes = maxPayloadBytes
      // For who counts what a dead writer took along.
      this.cells[claimedCell] = this.committedRecords + 1
      return (place & this.mask) + headerBytes
    }
    return this.claimSlow(maxPayloadBytes)
  }

  /** The limit is reached: at the end of the window, at the physical one, at the head last seen, or truly full. */
  private claimSlow(maxPayloadBytes: number): number {
    this.abort()
    if (!(maxPayloadBytes >= 0 && maxPayloadBytes <= this.maxRecordBytes)) return RECORD_TOO_LARGE
    const capacityBytes = this.capacityBytes
    const recordBytes = (maxPayloadBytes + headerAndRounding) & -8
    const free = capacityBytes - ((this.base + this.place - Atomics.load(this.cells, headCell)) | 0)
    if (free === capacityBytes) this.beginAnew()
    else this.lookFrom = (this.place === this.published ? this.place + LOOK_BYTES : this.place) | 0
    const place = this.place
    const offset = place & this.mask
    const toEnd = capacityBytes - offset
    const paddingBytes = recordBytes > toEnd ? toEnd : 0
    // A head that no reader can have stored (in front of the position, or between two records' starts) counts as a full
    // ring.
    if (free > capacityBytes || (free & 7) !== 0 || paddingBytes + recordBytes > free) return ringFull
    if (paddingBytes === 0) {
      const toWindow = place >= 0 && place < WINDOW_BYTES ? WINDOW_BYTES - place : capacityBytes
      this.claimPlace = place
      this.limit = (place + Math.max(recordBytes, Math.min(free, toEnd, toWindow))) | 0
    } else {
      // Unpublished memory, and `place` stays in front of it: without a commit the padding never existed.
      this.words[offset >> 2] = paddingBytes
      this.words[(offset >> 2) + 1] = paddingType
      this.claimPlace = (place + paddingBytes) | 0
    }
    this.claimedBytes = maxPayloadBytes
    this.cells[claimedCell] = this.committedRecords + 1
    return (this.claimPlace & this.mask) + headerBytes
  }

  /** Makes the position the base, where all that was written is released, and so published. */
  private beginAnew(): void {
    const position = (this.base + this.place) | 0
    Atomics.store(this.cells, baseCell, position)
    this.base = position
    this.place = 0
    this.published = 0
    this.lookFrom = WINDOW_BYTES
  }

  /**
   * Completes the claimed record with its real length, which may be shorter than claimed; the record is visible after
   * `publish`.
   *
   * **Shape**: `type` is any Int32 of 0 or more.
   *
   * **Errors**: {@link InvalidCommit} when nothing is claimed, for more bytes than claimed, or for another
   * type.
   */
  commit(payloadBytes: number, type: number): void {
    if (!(payloadBytes >= 0 && payloadBytes <= this.claimedBytes && type >= 0 && type <= maxType)) {
      throw new InvalidCommit(layout.name, payloadBytes, this.claimedBytes, type)
    }
    const place = this.claimPlace
    const word = (place & this.mask) >> 2
    this.words[word] = payloadBytes + headerBytes
    this.words[word + 1] = type
    this.place = (place + ((payloadBytes + headerAndRounding) & -8)) | 0
    this.claimedBytes = NO_CLAIM
    this.committedRecords = (this.committedRecords + 1) | 0
  }

  /** Gives the current claim up: the ring is as it was before it. Without a claim it does nothing. */
  abort(): void {
    this.claimedBytes = NO_CLAIM
    this.cells[claimedCell] = this.committedRecords
  }

  /**
   * Makes all committed records visible to the reader at once; `false` when there was nothing new.
   *
   * **Gotchas**: does not wake the reader. Ring its `Doorbell` afterwards, in this order.
   */
  publish(): boolean {
    const place = this.place
    if (place === this.published) return false
    const position = (this.base + place) | 0
    // The account of the tail before this one stays until this one is published: one of the two fits whatever is found.
    const { account, cells } = this
    cells[account] = position
    cells[account + 1] = this.committedRecords
    this.account = OTHER_ACCOUNT - account
    // Publishes every header and payload stored above.
    Atomics.store(cells, tailCell, position)
    this.published = place
    this.publishedRecords = this.committedRecords
    if (((place - this.lookFrom) | 0) >= 0) this.limit = place
    return true
  }

  /** Number of records committed since the last publication. */
  get unpublishedRecords(): number {
    return (this.committedRecords - this.publishedRecords) | 0
  }

  /** Bytes between what the reader released and the last committed record, padding and unpublished records included. */
  usedBytes(): number {
    return clamp((this.base + this.place - Atomics.load(this.cells, headCell)) | 0, this.capacityBytes)
  }

  /**
   * Asks the reader to say when it has released records, after `claim` answered {@link RING_FULL}.
   *
   * **Details**: claim once more after asking; the reader may have released between the two. Only when that is refused
   * too may the writer wait for its doorbell: one of the two sides sees the other's store.
   */
  requestRoom(): void {
    Atomics.store(this.cells, wantedCell, 1)
  }
}

/**
 * The reading end of a ring. Exactly one thread holds one at any time.
 *
 * **Example** (A drain)
 * ```ts
 * import type { SpscReader } from "shared-nothing/memory/SpscRing"
 *
 * const drain = (reader: SpscReader, handle: (type: number, offset: number, end: number) => void) => {
 *   if (!reader.poll()) return
 *   for (let offset = reader.next(); offset >= 0; offset = reader.next()) handle(reader.type, offset, reader.end)
 *   reader.release()
 * }
 * ```
 *
 * **Errors**: `InvalidMemory` when the buffer is not a ring.
 */
export class SpscReader implements RingReader {
  /** The data part of the ring; payload offsets count from its start. */
  declare readonly region: Region
  /** Bytes of data in the ring. */
  declare readonly capacityBytes: number
  /** Type of the record last returned by `next`. */
  declare type: number
  /** Byte offset behind the payload of the record last returned by `next`. */
  declare end: number
  declare private readonly cells: Int32Array
  declare private readonly words: Int32Array
  declare private readonly mask: number
  /** That of the records which the last `poll` has seen. */
  declare private base: number
  /** Place behind the last record returned. */
  declare private place: number
  /** The nearer of `tail` and the physical end: a record never reaches beyond it. */
  declare private limit: number
  /** Place of the tail that was last seen. */
  declare private tail: number
  declare private released: number
  declare private damage: number

  constructor(sab: SharedArrayBuffer, byteOffset = 0) {
    const cells = descriptorOf(sab, byteOffset)
    const capacityBytes = cells[layout.cells.capacityBytes]!
    const base = positionOf(cells, baseCell)
    const place = (positionOf(cells, headCell) - base) | 0
    this.region = new Region(sab, byteOffset + layout.descriptorBytes, capacityBytes)
    this.capacityBytes = capacityBytes
    this.type = 0
    this.end = 0
    this.cells = cells
    this.words = this.region.i32
    this.mask = capacityBytes - 1
    this.base = base
    this.place = place
    this.limit = place
    this.tail = place
    this.released = place
    this.damage = SOUND
  }

  /** Where what the writer has published by now ends. */
  published(): number {
    return Atomics.load(this.cells, tailCell)
  }

  /** Whether there is something before such an end that has not been returned. */
  isBehind(published: number): boolean {
    return ((published - this.base - this.place) | 0) > 0
  }

  /**
   * Looks once at what the writer has published; `true` when there is at least one record, or damage that `next` will
   * report.
   */
  poll(): boolean {
    const tail = (Atomics.load(this.cells, tailCell) - this.base) | 0
    if (tail === this.place) return this.damage !== SOUND
    return this.accept(tail)
  }

  /** Takes a new tail over, once it is known to be one that a writer can have published. */
  private accept(tail: number): boolean {
    if (this.damage !== SOUND) return true
    const available = this.availableTo(tail)
    if (available < 0) return this.stop(DAMAGED_TAIL)
    // Stays until the reader releases what it sees here, so a plain load is one of the value that belongs to the tail.
    const base = this.cells[baseCell]!
    if (base !== this.base && !this.follow(base)) return this.stop(DAMAGED_RECORD)
    const place = this.place
    this.tail = (place + available) | 0
    const toEnd = this.capacityBytes - (place & this.mask)
    this.limit = (place + (available < toEnd ? available : toEnd)) | 0
    return true
  }

  /** Bytes in front of a tail, or -1 when no writer can have published it. */
  private availableTo(tail: number): number {
    const available = (tail - this.place) | 0
    const free = this.capacityBytes - ((this.place - this.released) | 0)
    return available < 0 || available > free || (available & 7) !== 0 ? -1 : available
  }

  /** Counts from another base on. A writer begins anew where it finds everything released: there the reader stands. */
  private follow(base: number): boolean {
    if (base !== ((this.base + this.place) | 0) || this.place !== this.released) return false
    this.base = base
    this.place = 0
    this.released = 0
    return true
  }

  /**
   * Steps to the next record that the last `poll` saw and returns the byte offset of its payload in `region`; sets
   * `type` and `end`.
   *
   * **Details**: {@link NONE} when there is none left, {@link CORRUPT} when the header makes no sense. The payload
   * stays in place until `release`.
   */
  next(): number {
    const place = this.place
    const available = (this.limit - place) | 0
    if (available === 0) return this.nextLap()
    const offset = place & this.mask
    const length = this.words[offset >> 2]!
    const type = this.words[(offset >> 2) + 1]!
    // `available` is a multiple of 8, so the rounded length is within it too.
    if (type < 0 || length < headerBytes || length > available) return this.nextUnusual(length, type)
    this.place = (place + ((length + 7) & -8)) | 0
    this.type = type
    this.end = offset + length
    return offset + headerBytes
  }

  /** The limit is reached: either everything seen is read, or the records go on at the start of the data. */
  private nextLap(): number {
    const place = this.place
    const available = (this.tail - place) | 0
    if (available === 0) return this.damage === SOUND ? none : corrupt
    this.limit = (place + Math.min(available, this.capacityBytes)) | 0
    return this.next()
  }

  /** A record that no `commit` wrote: padding, or damage. */
  private nextUnusual(length: number, type: number): number {
    const place = this.place
    const toEnd = this.capacityBytes - (place & this.mask)
    // Padding reaches exactly to the physical end and is only ever published together with the record behind it.
    if (type === paddingType && length === toEnd && ((this.tail - place) | 0) > toEnd) {
      this.place = (place + toEnd) | 0
      return this.nextLap()
    }
    this.stop(DAMAGED_RECORD)
    return corrupt
  }

  /** Holds the reader where it is: from here on `next` answers CORRUPT. */
  private stop(damage: number): true {
    this.damage = damage
    this.tail = this.place
    this.limit = this.place
    return true
  }

  /** Frees everything read so far for the writer. Payloads returned before must not be read after it. */
  release(): void {
    const place = this.place
    if (place === this.released) return
    // Publishes to the writer that no payload in front of it will be read again.
    Atomics.store(this.cells, headCell, (this.base + place) | 0)
    this.released = place
  }

  /** `true` when the writer has published nothing that is not read, also after the last `poll`. */
  isEmpty(): boolean {
    return ((Atomics.load(this.cells, tailCell) - this.base) | 0) === this.place && this.damage === SOUND
  }

  /**
   * Leaves the damaged place: skips to the published tail and returns the number of bytes skipped, all of them lost
   * records.
   *
   * **Details**: 0 when the damaged word was the tail itself. Nothing is skipped then, and the next publication of a
   * living writer repairs it. Call `release` afterwards to give the skipped bytes back.
   */
  resync(): number {
    const damage = this.damage
    this.damage = SOUND
    if (damage !== DAMAGED_RECORD) return 0
    const skipped = this.availableTo((Atomics.load(this.cells, tailCell) - this.base) | 0)
    if (skipped < 0) {
      this.stop(DAMAGED_TAIL)
      return 0
    }
    this.place = (this.place + skipped) | 0
    this.tail = this.place
    this.limit = this.place
    return skipped
  }

  /**
   * Takes the writer's request for room; `true` at most once per request.
   *
   * **When to use**: after `release`, in this order; ring the writer's doorbell when it answers `true`.
   */
  takeRoomRequest(): boolean {
    if (Atomics.load(this.cells, wantedCell) === 0) return false
    return Atomics.compareExchange(this.cells, wantedCell, 1, 0) === 1
  }
}
