/**
 * Passes records of up to a fixed size from any number of threads to any number of threads, each record to one of them, without
 * locks and without waiting.
 *
 * Promises:
 * - Each committed record is taken by exactly one reader, records in the order of their claims. A full and an empty ring are
 *   reported, never waited for; nothing here blocks or allocates per record.
 * - There is no moment at which a thread could die and leave a claim that nobody can name: what a dead thread was writing or
 *   reading is taken back by `MpmcRecovery` and reported once, and a slow living thread is never mistaken for a dead one.
 * - The ring looks full or empty only when it is, or while another thread is in the middle of a record: a thread that is alone
 *   finds all that was sent before, its own included, and room for all that was taken.
 *
 * Never does: wake anybody (see `WaitList`), or let a reader pass a position that a living writer has claimed and not committed: the
 * order of the claims is the order of the records. What lies behind such a claim looks empty until it is committed; behind a
 * position that a living reader has taken and not released, the ring looks full a lap later.
 *
 * ```text
 *                head: taken next          tail: claimed next
 *                  |                         |
 *   sequence  ... |p+s|p+s| p+1 | p+1 |  p  | p | p | ...       p: free, or being written    p + 1: full, or being read
 *                  done     full  full  being   free            p + s: free again, a lap of s slots later
 *                                       written
 *   each owner, on lines of its own:   writing { position, stage, done }     reading { position, stage, done }
 * ```
 *
 * A claim is one compare-and-swap of the tail, taking one of the head, as in Vyukov's queue; the cells say by a sequence in which lap
 * they can be used. Before it claims, a thread says on a line of its own which position it is about to claim. So the claim costs
 * one store on a line that nobody else looks at, and has an owner all the same:
 *
 * - Its cell still says "claimed": the owner that says `HAS` has it.
 * - An owner died while it said `ASKS`: perhaps it was about to, perhaps it had lost, perhaps it had won and could not say so any
 *   more. Whoever has the position had said so before the tail went by, and says so until it is finished. So once nobody
 *   alive says it, the dead one has it; while somebody does, ask again: with its next claim it will say something else.
 *
 * Positions wrap at 2^32 and are compared by difference, which no thread keeps from one call to the next: an end may sleep
 * through any number of records.
 *
 * Order of the shared accesses: what an owner says is stored before the compare-and-swap that claims. Length, type and payload are
 * plain stores between that and the store of the sequence, and plain loads between two changes of it by the reader. `done` and then
 * `stage` are plain stores of their owner and read by others once it is dead, wherever that was; `stage` is also looked at, while it may change, for one
 * value that only recovery stores.
 *
 * Source: Dmitry Vyukov's bounded MPMC queue. Different: the owner of a claim, and `docs/adr/0010-claims-in-headers.md` says why.
 *
 * Hot path: changes only together with `test/model` and the benchmarks `memory/mpmc`.
 */
import {
  ASKS,
  CELL_HEADER_BYTES,
  doneOf,
  GIVES_UP,
  HAS,
  NOTHING,
  offsetOf,
  READING,
  roundOf,
  rowCells,
  rowOf,
  shapeOf
} from "./internal/mpmcMemory.ts"
import { inscribe } from "./Layout.ts"
import { MAX_OWNER, MAX_SLOTS, mpmcRing as layout } from "./Layouts.ts"
import { InvalidCapacity, InvalidCommit } from "./MemoryError.ts"
import { Region } from "./Region.ts"
import { CORRUPT, MAX_TYPE, NONE, RECORD_TOO_LARGE, RING_FULL, type RingReader, type RingWriter } from "./Ring.ts"

/** Largest record in bytes. */
export const MAX_RECORD_BYTES = 64 * 1024

// Engines fold a module's own constants into compiled code, but read imported ones through a cell each time.
const ringFull = RING_FULL
const none = NONE
const corrupt = CORRUPT
const maxType = MAX_TYPE
const recordTooLarge = RECORD_TOO_LARGE
const tailCell = layout.cells.tail
const headCell = layout.cells.head
const headerBytes = CELL_HEADER_BYTES
const asks = ASKS
const has = HAS
const stageWord = rowCells.stage
const doneWord = rowCells.done
const NO_CELL = -1

