/**
 * A writing end of an `MpscRing`, where the memory, the promises and their proof are described.
 *
 * Hot path: changes only together with `test/model` and the benchmark `memory/mpsc`.
 */
import {
  BELOW_KIND,
  checkOwner,
  CLAIMED,
  COMMITTED,
  memoryOf,
  OWNER_SHIFT,
  PADDING,
  UNITS_MASK
} from "./internal/mpscMemory.ts"
import { HEADER_BYTES, MAX_RECORD_SHIFT, mpscRing as layout, UNIT_SHIFT } from "./Layouts.ts"
import { InvalidCommit } from "./MemoryError.ts"
import type { Region } from "./Region.ts"
import { MAX_TYPE, RECORD_TOO_LARGE, RING_FULL, type RingWriter } from "./Ring.ts"

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
const tailCell = layout.cells.tail
const headCell = layout.cells.head
const readCell = layout.cells.read
const wantedCell = layout.cells.wanted

const NO_CLAIM = -1

/**
 * A writing end of a ring. Any number of threads hold one each.
 *
 * **Example** (One record)
 * ```ts run
 * import { MpscReader } from "shared-nothing/memory/MpscReader"
 * import * as MpscRing from "shared-nothing/memory/MpscRing"
 * import { MpscWriter } from "shared-nothing/memory/MpscWriter"
 *
 * const memory = MpscRing.create(4096)
 * const writer = new MpscWriter(memory, 1)
 * const offset = writer.claim(16)
 * if (offset >= 0) {
 *   writer.region.f64[offset >> 3] = 42
 *   writer.commit(8, 7)
 *   writer.publish() // => true
 * }
 * const reader = new MpscReader(memory)
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
    this.position = (position + toEnd) | 0
    this.unpublished = true
    return true
  }

  /**
   * Moves behind the record whose header was found at the position; or to where the reader has come by, when it has freed it or is
   * about to. `false` when the word or the head is damaged; then the ring counts as full.
   */
  private pass(position: number, found: number): boolean {
    const { cells, mask } = this
    const units = (found < padding ? belowKind : unitsMask) & found
    if ((found < 0 || found >= claimed) && units > 0 && units <= mask + 1 - (position & mask)) {
      this.position = (position + units) | 0
      return true
    }
    if (found === position >>> this.lapShift) return false
    // In this order: while the head is not behind the position, this is where it goes next.
    const read = Atomics.load(cells, readCell)
    const head = Atomics.load(cells, headCell)
    this.head = head
    if (((position - head) | 0) < 0) this.position = head
    else if (((read - position) | 0) > 0 && ((read - head) >>> 0) <= mask + 1) this.position = read
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
