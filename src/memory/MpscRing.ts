/**
 * Passes variable-length records from any number of writer threads to one reader thread, without locks, without waiting,
 * and without anything that a dying writer could leave in the way.
 *
 * Promises:
 * - Records of one writer arrive in the order of its claims. A full ring is reported, never waited for; nothing here
 *   blocks or allocates per record.
 * - A record is visible to the reader whole or not at all, from its `commit` on.
 * - A claim exists together with the word that says whose it is and how far it reaches, or it does not exist. What a dead
 *   writer had claimed is turned into padding by `MpscRecovery` and reported lost once; what a slow living one has claimed
 *   is waited for.
 * - A reader that dies leaves everything since its last `release()` in the ring, and a new `MpscReader` starts there.
 * - Each word read from shared memory is loaded once and checked before use; damage is answered with {@link CORRUPT}.
 *
 * Never does: wake anybody (see `Doorbell`), read payloads, move a claim's end back to what was committed, guess that a
 * writer is dead, or guard against two readers.
 *
 * ```text
 *  headers  one word a unit   |C 2|f  |C 1|X:7 3|f  |f  |f ...   C committed, X claimed by owner 7, P padding, f free
 *  data     32 bytes a unit   [ record][rec][ being written ]....
 *                              ^ head        ^ position            ^ tail, or earlier
 * ```
 *
 * The memory is described in `docs/reference/memory-layout.md`. Positions count units. A lap is a position divided by the
 * number of units: a free header says in which lap it can be claimed, so it can be claimed at one position only.
 *
 * A claim is one compare-and-swap of the header where the last record ends, from "free in this lap" to "claimed by, so many
 * units". There is no state in between and no second step that a dying writer could leave undone, at the physical end
 * neither: padding is claimed and published by the same one word.
 *
 * Where the last record ends follows from the headers: each start tells the next, up to one that is free in its lap. The
 * tail only says where to begin. Each winner stores its end there, plainly, so the word may be late by any time: every
 * value it ever held is the end of a claim behind which all is claimed or was, and that is all that writers rely on. A
 * writer begins at the later of that and of its own last end.
 *
 * - A writer that begins late, or was held up between its look at a header and its compare-and-swap, fails: since then
 *   that header has become the start of a record, or the reader has freed it for a later lap. This needs headers in memory of
 *   their own: payload could look like a free header.
 * - A writer that begins late by more than a lap may follow records of a later lap and count them into its own. It finds no header
 *   free in the lap it counts: to have been claimed, the record it followed needed all room up to where it leads, a lap on, so
 *   the head is there or further, and what lies there is a record's start in its lap or free in the next.
 * - The reader frees every header of what it releases, those inside of records too, before it stores the head: a writer that
 *   has found room by the head finds all headers there free in its lap. It frees from the last to the first: one that dies in
 *   between has freed what its successor comes upon behind whole records, free for the next lap.
 *
 * Order of the shared accesses: payload, length and type are plain stores before `Atomics.store(header)` and plain loads
 * after `Atomics.load(header)`; the reader's plain loads and its freeing of headers come before `Atomics.store(head)`, and
 * writers load the head before they claim. Two races are deliberate: the tail, of which every value will do; and the
 * compare-and-swap of a late writer, which can meet the plain store that frees a header and fails at both words it can find.
 *
 * Source: the claim, the padding and the controlled read of Agrona `ManyToOneRingBuffer`; laps in the words of the cells are
 * from the bounded queue of Dmitry Vyukov. Why not Agrona's claim: `docs/adr/0010`.
 *
 * Hot path: changes only together with `test/model` and the ring benchmark.
 */
import {
  BELOW_KIND,
  checkOwner,
  CLAIMED,
  COMMITTED,
  make,
  memoryOf,
  OWNER_SHIFT,
  PADDING,
  UNITS_MASK
} from "./internal/mpscMemory.ts"
import { HEADER_BYTES, MAX_RECORD_SHIFT, mpscRing as layout, UNIT_SHIFT } from "./Layouts.ts"
import { InvalidCommit } from "./MemoryError.ts"
import type { Region } from "./Region.ts"
import { CORRUPT, MAX_TYPE, NONE, RECORD_TOO_LARGE, RING_FULL, type RingReader, type RingWriter } from "./Ring.ts"

