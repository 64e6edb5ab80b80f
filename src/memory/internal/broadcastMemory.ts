/**
 * What every end of a broadcast ring has to find out about the buffer it is given.
 */
import { CELLS_PER_LINE, cellsOf, identify } from "../Layout.ts"
import { broadcastRing as layout, CHUNK_WORDS, HEADER_BYTES, MAX_CHUNKS, MIN_CHUNK_BYTES, SEALED } from "../Layouts.ts"
import { InvalidMemory } from "../MemoryError.ts"
import { isCapacity } from "./spscMemory.ts"

/** The cells of a chunk's row. */
export const chunkCells = cellsOf(CHUNK_WORDS)

const { firstHigh, firstLow, next: nextCell, published: publishedCell } = chunkCells

/** A buffer that is a broadcast ring. */
export interface Shape {
  /** All cells of the buffer. */
  readonly cells: Int32Array
  /** The data seen as words. */
  readonly words: Int32Array
  readonly capacityBytes: number
  readonly chunks: number
  readonly chunkBytes: number
  /** `chunkBytes` is 2 to this power. */
  readonly chunkShift: number
  /** Cell of the first reader's row. */
  readonly readerCells: number
  readonly readers: number
  /** Byte offset of the data. */
  readonly dataOffset: number
}

/** Whether a ring can be divided so: one chunk for each reader to stand in, one to write, and one to go on with. */
export const isDivision = (capacityBytes: number, readers: number, chunks: number): boolean =>
  Number.isInteger(readers) && readers >= 1 && Number.isInteger(chunks) && chunks >= readers + 2 && chunks <= MAX_CHUNKS
  && (chunks & (chunks - 1)) === 0 && capacityBytes / chunks >= MIN_CHUNK_BYTES

/** The smallest power of two of 8 or more that leaves as many chunks to read as readers may stand in. */
export const chunksFor = (readers: number): number => {
  let chunks = 8
  while (chunks < 2 * (readers + 2)) chunks *= 2
  return chunks
}

/** Bytes in front of the data. */
export const dataOffsetOf = (readers: number, chunks: number): number =>
  layout.descriptorBytes + (chunks + readers) * CELLS_PER_LINE * 4

/** What the buffer is, if it is a broadcast ring. */
export const shapeOf = (sab: SharedArrayBuffer): Shape => {
  const cells = identify(layout, sab)
  const capacityBytes = cells[layout.cells.capacityBytes]!
  const chunks = cells[layout.cells.chunks]!
  const readers = cells[layout.cells.readers]!
  const dataOffset = dataOffsetOf(readers, chunks)
  if (
    !isCapacity(capacityBytes) || !isDivision(capacityBytes, readers, chunks)
    || sab.byteLength < dataOffset + capacityBytes
  ) {
    throw new InvalidMemory(
      layout.name,
      `its first words say ${capacityBytes} bytes of data, ${chunks} chunks and ${readers} readers, `
        + `the buffer has ${sab.byteLength} bytes`
    )
  }
  return {
    cells,
    words: new Int32Array(sab, dataOffset, capacityBytes >> 2),
    capacityBytes,
    chunks,
    chunkBytes: capacityBytes / chunks,
    chunkShift: Math.log2(capacityBytes / chunks),
    readerCells: layout.descriptorCells + chunks * CELLS_PER_LINE,
    readers,
    dataOffset
  }
}

/** Cell of the row of a chunk. */
export const rowOf = (chunk: number): number => layout.descriptorCells + chunk * CELLS_PER_LINE

/** The generation that follows. */
export const generationAfter = (generation: number): number => generation === -1 ? 1 : (generation + 1) | 0

/** Number of the first record of a chunk. */
export const firstOf = (cells: Int32Array, row: number): number =>
  cells[row + firstHigh]! * 2 ** 32 + (cells[row + firstLow]! >>> 0)

/** Stores the number of the first record of a chunk. */
export const storeFirst = (cells: Int32Array, row: number, first: number): void => {
  cells[row + firstLow] = first | 0
  cells[row + firstHigh] = Math.floor(first / 2 ** 32)
}

/** Where the published records end. */
export interface End {
  readonly chunk: number
  /** Bytes and records published in this chunk. */
  readonly bytes: number
  readonly records: number
  /** Number of the first record in this chunk. */
  readonly first: number
}

/**
 * Where the published records end, when no writer is alive. The last one may have died behind the publication of a new
 * chunk and before it said that this is the newest.
 */
export const endOf = ({ cells, chunkBytes, chunkShift, chunks, words }: Shape): End => {
  const damaged = (what: string) => new InvalidMemory(layout.name, what)
  let chunk = Atomics.load(cells, layout.cells.current)
  for (let steps = 0; steps <= chunks; steps++) {
    if (!(chunk >= 0 && chunk < chunks)) throw damaged(`its newest chunk is ${chunk} of ${chunks}`)
    const row = rowOf(chunk)
    const published = Atomics.load(cells, row + publishedCell)
    const bytes = published & -8
    if (bytes < 0 || bytes > chunkBytes || published - bytes > SEALED) {
      throw damaged(`chunk ${chunk} says ${published} of ${chunkBytes} bytes`)
    }
    if (published !== bytes) {
      chunk = cells[row + nextCell]!
      continue
    }
    let records = 0
    for (let at = 0; at < bytes; records++) {
      const length = words[((chunk << chunkShift) + at) >> 2]!
      if (length < HEADER_BYTES || length > bytes - at) {
        throw damaged(`record ${records} of chunk ${chunk} has ${length} bytes`)
      }
      at += (length + 7) & -8
    }
    return { chunk, bytes, records, first: firstOf(cells, row) }
  }
  throw damaged("its chunks follow each other in a circle")
}
