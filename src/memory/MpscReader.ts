/**
 * The reading end of an `MpscRing`, where the memory, the promises and their proof are described.
 *
 * Hot path: changes only together with `test/model` and the benchmark `memory/mpsc`.
 */
import { BELOW_KIND, CLAIMED, memoryOf, OWNER_SHIFT, PADDING, UNITS_MASK } from "./internal/mpscMemory.ts"
import { HEADER_BYTES, mpscRing as layout, UNIT_SHIFT } from "./Layouts.ts"
import type { Region } from "./Region.ts"
import { CORRUPT, NONE, type RingReader } from "./Ring.ts"

// Engines fold a module's own constants into compiled code, but read imported ones through a cell each time.
const headerBytes = HEADER_BYTES
const unitShift = UNIT_SHIFT
const claimed = CLAIMED
const padding = PADDING
const unitsMask = UNITS_MASK
const belowKind = BELOW_KIND
const lowestOwner = 1 << OWNER_SHIFT
const none = NONE
const corrupt = CORRUPT
const tailCell = layout.cells.tail
const headCell = layout.cells.head
const readCell = layout.cells.read
const wantedCell = layout.cells.wanted

/** The nearer of the physical end and one lap behind what is released, for a reader at a position. */
const limitOf = (position: number, released: number, mask: number): number => {
  const toEnd = mask + 1 - (position & mask)
  const unreleased = (position - released) | 0
  return (position + Math.min(toEnd, mask + 1 - unreleased)) | 0
}

/**
 * The reading end of a ring. Exactly one thread holds one at any time.
 *
 * **Example** (A drain)
 * ```ts
 * import type { MpscReader } from "shared-nothing/memory/MpscReader"
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
   * **Details**: that something can be padding alone; then the first `next` answers {@link NONE} and has given its room back.
   * Look for a room request in this case too.
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
    return units > 0 && units <= ((this.limit - position) | 0) && word >= (claimed | lowestOwner)
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
    const holdsNothing = this.position === this.released
    let units = this.unread(word)
    while (units > 0 && units <= ((this.limit - this.position) | 0)) {
      this.position = (this.position + units) | 0
      if (this.position === this.limit) {
        this.limit = limitOf(this.position, this.released, mask)
        if (this.position === this.limit) return this.nothing(holdsNothing)
      }
      word = Atomics.load(headers, this.position & mask)
      units = this.unread(word)
    }
    if (word >= 0 && this.isAwaited(word)) return this.nothing(holdsNothing)
    if (word < padding && (word & belowKind) <= ((this.limit - this.position) | 0)) return this.next()
    return this.stop()
  }

  /** Nothing is left. When all since the last release was padding, its room is given back: nobody else would see a reason to. */
  private nothing(holdsNothing: boolean): typeof NONE {
    if (holdsNothing) this.release()
    return none
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
    // Headers that are freed no longer tell where the records go on; for a writer that comes by before the head is stored.
    cells[readCell] = position
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