// Engines fold a module's own constants into compiled code, but read imported ones through a cell each time.
const headerBytes = HEADER_BYTES
const unitShift = UNIT_SHIFT
/** Added before shifting right by the unit's shift, gives the units that a payload takes. */
const headerAndRounding = HEADER_BYTES + (1 << UNIT_SHIFT) - 1
const wordShift = UNIT_SHIFT - 2
const claimed = CLAIMED
const committed = COMMITTED
const padding = PADDING
const unitsMask = UNITS_MASK
const belowKind = BELOW_KIND
const maxType = MAX_TYPE
const ringFull = RING_FULL
const recordTooLarge = RECORD_TOO_LARGE
const none = NONE
const corrupt = CORRUPT
const tailCell = layout.cells.tail
const headCell = layout.cells.head
const wantedCell = layout.cells.wanted

const NO_CLAIM = -1

/** The nearer of the physical end and one lap behind what is released, for a reader at a position. */
const limitOf = (position: number, released: number, mask: number): number => {
  const toEnd = mask + 1 - (position & mask)
  const unreleased = (position - released) | 0
  return (position + Math.min(toEnd, mask + 1 - unreleased)) | 0
}

/**
 * Makes the shared memory of an empty ring.
 *
 * **Shape**: `capacityBytes` of data, a power of two from 4 KiB to 256 MiB, an eighth of it of headers, and 512 bytes.
 *
 * **Details**: `startPosition` is where positions start counting, in units; tests use it to cross the Int32 wrap-around.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (capacityBytes: number, startPosition = 0): SharedArrayBuffer =>
  make(capacityBytes, startPosition)

/**
 * A writing end of a ring. Any number of threads hold one each.
 *
 * **Example** (One record)
 * ```ts run
 * import * as MpscRing from "shared-nothing/memory/MpscRing"
 *
 * const memory = MpscRing.create(4096)
 * const writer = new MpscRing.MpscWriter(memory, 1)
 * const offset = writer.claim(16)
 * if (offset >= 0) {
 *   writer.region.f64[offset >> 3] = 42
 *   writer.commit(8, 7)
 *   writer.publish() // => true
 * }
 * const reader = new MpscRing.MpscReader(memory)
 * reader.poll() // => true
 * reader.region.f64[reader.next() >> 3] // => 42
 * reader.type // => 7
 * reader.release()
 * ```
 *
 * **Details**: `owner` is the number, from 1 to 255, by which claims are recovered when their thread has died.
 *
 * **Errors**: `InvalidMemory` when the buffer is not a ring, {@link InvalidOwner}.
 *
 * **Gotchas**: an owner's number may be given to another thread only when all that is to be recovered of the first has been.
 */
export class MpscWriter implements RingWriter {
  /** The data part of the ring; payload offsets count from its start. */
  declare readonly region: Region
  /** Bytes of data in the ring. */
  declare readonly capacityBytes: number
  /** Largest payload in bytes. */
  declare readonly maxRecordBytes: number
  declare private readonly cells: Int32Array
  declare private readonly headers: Int32Array
  declare private readonly words: Int32Array
  declare private readonly mask: number
  declare private readonly lapShift: number
  /** Header of a claim of this end, but for its units. */
  declare private readonly claimWord: number
  /** Where the last record ended when this end last looked, or earlier. */
  declare private position: number
  /** The head last seen; the reader never takes room back. */
  declare private head: number
  declare private claimUnit: number
  declare private claimUnits: number
  declare private claimedBytes: number
  /** Whether anything is in the ring by this end that `publish` has not told of. */
  declare private unpublished: boolean

  constructor(sab: SharedArrayBuffer, owner: number) {
    const { cells, headers, lapShift, region } = memoryOf(sab)
    checkOwner(owner)
    this.region = region
    this.capacityBytes = region.byteLength
    this.maxRecordBytes = region.byteLength >> MAX_RECORD_SHIFT
    this.cells = cells
    this.headers = headers
    this.words = region.i32
    this.mask = headers.length - 1
    this.lapShift = lapShift
    this.claimWord = CLAIMED | owner << OWNER_SHIFT
    this.head = Atomics.load(cells, headCell)
    this.position = this.head
    this.claimUnit = 0
    this.claimUnits = 0
    this.claimedBytes = NO_CLAIM
    this.unpublished = false
  }

