/**
 * Passes variable-length records from any number of writer threads to one reader thread, without locks and without waiting:
 * a ring of one writer for each of them, read in turn.
 *
 * Promises:
 * - Records of one writer arrive in its order; between writers there is none. Every other promise is that of `SpscRing`: whole
 *   records or nothing, a full ring reported, a dead thread leaving nothing half-written.
 * - Writers share no word: one that is slow, stopped in the middle of a record, or dead, holds none of the others up.
 * - The reader takes what one look has seen of a ring and goes on to the next: a busy writer keeps no other waiting for longer
 *   than it takes to read a ring once.
 *
 * Never does: wake anybody (see `Doorbell`), or guard against two writers of one owner or two readers.
 *
 * ```text
 *  used: 3    owner 1 [ SpscRing ]   owner 2 [ SpscRing ]   owner 3 [ SpscRing ]   owner 4 (never had a writer)
 *                              reader: ──► one look, all it saw ──► the next ──► and round again
 * ```
 *
 * A look at a ring that nobody writes costs a load of a word that nobody stores: the reader looks at those that have ever had a
 * writer. That number is stored before the writer publishes anything, so a reader that was woken for a record sees its ring.
 *
 * Source: the two one-way rings between any two threads of the actor system, after Thompson's Aeron. Rejected: one ring with claims of
 * many writers, where each claim costs a transfer of the line that all of them store (`docs/adr/0010-claims-in-headers.md`).
 */
import { offsetOf, shapeOf } from "./internal/mpscMemory.ts"
import { bytesOf, isCapacity, makeAt } from "./internal/spscMemory.ts"
import { inscribe } from "./Layout.ts"
import { MAX_CAPACITY_BYTES, MAX_OWNER, MIN_CAPACITY_BYTES, mpscRing as layout } from "./Layouts.ts"
import { InvalidCapacity } from "./MemoryError.ts"
import type { Region } from "./Region.ts"
import { NONE, type RingReader } from "./Ring.ts"
import { SpscRecovery } from "./SpscRecovery.ts"
import { SpscReader, SpscWriter } from "./SpscRing.ts"

const none = NONE
const usedCell = layout.cells.used

/** Most bytes of all rings together. */
const MAX_BYTES = 2 ** 32

/**
 * Makes the shared memory of empty rings.
 *
 * **Shape**: `capacityBytes` of data for each of `owners` writers, 1 to 255; a power of two from 4 KiB to 512 MiB, and at most 4 GiB
 * together. Memory that nobody has written to is not taken from the machine.
 *
 * **Details**: `startPosition` is where positions start counting; tests use it to cross the Int32 wrap-around.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (capacityBytes: number, owners: number, startPosition = 0): SharedArrayBuffer => {
  if (!(Number.isInteger(owners) && owners >= 1 && owners <= MAX_OWNER)) {
    throw new InvalidCapacity(layout.name, "owners", owners, `a whole number from 1 to ${MAX_OWNER}`)
  }
  if (!isCapacity(capacityBytes) || owners * bytesOf(capacityBytes) > MAX_BYTES) {
    const expected = `a power of two between ${MIN_CAPACITY_BYTES} and ${MAX_CAPACITY_BYTES}, and for ${owners} owners `
      + `at most ${MAX_BYTES} together; choose one, at least four times the largest payload`
    throw new InvalidCapacity(layout.name, "capacityBytes", capacityBytes, expected)
  }
  const sab = new SharedArrayBuffer(layout.descriptorBytes + owners * bytesOf(capacityBytes))
  const cells = inscribe(layout, sab)
  cells[layout.cells.rings] = owners
  cells[layout.cells.capacityBytes] = capacityBytes
  const shape = shapeOf(sab)
  for (let owner = 1; owner <= owners; owner++) makeAt(sab, offsetOf(shape, owner), capacityBytes, startPosition)
  return sab
}

/** The place of an owner's ring, which the reader looks at from now on: told before anything is in it. */
const placeOf = (sab: SharedArrayBuffer, owner: number): number => {
  const shape = shapeOf(sab)
  const offset = offsetOf(shape, owner)
  const { cells } = shape
  let used = Atomics.load(cells, usedCell)
  while (used < owner) {
    const before = Atomics.compareExchange(cells, usedCell, used, owner)
    if (before === used) break
    used = before
  }
  return offset
}