/** Steps beside those from cell to cell: it takes damaged sequences, or a thousand races lost in a row, to need more. */
const ENOUGH_STEPS = 1000

/**
 * Makes the shared memory of an empty ring.
 *
 * **Shape**: `slots` is a power of two from 2 to 2^26, `recordBytes` a multiple of 8 from 8 to 65,536; each record takes 16 bytes more,
 * each of the `owners`, 1 to 255, takes 256 bytes.
 *
 * **Details**: `startPosition` is where positions start counting; tests use it to cross the Int32 wrap-around.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (slots: number, recordBytes: number, owners: number, startPosition = 0): SharedArrayBuffer => {
  const refuse = (option: string, value: number, expected: string): never => {
    throw new InvalidCapacity(layout.name, option, value, expected)
  }
  if (!(Number.isInteger(slots) && slots >= 2 && slots <= MAX_SLOTS && (slots & (slots - 1)) === 0)) {
    refuse("slots", slots, `a power of two from 2 to ${MAX_SLOTS}`)
  }
  const isRecord = Number.isInteger(recordBytes) && recordBytes >= 8 && recordBytes % 8 === 0
  if (!isRecord || recordBytes > MAX_RECORD_BYTES) {
    refuse("recordBytes", recordBytes, `a multiple of 8 from 8 to ${MAX_RECORD_BYTES}`)
  }
  if (!(Number.isInteger(owners) && owners >= 1 && owners <= MAX_OWNER)) {
    refuse("owners", owners, `a whole number from 1 to ${MAX_OWNER}`)
  }
  const strideBytes = CELL_HEADER_BYTES + recordBytes
  const most = Math.floor((2 ** 31 - offsetOf(owners)) / strideBytes)
  if (slots > most) refuse("slots", slots, `at most ${most} of ${recordBytes} bytes each`)
  const sab = new SharedArrayBuffer(offsetOf(owners) + slots * strideBytes)
  const cells = inscribe(layout, sab)
  cells[layout.cells.slots] = slots
  cells[layout.cells.recordBytes] = recordBytes
  cells[layout.cells.owners] = owners
  cells[tailCell] = startPosition
  cells[headCell] = startPosition
  const { first, stride } = shapeOf(sab)
  for (let i = 0; i < slots; i++) {
    const position = (startPosition + i) | 0
    cells[first + (position & (slots - 1)) * stride] = position
  }
  return sab
}

/**
 * A writing end; any number of threads hold one each, of an owner of their own.
 *
 * **Errors**: `InvalidMemory` when the buffer is not a ring, `InvalidOwner`.
 */
export class MpmcWriter implements RingWriter {
  /** The slots; payload offsets count from their start. */
  declare readonly region: Region
  /** Number of records that fit. */
  declare readonly slots: number
  /** Largest payload in bytes. */
  declare readonly maxRecordBytes: number
  declare private readonly cells: Int32Array
  declare private readonly mask: number
  declare private readonly first: number
  declare private readonly stride: number
  declare private readonly row: number
  declare private cell: number
  declare private position: number
  declare private claimedBytes: number
  /** Records committed by this owner since the ring was made, as a wrapping Int32. */
  declare private done: number
  declare private unpublished: boolean

  constructor(sab: SharedArrayBuffer, owner: number) {
    const shape = shapeOf(sab)
    this.row = rowOf(shape, owner)
    this.region = new Region(sab, shape.byteOffset, shape.slots * shape.stride * 4)
    this.slots = shape.slots
    this.maxRecordBytes = shape.recordBytes
    this.cells = shape.cells
    this.mask = shape.slots - 1
    this.first = shape.first
    this.stride = shape.stride
    this.cell = NO_CELL
    this.position = 0
    this.claimedBytes = 0
    this.done = doneOf(shape.cells, this.row)
    this.unpublished = false
  }

