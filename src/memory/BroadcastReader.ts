/**
 * A reading end of a `BroadcastRing`, where the memory, the promises and their proof are described.
 *
 * Hot path: changes only together with `test/model` and the benchmark `memory/broadcast`.
 */
import { chunkCells, firstOf, generationAfter, rowOf, shapeOf } from "./internal/broadcastMemory.ts"
import { CELLS_PER_LINE } from "./Layout.ts"
import { broadcastRing as layout, HEADER_BYTES, MAX_OWNER, PIN_BITS, SEALED } from "./Layouts.ts"
import { InvalidOwner } from "./MemoryError.ts"
import { Region } from "./Region.ts"
import { CORRUPT, NONE, type RingReader } from "./Ring.ts"

// Engines fold a module's own constants into compiled code, but read imported ones through a cell each time.
const headerBytes = HEADER_BYTES
const none = NONE
const corrupt = CORRUPT
const sealed = SEALED
const cellsPerLine = CELLS_PER_LINE
const pinBits = PIN_BITS
const currentCell = layout.cells.current
const generationWord = chunkCells.generation
const publishedWord = chunkCells.published
const nextWord = chunkCells.next

const NOT_JOINED = -1
/** A word that never changes and says no number of bytes: what a reader looks at that has not joined. */
const QUIET_CELL = layout.cells.readers

const SOUND = 0
/** A record's header makes no sense. */
const DAMAGED_RECORD = 1
/** A word of the row of the chunk that is pinned makes no sense. */
const DAMAGED_ROW = 2
/** The way to another chunk makes no sense: none is pinned. */
const DAMAGED_WAY = 3

/**
 * A reading end of a ring, for one thread; it reads after `join`.
 *
 * **Example** (A drain that says what it has missed)
 * ```ts
 * import type { BroadcastReader } from "shared-nothing/memory/BroadcastReader"
 *
 * const drain = (reader: BroadcastReader, handle: (type: number, offset: number, end: number) => void) => {
 *   const before = reader.lost
 *   while (reader.poll()) {
 *     if (reader.lost !== before) console.log(`missed ${reader.lost - before} records`)
 *     for (let offset = reader.next(); offset >= 0; offset = reader.next()) handle(reader.type, offset, reader.end)
 *   }
 * }
 * ```
 *
 * **Errors**: `InvalidMemory` when the buffer is not a broadcast ring, {@link InvalidOwner}.
 */
export class BroadcastReader implements RingReader {
  /** The data of the ring; payload offsets count from its start. */
  declare readonly region: Region
  /** Bytes of data in the ring. */
  declare readonly capacityBytes: number
  /** Type of the record last returned by `next`. */
  declare type: number
  /** Byte offset behind the payload of the record last returned by `next`. */
  declare end: number
  /**
   * Number of records published since `join` that this reader has not been given and will not be.
   *
   * **Details**: grows in `poll`, in front of the records that this sees, and in `resync`. Once a chunk is read through,
   * records returned + lost = records published.
   */
  declare lost: number
  declare private readonly cells: Int32Array
  declare private readonly words: Int32Array
  declare private readonly chunks: number
  declare private readonly chunkShift: number
  declare private readonly chunkBytes: number
  declare private readonly readerCells: number
  declare private readonly readers: number
  declare private readonly ownerBits: number
  declare private pinCell: number
  /** The chunk this reader stands in, what it starts with, and the generation it had when it was entered. */
  declare private chunk: number
  declare private start: number
  declare private generation: number
  declare private publishedCell: number
  /** Number of its first record, and how many records in it have been returned. */
  declare private first: number
  declare private count: number
  /** Byte behind the last record returned, and behind the last one that the last poll saw. */
  declare private position: number
  declare private limit: number
  declare private damage: number