  /**
   * Reserves room for one record and returns the byte offset of its payload in `region`, a multiple of 8.
   *
   * **Details**: {@link RING_FULL} when there is no room now, {@link RECORD_TOO_LARGE} when there never will be. A
   * refused claim leaves nothing behind, or padding at the physical end when another writer was faster behind it.
   * A new claim takes the place of one that was not committed, which is aborted.
   *
   * **Gotchas**: the reader waits at an open claim, however long it takes. Claim when what to write is known.
   */
  claim(maxPayloadBytes: number): number {
    if (this.claimedBytes !== NO_CLAIM) this.abort()
    if (!(maxPayloadBytes >= 0 && maxPayloadBytes <= this.maxRecordBytes)) return recordTooLarge
    const { cells, headers, mask } = this
    const units = (maxPayloadBytes + headerAndRounding) >> unitShift
    const tail = Atomics.load(cells, tailCell)
    let position = this.position
    if (((tail - position) | 0) > 0) position = tail
    for (;;) {
      const unit = position & mask
      // One comparison that is also true for a position behind the head.
      if (((position - this.head) >>> 0) > mask + 1 - units || unit + units > mask + 1) {
        if (!this.makeRoom(position, units)) return ringFull
      } else {
        const free = position >>> this.lapShift
        const found = Atomics.compareExchange(headers, unit, free, this.claimWord | units)
        if (found === free) {
          this.claimUnit = unit
          this.claimUnits = units
          this.claimedBytes = maxPayloadBytes
          position = (position + units) | 0
          this.position = position
          // In front of the commit: when the reader sees the record, it finds no earlier end stored behind this one.
          cells[tailCell] = position
          return (unit << unitShift) + headerBytes
        }
        if (!this.pass(position, found)) return ringFull
      }
      position = this.position
    }
  }

  /**
   * The head last seen is too far behind, or the physical end too near. Moves on, or answers `false`: the ring is full.
   */
  private makeRoom(position: number, units: number): boolean {
    const { cells, headers, mask } = this
    const unit = position & mask
    const toEnd = mask + 1 - unit
    const needed = units > toEnd ? toEnd + units : units
    this.position = position
    if (((position - this.head) >>> 0) > mask + 1 - needed) {
      const head = Atomics.load(cells, headCell)
      this.head = head
      if (((position - head) >>> 0) <= mask + 1 - needed) return true
      const ahead = (position - head) | 0
      if (ahead >= 0 && ahead <= mask + 1) return false
      if (ahead < 0 && ahead >= ~mask) return this.pass(position, Atomics.load(headers, unit))
      // More than a lap from the head: late by more than a lap, or no position that anybody has stored.
      this.position = head
      return true
    }
    const free = position >>> this.lapShift
    const found = Atomics.compareExchange(headers, unit, free, padding | toEnd)
    if (found !== free) return this.pass(position, found)
    // The tail is not for padding, which the reader may have seen already: it would fall behind what has been freed.
    this.position = (position + toEnd) | 0
    this.unpublished = true
    return true
  }

  /**
   * Moves behind the record whose header was found at the position; or to the head or the tail, when the reader has passed by
   * or is about to. `false` when the word or the head is damaged; then the ring counts as full.
   */
  private pass(position: number, found: number): boolean {
    const { cells, mask } = this
    const units = (found < padding ? belowKind : unitsMask) & found
    if ((found < 0 || found >= claimed) && units > 0 && units <= mask + 1 - (position & mask)) {
      this.position = (position + units) | 0
      return true
    }
    if (found === position >>> this.lapShift) return false
    const head = Atomics.load(cells, headCell)
    const tail = Atomics.load(cells, tailCell)
    this.head = head
    if (((position - head) | 0) < 0) this.position = head
    else if (((tail - position) | 0) > 0 && ((tail - head) >>> 0) <= mask + 1) this.position = tail
    else return false
    return true
  }

  /**
   * Completes the claimed record with its real length, which may be shorter than claimed. The reader can see it at once.
   *
   * **Shape**: `type` is any Int32 of 0 or more. The room of the claim is in use until the record is released.
   *
   * **Errors**: {@link InvalidCommit} when nothing is claimed, for more bytes than claimed, or for another
   * type.
   */
  commit(payloadBytes: number, type: number): void {
    if (!(payloadBytes >= 0 && payloadBytes <= this.claimedBytes && type >= 0 && type <= maxType)) {
      throw new InvalidCommit(layout.name, payloadBytes, this.claimedBytes, type)
    }
    const { claimUnit, words } = this
    const word = claimUnit << wordShift
    words[word] = payloadBytes + headerBytes
    words[word + 1] = type
    // Publishes the record.
    Atomics.store(this.headers, claimUnit, committed | this.claimUnits)
    this.claimedBytes = NO_CLAIM
    this.unpublished = true
  }

  /** Gives the current claim up: it becomes padding. Without a claim it does nothing. */
  abort(): void {
    if (this.claimedBytes === NO_CLAIM) return
    Atomics.store(this.headers, this.claimUnit, padding | this.claimUnits)
    this.claimedBytes = NO_CLAIM
    this.unpublished = true
  }

