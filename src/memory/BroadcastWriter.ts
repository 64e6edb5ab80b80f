/**
 * The writing end of a `BroadcastRing`, where the memory, the promises and their proof are described.
 *
 * Hot path: changes only together with `test/model` and the benchmark `memory/broadcast`.
 */
import { chunkCells, endOf, generationAfter, rowOf, shapeOf, storeFirst } from "./internal/broadcastMemory.ts"
import { CELLS_PER_LINE } from "./Layout.ts"
import {
  broadcastRing as layout,
  HEADER_AND_ROUNDING,
  HEADER_BYTES,
  NO_GENERATION,
  PIN_BITS,
  SEALED
} from "./Layouts.ts"
import { InvalidCommit } from "./MemoryError.ts"
import { Region } from "./Region.ts"
import { MAX_TYPE, RECORD_TOO_LARGE, type RingWriter } from "./Ring.ts"

// Engines fold a module's own constants into compiled code, but read imported ones through a cell each time.
const headerBytes = HEADER_BYTES
const headerAndRounding = HEADER_AND_ROUNDING
const maxType = MAX_TYPE
const tooLarge = RECORD_TOO_LARGE
const sealed = SEALED
const noGeneration = NO_GENERATION
const cellsPerLine = CELLS_PER_LINE
const pinMask = (1 << PIN_BITS) - 1
const currentCell = layout.cells.current
const claimedCell = layout.cells.claimed
const generationWord = chunkCells.generation
const publishedWord = chunkCells.published
const nextWord = chunkCells.next

const NO_CLAIM = -1

/**
 * The writing end of a ring. Exactly one thread holds one at any time.
 *
 * **Details**: `claim` never answers `RING_FULL`.
 *
 * **Errors**: `InvalidMemory` when the buffer is not a broadcast ring, or is damaged where this end has to continue.
 */
export class BroadcastWriter implements RingWriter {
  /** The data of the ring; payload offsets count from its start. */
  declare readonly region: Region
  /** Bytes of data in the ring. */
  declare readonly capacityBytes: number
  /** Largest payload in bytes: a chunk without a header. */
  declare readonly maxRecordBytes: number
  declare private readonly cells: Int32Array
  declare private readonly words: Int32Array
  declare private readonly chunks: number
  declare private readonly chunkShift: number
  declare private readonly readerCells: number
  declare private readonly readers: number
  /** The chunk being written, what it starts with, and the generation it has. */
  declare private chunk: number
  declare private start: number
  declare private limit: number
  declare private generation: number
  declare private publishedCell: number
  /** Number of its first record, and how many records had been committed in front of that by this end. */
  declare private first: number
  declare private recordsBefore: number
  /** Byte behind the last committed record. */
  declare private position: number
  /** The newest chunk that readers can reach, and the bytes committed there when it was left. */
  declare private visible: number
  declare private visibleBytes: number
  /** Low 32 bits of the numbers of records committed and published since the ring was made. */
  declare private committedRecords: number
  declare private publishedRecords: number
  declare private claimPosition: number
  declare private claimedBytes: number

  constructor(sab: SharedArrayBuffer) {
    const shape = shapeOf(sab)
    const { bytes, chunk, first, records } = endOf(shape)
    const { cells } = shape
    const start = chunk << shape.chunkShift
    this.region = new Region(sab, shape.dataOffset, shape.capacityBytes)
    this.capacityBytes = shape.capacityBytes
    this.maxRecordBytes = shape.chunkBytes - HEADER_BYTES
    this.cells = cells
    this.words = this.region.i32
    this.chunks = shape.chunks
    this.chunkShift = shape.chunkShift
    this.readerCells = shape.readerCells
    this.readers = shape.readers
    this.chunk = chunk
    this.start = start
    this.limit = start + shape.chunkBytes
    this.generation = cells[rowOf(chunk) + generationWord]!
    this.publishedCell = rowOf(chunk) + publishedWord
    this.first = first
    this.recordsBefore = first | 0
    this.position = start + bytes
    this.visible = chunk
    this.visibleBytes = bytes
    this.committedRecords = (first + records) | 0
    this.publishedRecords = this.committedRecords
    this.claimPosition = this.position
    this.claimedBytes = NO_CLAIM
    Atomics.store(cells, claimedCell, this.committedRecords)
    // Before any chunk is taken: whoever looks for the newest one must not find one that can be.
    Atomics.store(cells, currentCell, chunk)
  }

