/**
 * The state word of an `MpmcRing`, and what every end has to find out about the buffer it is given.
 *
 * ```text
 *  bit  31 30   29 … 22   21 … 0
 *       kind    owner     lap
 * ```
 */
import { identify } from "../Layout.ts"
import { MAX_SLOTS, mpmcRing as layout } from "../Layouts.ts"
import { InvalidMemory } from "../MemoryError.ts"

/** Kind: nobody has claimed the cell in this lap. */
export const FREE = 0
/** Kind: a writer has it. */
export const WRITING = 1 << 30
/** Kind: it has a record. */
export const FULL = 2 << 30
/** Kind: a reader has it. */
export const READING = 3 << 30
/** The bits of the kind. */
export const KIND = 3 << 30
/** A claim that was given up or taken back: a reader that nobody is. */
export const HOLE = READING
/** Shift of the owner. */
export const OWNER_SHIFT = 22
/** The bits of the owner. */
export const OWNER_MASK = 255 << OWNER_SHIFT
/** The bits that a lap may have. */
const LAP_MASK = (1 << OWNER_SHIFT) - 1
/** Bytes of a cell in front of its record. */
export const STATE_BYTES = 8

/** How a ring is divided. */
export interface Shape {
  readonly cells: Int32Array
  readonly slots: number
  readonly recordBytes: number
  /** Bytes from one cell to the next. */
  readonly stride: number
  /** Log2 of the slots. */
  readonly shift: number
  /** The bits of a lap: 22, or fewer where positions have no more of them. */
  readonly lapMask: number
}

/** The shape of a buffer that is a ring. */
export const descriptorOf = (sab: SharedArrayBuffer): Shape => {
  const cells = identify(layout, sab)
  const slots = cells[layout.cells.slots]!
  const recordBytes = cells[layout.cells.recordBytes]!
  const stride = recordBytes + STATE_BYTES
  const isSound = slots >= 2 && slots <= MAX_SLOTS && (slots & (slots - 1)) === 0 && recordBytes >= 8 &&
    recordBytes % 8 === 0
  if (!isSound || sab.byteLength < layout.descriptorBytes + slots * stride) {
    throw new InvalidMemory(
      layout.name,
      `its first line says ${slots} slots of ${recordBytes} bytes, the buffer has ${sab.byteLength} bytes`
    )
  }
  const shift = 31 - Math.clz32(slots)
  return { cells, slots, recordBytes, stride, shift, lapMask: LAP_MASK & (-1 >>> shift) }
}