  /**
   * Says whether this end has put anything into the ring since it was last asked, padding included; it is visible already.
   *
   * **When to use**: after one or several commits and aborts; ring the reader's `Doorbell` when it answers `true`. Padding
   * counts too, because only the reader can give its room back.
   */
  publish(): boolean {
    const unpublished = this.unpublished
    this.unpublished = false
    return unpublished
  }

  /**
   * Bytes between what the reader released and the last claim, of all writers, padding included; an estimate while others
   * claim.
   */
  usedBytes(): number {
    const { cells, mask } = this
    const head = Atomics.load(cells, headCell)
    const units = (Atomics.load(cells, tailCell) - head) | 0
    return Math.min(Math.max(units, 0), mask + 1) << unitShift
  }

  /**
   * Asks the reader to say when it has released records, after `claim` answered {@link RING_FULL}.
   *
   * **Details**: claim once more after asking; the reader may have released between the two. Only when that is refused
   * too may the writer wait for its doorbell: one of the two sides sees the other's store. The reader learns that somebody
   * asked, not who: it rings all writers that may be waiting.
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
 * import type { MpscReader } from "shared-nothing/memory/MpscRing"
 *
 * const drain = (reader: MpscReader, handle: (type: number, offset: number, end: number) => void) => {
 *   if (!reader.poll()) return
 *   for (let offset = reader.next(); offset >= 0; offset = reader.next()) handle(reader.type, offset, reader.end)
 *   reader.release()
 * }
 * ```
 *
 * **Errors**: `InvalidMemory` when the buffer is not a ring.
 */
export class MpscReader implements RingReader {
  /** The data part of the ring; payload offsets count from its start. */
  declare readonly region: Region
  /** Bytes of data in the ring. */
  declare readonly capacityBytes: number
  /** Type of the record last returned by `next`. */
  declare type: number
  /** Byte offset behind the payload of the record last returned by `next`. */
  declare end: number
  declare private readonly cells: Int32Array
  declare private readonly headers: Int32Array
  declare private readonly words: Int32Array
  declare private readonly mask: number
  declare private readonly lapShift: number
  /** Position behind the last record returned. */
  declare private position: number
  /** The nearer of one lap behind what is released and the physical end: a record never reaches beyond it. */
  declare private limit: number
  declare private released: number
  declare private damaged: boolean

  constructor(sab: SharedArrayBuffer) {
    const { cells, headers, lapShift, region } = memoryOf(sab)
    const head = Atomics.load(cells, headCell)
    this.region = region
    this.capacityBytes = region.byteLength
    this.type = 0
    this.end = 0
    this.cells = cells
    this.headers = headers
    this.words = region.i32
    this.mask = headers.length - 1
    this.lapShift = lapShift
    this.position = head
    this.released = head
    this.damaged = false
    this.limit = limitOf(head, head, this.mask)
  }

  /**
   * Looks once at what the writers have committed; `true` when there is something: call `next` until it answers
   * {@link NONE}, then `release`.
   *
   * **Details**: that something can be padding alone, and then the first `next` answers {@link NONE}.
   */
  poll(): boolean {
    const word = Atomics.load(this.headers, this.position & this.mask)
    return word < 0 || this.pollUncommitted(word)
  }

  /** A free or a claimed header, or damage. */
  private pollUncommitted(word: number): boolean {
    if (this.damaged) return true
    // What else is there `next` will tell.
    return !this.isAwaited(word)
  }

  /** Whether it is a word that the header at the position can have before the record there is committed. */
  private isAwaited(word: number): boolean {
    const { position } = this
    if (word < claimed) return word === position >>> this.lapShift
    const units = word & unitsMask
    return units > 0 && units <= ((this.limit - position) | 0) && word >= claimed + (1 << OWNER_SHIFT)
  }

  /**
   * Steps to the next record and returns the byte offset of its payload in `region`; sets `type` and `end`.
   *
   * **Details**: {@link NONE} when none is committed behind the last one, or all of the ring is read and not released;
   * {@link CORRUPT} when a header makes no sense. The payload stays in place until `release`.
   */
  next(): number {
    const position = this.position
    const available = (this.limit - position) | 0
    if (available === 0) return this.nextLap()
    const unit = position & this.mask
    const word = Atomics.load(this.headers, unit)
    const units = word & belowKind
    if (word >= padding || units > available) return this.nextUncommitted(word)
    const offset = unit << unitShift
    const length = this.words[offset >> 2]!
    const type = this.words[(offset >> 2) + 1]!
    if (type < 0 || length < headerBytes || length > units << unitShift) return this.stop()
    this.position = (position + units) | 0
    this.type = type
    this.end = offset + length
    return offset + headerBytes
  }

