/**
 * What every end of an SPSC ring has to find out about the buffer it is given.
 */
import { identify, inscribe } from "../Layout.ts"
import { MAX_CAPACITY_BYTES, MIN_CAPACITY_BYTES, spscRing as layout } from "../Layouts.ts"
import { InvalidCapacity, InvalidMemory } from "../MemoryError.ts"

/** Cell of the first of the two accounts of what has been published. */
export const accountCell = layout.cells.position0
/** Cells between the two. */
export const ACCOUNT_CELLS = 2

/** Whether a ring can have this many bytes of data. */
export const isCapacity = (capacityBytes: number): boolean =>
  Number.isInteger(capacityBytes) && capacityBytes >= MIN_CAPACITY_BYTES && capacityBytes <= MAX_CAPACITY_BYTES
  && (capacityBytes & (capacityBytes - 1)) === 0

/** A number of bytes as it can be in a ring: what two words say that were read one after the other. */
export const clamp = (bytes: number, capacityBytes: number): number =>
  bytes < 0 ? 0 : bytes > capacityBytes ? capacityBytes : bytes

/** The cells of a ring that starts at an offset of a buffer. */
export const descriptorOf = (sab: SharedArrayBuffer, byteOffset = 0): Int32Array => {
  const cells = identify(layout, sab, byteOffset)
  const capacityBytes = cells[layout.cells.capacityBytes]!
  const hasBytes = sab.byteLength - byteOffset - layout.descriptorBytes
  if (!isCapacity(capacityBytes) || hasBytes < capacityBytes) {
    throw new InvalidMemory(
      layout.name,
      `its capacity word says ${capacityBytes} bytes of data, the buffer has ${hasBytes}`
    )
  }
  return cells
}

/** Bytes that a ring takes. */
export const bytesOf = (capacityBytes: number): number => layout.descriptorBytes + capacityBytes

/** Makes an empty ring at an offset of a buffer. */
export const makeAt = (
  sab: SharedArrayBuffer,
  byteOffset: number,
  capacityBytes: number,
  startPosition: number
): void => {
  const cells = inscribe(layout, sab, byteOffset)
  cells[layout.cells.capacityBytes] = capacityBytes
  cells[layout.cells.tail] = startPosition & -8
  cells[layout.cells.head] = startPosition & -8
  cells[layout.cells.base] = startPosition & -8
  cells[accountCell] = startPosition & -8
}

/** Makes an empty ring of its own. */
export const make = (capacityBytes: number, startPosition: number): SharedArrayBuffer => {
  if (!isCapacity(capacityBytes)) {
    const expected = `a power of two between ${MIN_CAPACITY_BYTES} and ${MAX_CAPACITY_BYTES}; `
      + `choose one, at least four times the largest payload`
    throw new InvalidCapacity(layout.name, "capacityBytes", capacityBytes, expected)
  }
  const sab = new SharedArrayBuffer(bytesOf(capacityBytes))
  makeAt(sab, 0, capacityBytes, startPosition)
  return sab
}

/** Records published up to the tail; exact whether or not the writer died between its account and its tail. */
export const publishedCount = (cells: Int32Array): number => {
  const tail = Atomics.load(cells, layout.cells.tail)
  const account = cells[accountCell] === tail ? accountCell : accountCell + ACCOUNT_CELLS
  return cells[account + 1]!
}

/** The tail or head to start from. */
export const positionOf = (cells: Int32Array, cell: number): number => {
  const position = Atomics.load(cells, cell)
  if ((position & 7) !== 0) {
    throw new InvalidMemory(layout.name, `position ${position} in cell ${cell} is not a multiple of 8`)
  }
  return position
}