  constructor(sab: SharedArrayBuffer, owner: number) {
    const shape = shapeOf(sab)
    if (!(Number.isInteger(owner) && owner >= 1 && owner <= MAX_OWNER)) {
      throw new InvalidOwner(layout.name, owner, MAX_OWNER)
    }
    this.region = new Region(sab, shape.dataOffset, shape.capacityBytes)
    this.capacityBytes = shape.capacityBytes
    this.type = 0
    this.end = 0
    this.lost = 0
    this.cells = shape.cells
    this.words = this.region.i32
    this.chunks = shape.chunks
    this.chunkShift = shape.chunkShift
    this.chunkBytes = shape.chunkBytes
    this.readerCells = shape.readerCells
    this.readers = shape.readers
    this.ownerBits = owner << pinBits
    this.pinCell = NOT_JOINED
    this.chunk = 0
    this.start = 0
    this.generation = 0
    this.publishedCell = QUIET_CELL
    this.first = 0
    this.count = 0
    this.position = 0
    this.limit = 0
    this.damage = SOUND
  }

  /**
   * Takes a place among the readers: everything published from now on is read or counted. `false` when every place is
   * taken; `true` too when it has joined before.
   */
  join(): boolean {
    if (this.pinCell !== NOT_JOINED) return true
    const { cells, readerCells, readers } = this
    for (let reader = 0; reader < readers; reader++) {
      const cell = readerCells + reader * cellsPerLine
      if (Atomics.compareExchange(cells, cell, 0, this.ownerBits) !== 0) continue
      this.pinCell = cell
      this.lost = 0
      this.joinEnd()
      return true
    }
    return false
  }

  /** Stands behind the last record of the newest chunk; walks there, to know its number. */
  private joinEnd(): void {
    const chunk = this.pinNewest()
    if (chunk < 0) {
      this.stop(DAMAGED_WAY)
      return
    }
    this.stand(chunk, Atomics.load(this.cells, rowOf(chunk) + generationWord))
    const bytes = Atomics.load(this.cells, this.publishedCell) & -8
    if (bytes >= 0 && bytes <= this.chunkBytes) this.limit = this.start + bytes
    while (this.next() >= 0);
  }

  /** Gives the place up. What was returned before must not be read after it. */
  leave(): void {
    if (this.pinCell === NOT_JOINED) return
    Atomics.store(this.cells, this.pinCell, 0)
    this.pinCell = NOT_JOINED
    this.publishedCell = QUIET_CELL
    this.start = 0
    this.position = 0
    this.limit = 0
    this.damage = SOUND
  }

  /**
   * Looks at what has been published; `true` when there is at least one record, or damage that `next` will report.
   *
   * **Details**: sees what is left in one chunk, and goes on to another only when everything there has been returned.
   *
   * **Gotchas**: what was returned before may be overwritten from here on.
   */
  poll(): boolean {
    const published = Atomics.load(this.cells, this.publishedCell)
    if (published === this.position - this.start) return this.damage !== SOUND
    return this.accept(published)
  }

  /** Takes over what the chunk says of itself, once it is known to be something that a writer can have stored. */
  private accept(published: number): boolean {
    if (this.pinCell === NOT_JOINED) return false
    if (this.damage !== SOUND) return true
    const bytes = published & -8
    const used = this.position - this.start
    if (bytes < used || bytes > this.chunkBytes || published - bytes > sealed) return this.stop(DAMAGED_ROW)
    this.limit = this.start + bytes
    return bytes !== used || this.cross()
  }

  /** Everything in this chunk is read, and the records go on in another. */
  private cross(): boolean {
    const { cells, chunk } = this
    const next = cells[rowOf(chunk) + nextWord]!
    if (!(next >= 0 && next < this.chunks) || next === chunk) return this.stop(DAMAGED_ROW)
    const generation = generationAfter(this.generation)
    // Pinned before the generation is looked at: a writer that closes it later sees the pin.
    Atomics.store(cells, this.pinCell, this.ownerBits | (next + 1))
    if (Atomics.load(cells, rowOf(next) + generationWord) === generation) return this.advance(next, generation)
    const newest = this.pinNewest()
    if (newest < 0) return this.stop(DAMAGED_WAY)
    return this.advance(newest, Atomics.load(cells, rowOf(newest) + generationWord))
  }