  /** The limit is reached: everything is read and not released, or the records go on at the start of the data. */
  private nextLap(): number {
    if (this.damaged) return corrupt
    const { mask, position, released } = this
    this.limit = limitOf(position, released, mask)
    return this.limit === position ? none : this.next()
  }

  /** Steps over padding and what is freed, up to a committed record, to where nothing is to be read, or to damage. */
  private nextUncommitted(word: number): number {
    const { headers, mask } = this
    let units = this.unread(word)
    while (units > 0 && units <= ((this.limit - this.position) | 0)) {
      this.position = (this.position + units) | 0
      if (this.position === this.limit) {
        this.limit = limitOf(this.position, this.released, mask)
        if (this.position === this.limit) return none
      }
      word = Atomics.load(headers, this.position & mask)
      units = this.unread(word)
    }
    if (word >= 0 && this.isAwaited(word)) return none
    if (word < padding && (word & belowKind) <= ((this.limit - this.position) | 0)) return this.next()
    return this.stop()
  }

  /** Units to step over at the position: those of padding, one that a dead reader had freed; 0 at anything else. */
  private unread(word: number): number {
    if (word < 0) return word < padding ? 0 : word & unitsMask
    return word === (this.position + this.mask + 1) >>> this.lapShift ? 1 : 0
  }

  /** Holds the reader at its position: from here on `next` answers CORRUPT. */
  private stop(): typeof CORRUPT {
    this.damaged = true
    this.limit = this.position
    return corrupt
  }

  /** Puts the record that `next` returned last, at this offset, back: `next` returns it again. */
  back(offset: number): void {
    const { mask, position } = this
    this.position = (position - (((position & mask) - (offset >> unitShift)) & mask)) | 0
    this.limit = limitOf(this.position, this.released, mask)
  }

  /** Frees everything read so far for the writers. Payloads returned before must not be read after it. */
  release(): void {
    const { cells, headers, lapShift, mask, position, released } = this
    if (position === released) return
    // Headers that are freed no longer tell where the records go on, so the tail must. Of all claims in front of the
    // position the ends have been stored: it cannot fall behind again.
    if (((Atomics.load(cells, tailCell) - position) | 0) < 0) Atomics.store(cells, tailCell, position)
    // From the last to the first: what is left of a release always begins with whole records.
    for (let freed = (position + mask) | 0; ((freed - mask - 1 - released) | 0) >= 0; freed = (freed - 1) | 0) {
      headers[freed & mask] = freed >>> lapShift
    }
    // Publishes the free headers, and that no payload in front of it will be read again.
    Atomics.store(cells, headCell, position)
    this.released = position
    if (!this.damaged) this.limit = limitOf(position, position, mask)
  }

  /** `true` when the writers have committed nothing that is not read, also after the last `poll`. */
  isEmpty(): boolean {
    return !this.poll()
  }

  /**
   * Leaves the damaged place: skips the record there, as far as the headers around it tell, and returns the number of bytes
   * skipped.
   *
   * **Details**: 0 when nothing had been claimed there; then the header is repaired. Call `release` afterwards to give the
   * skipped bytes back.
   *
   * **Gotchas**: when the damaged record belonged to a living writer that has yet to commit it, that commit is damage too.
   */
  resync(): number {
    if (!this.damaged) return 0
    this.damaged = false
    const { cells, headers, lapShift, mask, position } = this
    this.limit = limitOf(position, this.released, mask)
    const tail = Atomics.load(cells, tailCell)
    if (tail === position) {
      const found = Atomics.load(headers, position & mask)
      Atomics.compareExchange(headers, position & mask, found, position >>> lapShift)
      return 0
    }
    // The headers inside of a record are free in its lap; the one behind them is not, or the tail is there.
    let end = (position + 1) | 0
    while (end !== this.limit && end !== tail && Atomics.load(headers, end & mask) === end >>> lapShift) {
      end = (end + 1) | 0
    }
    this.position = end
    return ((end - position) | 0) << unitShift
  }

  /**
   * Takes the writers' request for room; `true` at most once per request.
   *
   * **When to use**: after `release`, in this order; ring the doorbells of all writers that may wait when it answers `true`.
   */
  takeRoomRequest(): boolean {
    if (Atomics.load(this.cells, wantedCell) === 0) return false
    return Atomics.compareExchange(this.cells, wantedCell, 1, 0) === 1
  }
}