  /**
   * Reserves the next record and returns the byte offset of its payload in `region`, a multiple of 8.
   *
   * **Details**: `RING_FULL` when there is no room now, `RECORD_TOO_LARGE` when there never will be. A new claim takes the place of
   * one that was not committed, which is given up.
   *
   * **Gotchas**: readers wait for an open claim, however long it takes. Claim when what to write is known.
   */
  claim(maxPayloadBytes: number): number {
    if (this.cell !== NO_CELL) this.abort()
    if (!(maxPayloadBytes >= 0 && maxPayloadBytes <= this.maxRecordBytes)) return recordTooLarge
    const { cells, first, mask, row, stride } = this
    const round = roundOf(this.done)
    let position = Atomics.load(cells, tailCell)
    for (let steps = 0; steps <= 2 * mask + ENOUGH_STEPS; steps++) {
      const cell = first + (position & mask) * stride
      const lead = (Atomics.load(cells, cell) - position) | 0
      if (lead === 0) {
        cells[row + doneWord] = this.done
        cells[row + stageWord] = asks | round
        // Said before it is claimed.
        Atomics.store(cells, row, position)
        const found = Atomics.compareExchange(cells, tailCell, position, (position + 1) | 0)
        if (found === position) {
          cells[row + stageWord] = has | round
          this.cell = cell
          this.position = position
          this.claimedBytes = maxPayloadBytes
          return ((cell - first) << 2) + headerBytes
        }
        position = found
      } else if (lead < 0) break
      else position = Atomics.load(cells, tailCell)
    }
    return this.refuse()
  }

  /** A thread that is not about to claim any more says so: what it has asked for in vain may be somebody's who is dead. */
  private refuse(): number {
    if (this.cells[this.row + stageWord] === (asks | roundOf(this.done))) {
      Atomics.store(this.cells, this.row + stageWord, NOTHING)
    }
    return ringFull
  }

  /**
   * Completes the claimed record with its real length, which may be shorter than claimed. Readers can take it at once.
   *
   * **Shape**: `type` is any Int32 of 0 or more.
   *
   * **Errors**: {@link InvalidCommit} when nothing is claimed, for more bytes than claimed, or for another type.
   */
  commit(payloadBytes: number, type: number): void {
    const { cell, cells } = this
    if (
      !(cell !== NO_CELL && payloadBytes >= 0 && payloadBytes <= this.claimedBytes && type >= 0 && type <= maxType)
    ) {
      throw new InvalidCommit(layout.name, payloadBytes, cell === NO_CELL ? -1 : this.claimedBytes, type)
    }
    cells[cell + 1] = payloadBytes
    cells[cell + 2] = type
    // Publishes the record.
    Atomics.store(cells, cell, (this.position + 1) | 0)
    this.cell = NO_CELL
    this.done = (this.done + 1) | 0
    this.unpublished = true
  }

  /** Gives the claim up: its room is free at once, and readers pass it. Without a claim it does nothing. */
  abort(): void {
    const { cell, cells } = this
    if (cell === NO_CELL) return
    cells[this.row + stageWord] = GIVES_UP | roundOf(this.done)
    Atomics.store(cells, cell, (this.position + this.mask + 1) | 0)
    this.cell = NO_CELL
    this.unpublished = true
    this.pass()
  }

  /** Moves the head over what was given up, so that it never falls behind by more than the ring holds. */
  private pass(): void {
    const { cells, first, mask, stride } = this
    let head = Atomics.load(cells, headCell)
    for (let steps = 0; steps <= mask + ENOUGH_STEPS; steps++) {
      if (((Atomics.load(cells, first + (head & mask) * stride) - head - 1) | 0) <= 0) return
      const found = Atomics.compareExchange(cells, headCell, head, (head + 1) | 0)
      head = found === head ? (head + 1) | 0 : found
    }
  }

  /** Says whether this end has put anything into the ring or given a claim up since it was last asked; it is visible already. */
  publish(): boolean {
    const { unpublished } = this
    this.unpublished = false
    return unpublished
  }
}

/**
 * A reading end; any number of threads hold one each, of an owner of their own.
 *
 * **Errors**: `InvalidMemory` when the buffer is not a ring, `InvalidOwner`.
 */
