/**
 * What every end of an MPMC ring has to find out about the buffer it is given, and what the owners of claims say of them.
 */
import { cellsOf, identify } from "../Layout.ts"
import { CLAIM_ROW_BYTES, CLAIM_WORDS, MAX_OWNER, MAX_SLOTS, mpmcRing as layout } from "../Layouts.ts"
import { InvalidMemory, InvalidOwner } from "../MemoryError.ts"

/** Stage: the owner has claimed nothing since it was taken off, or never. */
export const NOTHING = 0
/** Stage: the owner is about to claim its position, or has lost it to another. */
export const ASKS = 1
/** Stage: the owner has claimed its position; whether it is finished the sequence of the cell says. */
export const HAS = 2
/** Stage: the owner gives its claim up. */
export const GIVES_UP = 3
/** Stage: the owner died asking. */
export const DEAD = 4

/** Bits of the word in which a stage is said; the bit above them is that of {@link roundOf}. */
export const STAGE_MASK = 7

/**
 * The bit that is said beside a stage: the lowest of `done`, as it was when this stage began.
 *
 * `done` is stored before the stage of the next claim. An owner that dies in between has a `done` of the next claim and a stage of the
 * last one, and this tells them apart: the record of the last claim is in that `done` already.
 */
export const roundOf = (done: number): number => (done & 1) << 3

/** The words of a row. */
export const rowCells = cellsOf(CLAIM_WORDS)

/** Bytes of a cell in front of its record: sequence, length, type, and one to keep the record at a multiple of 8. */
export const CELL_HEADER_BYTES = 16

/** How a ring is divided. */
export interface Shape {
  readonly cells: Int32Array
  readonly slots: number
  readonly recordBytes: number
  readonly owners: number
  /** Cell of the first of the slots. */
  readonly first: number
  /** Cells from one slot to the next. */
  readonly stride: number
  /** Byte offset of the slots in the buffer, and of the record in a slot from there. */
  readonly byteOffset: number
}

/** Byte offset of the slots. */
export const offsetOf = (owners: number): number => layout.descriptorBytes + owners * 2 * CLAIM_ROW_BYTES

/** The shape of a buffer that is a ring. */
export const shapeOf = (sab: SharedArrayBuffer): Shape => {
  const cells = identify(layout, sab)
  const slots = cells[layout.cells.slots]!
  const recordBytes = cells[layout.cells.recordBytes]!
  const owners = cells[layout.cells.owners]!
  const byteOffset = offsetOf(owners)
  const isSound = slots >= 2 && slots <= MAX_SLOTS && (slots & (slots - 1)) === 0 && recordBytes >= 8
    && recordBytes % 8 === 0 && owners >= 1 && owners <= MAX_OWNER
  if (!isSound || sab.byteLength < byteOffset + slots * (CELL_HEADER_BYTES + recordBytes)) {
    throw new InvalidMemory(
      layout.name,
      `its first line says ${slots} slots of ${recordBytes} bytes for ${owners} owners, the buffer has ${sab.byteLength} bytes`
    )
  }
  const stride = (CELL_HEADER_BYTES + recordBytes) >> 2
  return { cells, slots, recordBytes, owners, first: byteOffset >> 2, stride, byteOffset }
}

/** Cell of the row in which an owner speaks of what it writes; that of what it reads is {@link READING} further. */
export const rowOf = ({ owners }: Shape, owner: number): number => {
  if (!(Number.isInteger(owner) && owner >= 1 && owner <= owners)) throw new InvalidOwner(layout.name, owner, owners)
  return layout.descriptorCells + ((owner - 1) * 2 * CLAIM_ROW_BYTES >> 2)
}

/** Cells from the row of writing to that of reading. */
export const READING = CLAIM_ROW_BYTES >> 2

/** Records that an owner has finished, when none of its claims is open. */
export const doneOf = (cells: Int32Array, row: number): number => {
  const done = cells[row + rowCells.done]!
  return cells[row + rowCells.stage] === (HAS | roundOf(done)) ? (done + 1) | 0 : done
}
