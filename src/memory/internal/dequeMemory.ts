/**
 * What every end of a deque has to find out about the buffer it is given.
 */
import { identify } from "../Layout.ts"
import { FIFO, LIFO, MAX_SLOTS, stealDeque as layout } from "../Layouts.ts"
import { InvalidMemory } from "../MemoryError.ts"

/** Whether a deque can have this many slots. */
export const isSlots = (slots: number): boolean =>
  Number.isInteger(slots) && slots >= 1 && slots <= MAX_SLOTS && (slots & (slots - 1)) === 0

/** The cells of a buffer that is a deque. */
export const dequeOf = (sab: SharedArrayBuffer): Int32Array => {
  const cells = identify(layout, sab)
  const slots = cells[layout.cells.slots]!
  const order = cells[layout.cells.order]!
  if (!isSlots(slots) || sab.byteLength < layout.descriptorBytes + slots * 4 || (order !== LIFO && order !== FIFO)) {
    throw new InvalidMemory(
      layout.name,
      `its first words say ${slots} slots and order ${order}, the buffer has ${sab.byteLength} bytes`
    )
  }
  return cells
}

/** A number of handles as it can be in a deque: what two words say that were read one after the other. */
export const clampHandles = (handles: number, slots: number): number =>
  handles < 0 ? 0 : handles > slots ? slots : handles
