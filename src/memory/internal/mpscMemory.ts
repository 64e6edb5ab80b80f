/**
 * What the ends of an MPSC ring and its recovery have to know about its memory: the words of the headers, and whether a
 * buffer is such a ring.
 */
import { identify, inscribe } from "../Layout.ts"
import { MAX_MPSC_CAPACITY_BYTES, MAX_OWNER, MIN_CAPACITY_BYTES, mpscRing as layout, UNIT_SHIFT } from "../Layouts.ts"
import { InvalidCapacity, InvalidMemory, InvalidOwner } from "../MemoryError.ts"
import { Region } from "../Region.ts"

/** A header word of this kind, or above, and below {@link COMMITTED}, is claimed; one that is not negative and below it is free. */
export const CLAIMED = 1 << 30
/** The lowest word of a committed record, and of all. */
export const COMMITTED = 2 << 30
/** The lowest word of padding, above all committed ones. */
export const PADDING = 3 << 30
/** Shift of the owner in a claimed word and in the padding that becomes of it. */
export const OWNER_SHIFT = 22
/** Bits of a word that hold the units of a claimed record or of padding. */
export const UNITS_MASK = (1 << OWNER_SHIFT) - 1
/** Bits of a word below its kind. */
export const BELOW_KIND = (1 << 30) - 1

const isCapacity = (capacityBytes: number): boolean =>
  Number.isInteger(capacityBytes) && capacityBytes >= MIN_CAPACITY_BYTES && capacityBytes <= MAX_MPSC_CAPACITY_BYTES
  && (capacityBytes & (capacityBytes - 1)) === 0

const headersBytes = (capacityBytes: number): number => (capacityBytes >> UNIT_SHIFT) * 4

/** Throws {@link InvalidOwner} unless it is the number of an owner. */
export const checkOwner = (owner: number): void => {
  if (!(Number.isInteger(owner) && owner >= 1 && owner <= MAX_OWNER)) {
    throw new InvalidOwner(layout.name, owner, MAX_OWNER)
  }
}

/** The memory of a ring, seen as its ends need it. */
export interface MpscMemory {
  /** The words of the descriptor. */
  readonly cells: Int32Array
  /** The header of each unit. */
  readonly headers: Int32Array
  /** The shift from a position to its lap. */
  readonly lapShift: number
  /** The data; payload offsets count from its start. */
  readonly region: Region
}

/** Finds a ring in a buffer, or throws {@link InvalidMemory}. */
export const memoryOf = (sab: SharedArrayBuffer): MpscMemory => {
  const cells = identify(layout, sab)
  const capacityBytes = cells[layout.cells.capacityBytes]!
  const headersEnd = layout.descriptorBytes + headersBytes(capacityBytes)
  if (!isCapacity(capacityBytes) || sab.byteLength < headersEnd + capacityBytes) {
    throw new InvalidMemory(
      layout.name,
      `its capacity word says ${capacityBytes} bytes of data, the whole buffer has ${sab.byteLength}`
    )
  }
  const headers = new Int32Array(sab, layout.descriptorBytes, capacityBytes >> UNIT_SHIFT)
  return {
    cells,
    headers,
    lapShift: 31 - Math.clz32(headers.length),
    region: new Region(sab, headersEnd, capacityBytes)
  }
}

/** Makes an empty ring, or throws {@link InvalidCapacity}. */
export const make = (capacityBytes: number, startPosition: number): SharedArrayBuffer => {
  if (!isCapacity(capacityBytes)) {
    const expected = `a power of two between ${MIN_CAPACITY_BYTES} and ${MAX_MPSC_CAPACITY_BYTES}; `
      + `choose one, at least four times the largest payload`
    throw new InvalidCapacity(layout.name, "capacityBytes", capacityBytes, expected)
  }
  const sab = new SharedArrayBuffer(layout.descriptorBytes + headersBytes(capacityBytes) + capacityBytes)
  const cells = inscribe(layout, sab)
  cells[layout.cells.capacityBytes] = capacityBytes
  cells[layout.cells.tail] = startPosition
  cells[layout.cells.head] = startPosition
  cells[layout.cells.read] = startPosition
  const { headers, lapShift } = memoryOf(sab)
  for (let ahead = 0; ahead < headers.length; ahead++) {
    const position = startPosition + ahead
    headers[position & (headers.length - 1)] = position >>> lapShift
  }
  return sab
}