/**
 * The writing end of one owner. Exactly one thread holds one for each owner at any time.
 *
 * **Example** (One record)
 * ```ts run
 * import * as MpscRing from "shared-nothing/memory/MpscRing"
 *
 * const memory = MpscRing.create(4096, 2)
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
 * **Errors**: `InvalidMemory` when the buffer is not a ring, `InvalidOwner`.
 *
 * **Gotchas**: an owner's number may be given to another thread only when what is to be recovered of the first has been.
 */
export class MpscWriter extends SpscWriter {
  constructor(sab: SharedArrayBuffer, owner: number) {
    super(sab, placeOf(sab, owner))
  }
}

/**
 * The reading end. Exactly one thread holds one at any time.
 *
 * **Errors**: `InvalidMemory` when the buffer is not a ring.
 */
export class MpscReader implements RingReader {
  /** The data of the ring that is read now; payload offsets count from its start. */
  declare region: Region
  /** Type of the record last returned by `next`. */
  declare type: number
  /** Byte offset behind the payload of the record last returned by `next`. */
  declare end: number
  declare private readonly cells: Int32Array
  declare private readonly readers: ReadonlyArray<SpscReader>
  /** How many of them have ever had a writer, when this end last looked. */
  declare private used: number
  declare private current: SpscReader
  declare private index: number

  constructor(sab: SharedArrayBuffer) {
    const shape = shapeOf(sab)
    this.cells = shape.cells
    this.readers = Array.from({ length: shape.rings }, (_, ring) => new SpscReader(sab, offsetOf(shape, ring + 1)))
    this.used = 1
    this.current = this.readers[0]!
    this.index = 0
    this.region = this.current.region
    this.type = 0
    this.end = 0
  }

  /** The owner whose record `next` returned last. */
  get owner(): number {
    return this.index + 1
  }

  /**
   * Looks at the rings in turn, from the one that is read now, until one has something; `true` when one has: call `next`
   * until it answers {@link NONE}.
   */
  poll(): boolean {
    if (this.current.poll()) return true
    for (let looked = this.look(); looked > 1; looked--) {
      this.turn()
      if (this.current.poll()) return true
    }
    return false
  }

  /** How many rings there are to look at. */
  private look(): number {
    const used = Atomics.load(this.cells, usedCell)
    if (used > this.used && used <= this.readers.length) this.used = used
    return this.used
  }

  /** Goes on to the next ring; what was read of this one is free. */
  private turn(): void {
    this.current.release()
    this.index = this.index + 1 < this.look() ? this.index + 1 : 0
    this.current = this.readers[this.index]!
    this.region = this.current.region
  }

  /**
   * Steps to the next record that the last `poll` saw and returns the byte offset of its payload in `region`; sets `type` and
   * `end`.
   *
   * **Details**: {@link NONE} when there is none left in this ring, and the next `poll` begins with another one; `CORRUPT` when the
   * header makes no sense.
   */
  next(): number {
    const { current } = this
    const offset = current.next()
    if (offset >= 0) {
      this.type = current.type
      this.end = current.end
    } else if (offset === none) this.turn()
    return offset
  }

  /** Frees everything read so far for the writers. */
  release(): void {
    this.current.release()
  }

  /** `true` when nothing has been published that is not read. */
  isEmpty(): boolean {
    const used = this.look()
    for (let index = 0; index < used; index++) if (!this.readers[index]!.isEmpty()) return false
    return true
  }

  /** Leaves the damaged place, and for now its ring; the bytes that were skipped. See `SpscReader.resync`. */
  resync(): number {
    const bytes = this.current.resync()
    this.turn()
    return bytes
  }
}

/** What a dead writer took along, and what it had published; see `SpscRecovery`. */
export const recoveryOf = (sab: SharedArrayBuffer, owner: number): SpscRecovery =>
  new SpscRecovery(sab, offsetOf(shapeOf(sab), owner))