  /** Pins the newest chunk and returns it; -1 when the word that names it is damaged. */
  private pinNewest(): number {
    const { cells } = this
    for (;;) {
      const chunk = Atomics.load(cells, currentCell)
      if (!(chunk >= 0 && chunk < this.chunks)) return -1
      Atomics.store(cells, this.pinCell, this.ownerBits | (chunk + 1))
      // The writer does not take the newest chunk, and once it is no longer that, it sees the pin.
      if (Atomics.load(cells, currentCell) === chunk) return chunk
    }
  }

  /** Goes on at the first record of a chunk that is pinned, and counts what has been left out. */
  private advance(chunk: number, generation: number): boolean {
    const lost = firstOf(this.cells, rowOf(chunk)) - this.first - this.count
    const published = Atomics.load(this.cells, rowOf(chunk) + publishedWord)
    // A chunk that can be reached has a record.
    if (!(lost >= 0) || (published & -8) === 0) return this.stop(DAMAGED_WAY)
    this.stand(chunk, generation)
    this.lost += lost
    return this.accept(published)
  }

  /** Stands at the first record of a chunk that is pinned. */
  private stand(chunk: number, generation: number): void {
    this.chunk = chunk
    this.start = chunk << this.chunkShift
    this.generation = generation
    this.publishedCell = rowOf(chunk) + publishedWord
    this.first = firstOf(this.cells, rowOf(chunk))
    this.count = 0
    this.position = this.start
    this.limit = this.start
  }

  /**
   * Steps to the next record that the last `poll` saw and returns the byte offset of its payload in `region`; sets
   * `type` and `end`.
   *
   * **Details**: {@link NONE} when there is none left, {@link CORRUPT} when the header makes no sense. The payload
   * stays in place until the next `poll`.
   */
  next(): number {
    const position = this.position
    const available = this.limit - position
    if (available === 0) return this.damage === SOUND ? none : corrupt
    const word = position >> 2
    const length = this.words[word]!
    const type = this.words[word + 1]!
    // `available` is a multiple of 8, so the rounded length is within it too.
    if (type < 0 || length < headerBytes || length > available) {
      this.stop(DAMAGED_RECORD)
      return corrupt
    }
    this.position = position + ((length + 7) & -8)
    this.count++
    this.type = type
    this.end = position + length
    return position + headerBytes
  }

  /** Holds the reader at its position: from here on `next` answers CORRUPT. */
  private stop(damage: number): true {
    this.damage = damage
    this.limit = this.position
    return true
  }

  /**
   * Does nothing, for there is nothing to free: the writer does not wait for readers. The chunk stays pinned, which
   * costs the writer nothing but the chunk, and this reader no store.
   */
  release(): void {
    // See above.
  }

  /** `true` when nothing has been published that is not read. */
  isEmpty(): boolean {
    if (this.pinCell === NOT_JOINED) return true
    return Atomics.load(this.cells, this.publishedCell) === this.position - this.start && this.damage === SOUND
  }

  /** Number of the record that `next` returned last; the first record since the ring was made has 0. */
  get sequence(): number {
    return this.first + this.count - 1
  }

  /**
   * Leaves the damaged place: skips what is published of the chunk when a record there was damaged, and goes on at the
   * newest chunk when it was the chunk's own words.
   *
   * **Details**: how many records were skipped is known, and counted in `lost`, when the next chunk is entered. When the
   * newest chunk itself is damaged the reader stays there: the next publication of a living writer repairs it. The bytes are not
   * known: always 0.
   */
  resync(): number {
    const damage = this.damage
    if (damage === SOUND) return 0
    this.damage = SOUND
    if (damage === DAMAGED_RECORD) {
      const bytes = Atomics.load(this.cells, this.publishedCell) & -8
      if (bytes >= this.position - this.start && bytes <= this.chunkBytes) {
        this.position = this.start + bytes
        this.limit = this.position
        return 0
      }
    }
    const chunk = this.pinNewest()
    if (chunk < 0) {
      this.stop(DAMAGED_WAY)
      return 0
    }
    const generation = Atomics.load(this.cells, rowOf(chunk) + generationWord)
    if (chunk !== this.chunk || generation !== this.generation) this.advance(chunk, generation)
    return 0
  }
}