export class MpmcReader implements RingReader {
  /** The slots; payload offsets count from their start. */
  declare readonly region: Region
  /** Number of records that fit. */
  declare readonly slots: number
  /** Type of the record last returned by `next`. */
  declare type: number
  /** Byte offset behind the payload of the record last returned by `next`. */
  declare end: number
  declare private readonly cells: Int32Array
  declare private readonly maxRecordBytes: number
  declare private readonly mask: number
  declare private readonly first: number
  declare private readonly stride: number
  declare private readonly row: number
  declare private cell: number
  declare private position: number
  /** Records finished by this owner since the ring was made, as a wrapping Int32. */
  declare private done: number

  constructor(sab: SharedArrayBuffer, owner: number) {
    const shape = shapeOf(sab)
    this.row = rowOf(shape, owner) + READING
    this.region = new Region(sab, shape.byteOffset, shape.slots * shape.stride * 4)
    this.slots = shape.slots
    this.type = 0
    this.end = 0
    this.cells = shape.cells
    this.maxRecordBytes = shape.recordBytes
    this.mask = shape.slots - 1
    this.first = shape.first
    this.stride = shape.stride
    this.cell = NO_CELL
    this.position = 0
    this.done = doneOf(shape.cells, this.row)
  }

  /** Whether there is a record to take; `next` takes it, unless others are faster. */
  poll(): boolean {
    return !this.isEmpty()
  }

  /**
   * Takes the next record and returns the byte offset of its payload in `region`; sets `type` and `end`.
   *
   * **Details**: `NONE` when there is none, or when the next one is claimed and not committed yet; `CORRUPT` when its length makes no
   * sense: it is taken all the same. Releases what was taken before.
   */
  next(): number {
    if (this.cell !== NO_CELL) this.release()
    const { cells, first, mask, row, stride } = this
    const round = roundOf(this.done)
    let position = Atomics.load(cells, headCell)
    for (let steps = 0; steps <= 2 * mask + ENOUGH_STEPS; steps++) {
      const cell = first + (position & mask) * stride
      const lead = (Atomics.load(cells, cell) - position - 1) | 0
      if (lead < 0) break
      if (lead === 0) {
        cells[row + doneWord] = this.done
        cells[row + stageWord] = asks | round
        Atomics.store(cells, row, position)
      }
      // What is free for a lap to come was given up, or others have taken it: then the head is further already.
      const found = Atomics.compareExchange(cells, headCell, position, (position + 1) | 0)
      if (found !== position) {
        position = found
        continue
      }
      position = (position + 1) | 0
      if (lead > 0) continue
      cells[row + stageWord] = has | round
      this.cell = cell
      this.position = (position - 1) | 0
      const length = cells[cell + 1]!
      if (!(length >= 0 && length <= this.maxRecordBytes)) return corrupt
      this.type = cells[cell + 2]!
      const offset = ((cell - first) << 2) + headerBytes
      this.end = offset + length
      return offset
    }
    return this.refuse()
  }

  /** As the writer's. */
  private refuse(): number {
    if (this.cells[this.row + stageWord] === (asks | roundOf(this.done))) {
      Atomics.store(this.cells, this.row + stageWord, NOTHING)
    }
    return none
  }

  /** Frees the record that was taken; it must not be read after it. Without one it does nothing. */
  release(): void {
    if (this.cell === NO_CELL) return
    // Publishes to the writers that nobody reads here any more.
    Atomics.store(this.cells, this.cell, (this.position + this.mask + 1) | 0)
    this.cell = NO_CELL
    this.done = (this.done + 1) | 0
  }

  /** Whether there is no record to take; passes what was given up. */
  isEmpty(): boolean {
    const { cells, first, mask, stride } = this
    for (let steps = 0; steps <= 2 * mask + ENOUGH_STEPS; steps++) {
      const position = Atomics.load(cells, headCell)
      const lead = (Atomics.load(cells, first + (position & mask) * stride) - position - 1) | 0
      if (lead <= 0) return lead < 0
      // Given up; or taken by others meanwhile, and then the head has moved.
      Atomics.compareExchange(cells, headCell, position, (position + 1) | 0)
    }
    return true
  }

  /** Gives the damaged record up; the bytes that it may have had. */
  resync(): number {
    if (this.cell === NO_CELL) return 0
    this.release()
    return this.maxRecordBytes
  }
}