  /**
   * Reserves room for one record and returns the byte offset of its payload in `region`, a multiple of 8.
   *
   * **Details**: {@link RECORD_TOO_LARGE} when it never fits. A claim that needs a new chunk takes the oldest one that no
   * reader stands in, and the records there are gone. A new claim takes the place of one that was not committed.
   */
  claim(maxPayloadBytes: number): number {
    const position = this.position
    const recordBytes = (maxPayloadBytes + headerAndRounding) & -8
    if (maxPayloadBytes >= 0 && maxPayloadBytes <= this.maxRecordBytes && recordBytes <= this.limit - position) {
      this.claimPosition = position
      this.claimedBytes = maxPayloadBytes
      // For who counts what a dead writer took along.
      this.cells[claimedCell] = this.committedRecords + 1
      return position + headerBytes
    }
    return this.claimSlow(maxPayloadBytes)
  }

  /** The record does not fit into the rest of the chunk, which is not left before it is committed. */
  private claimSlow(maxPayloadBytes: number): number {
    this.abort()
    if (!(maxPayloadBytes >= 0 && maxPayloadBytes <= this.maxRecordBytes)) return tooLarge
    this.claimPosition = this.take() << this.chunkShift
    this.claimedBytes = maxPayloadBytes
    this.cells[claimedCell] = this.committedRecords + 1
    return this.claimPosition + headerBytes
  }

  /**
   * Takes the next chunk in the order of the ring that no reader stands in.
   *
   * **Details**: ends. A chunk once closed is pinned only by a reader that stood there, or for the moment in which
   * another finds out that it is closed and goes to the newest one, where it stays while this runs.
   */
  private take(): number {
    const { cells, chunks } = this
    for (let chunk = this.chunk;;) {
      chunk = (chunk + 1) & (chunks - 1)
      if (chunk === this.chunk) continue
      // The batch has come round to its own beginning.
      if (chunk === this.visible) this.show()
      // Closed before the pins are looked at: a reader that pins it later sees that it is closed.
      Atomics.store(cells, rowOf(chunk) + generationWord, noGeneration)
      if (!this.isPinned(chunk)) return chunk
    }
  }

  /** Whether a reader stands in this chunk. */
  private isPinned(chunk: number): boolean {
    const { cells, readerCells, readers } = this
    for (let reader = 0; reader < readers; reader++) {
      if ((Atomics.load(cells, readerCells + reader * cellsPerLine) & pinMask) === chunk + 1) return true
    }
    return false
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
    const position = this.claimPosition
    if (position >> this.chunkShift !== this.chunk) this.enter(position >> this.chunkShift)
    const word = position >> 2
    this.words[word] = payloadBytes + headerBytes
    this.words[word + 1] = type
    this.position = position + ((payloadBytes + headerAndRounding) & -8)
    this.claimedBytes = NO_CLAIM
    this.committedRecords = (this.committedRecords + 1) | 0
  }

  /** Goes on in a chunk that was taken; no reader can reach it before `show`. */
  private enter(chunk: number): void {
    const { cells, committedRecords, visible } = this
    const from = this.chunk
    const row = rowOf(chunk)
    const bytes = this.position - this.start
    cells[rowOf(from) + nextWord] = chunk
    if (from === visible) this.visibleBytes = bytes
    else Atomics.store(cells, this.publishedCell, bytes | sealed)
    this.first += (committedRecords - this.recordsBefore) | 0
    this.recordsBefore = committedRecords
    this.generation = generationAfter(this.generation)
    this.publishedCell = row + publishedWord
    this.chunk = chunk
    this.start = chunk << this.chunkShift
    this.limit = this.start + (1 << this.chunkShift)
    storeFirst(cells, row, this.first)
    Atomics.store(cells, row + publishedWord, 0)
    Atomics.store(cells, row + generationWord, this.generation)
  }

  /** Gives the current claim up: no reader will see anything of it. Without a claim it does nothing. */
  abort(): void {
    this.claimedBytes = NO_CLAIM
    this.cells[claimedCell] = this.committedRecords
  }

  /**
   * Makes all committed records visible to the readers at once; `false` when there was nothing new.
   *
   * **Gotchas**: does not wake the readers. Ring their doorbells afterwards, in this order. A batch that goes
   * round the whole ring becomes visible in parts, earlier.
   */
  publish(): boolean {
    if (this.committedRecords === this.publishedRecords) return false
    this.publishedRecords = this.committedRecords
    // Publishes every header and payload stored above.
    if (this.chunk === this.visible) Atomics.store(this.cells, this.publishedCell, this.position - this.start)
    else this.show()
    return true
  }

  /** Makes the chunks behind the newest visible one visible. */
  private show(): void {
    const { cells, chunk } = this
    Atomics.store(cells, this.publishedCell, this.position - this.start)
    // Publishes all of them, and what lies in them.
    Atomics.store(cells, rowOf(this.visible) + publishedWord, this.visibleBytes | sealed)
    // Before the chunk that was the newest can be taken: a reader that pins the newest one looks here again.
    Atomics.store(cells, currentCell, chunk)
    this.visible = chunk
  }

  /** Number of records committed since the last publication. */
  get unpublishedRecords(): number {
    return (this.committedRecords - this.publishedRecords) | 0
  }
}
