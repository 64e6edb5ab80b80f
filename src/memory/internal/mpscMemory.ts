/**
 * What every end of an MPSC ring has to find out about the buffer it is given.
 */
import { identify } from "../Layout.ts"
import { MAX_OWNER, mpscRing as layout } from "../Layouts.ts"
import { InvalidMemory, InvalidOwner } from "../MemoryError.ts"
import { bytesOf, isCapacity } from "./spscMemory.ts"

/** How a buffer is divided. */
export interface Shape {
  readonly cells: Int32Array
  readonly rings: number
  readonly capacityBytes: number
}

/** The shape of a buffer that is a ring. */
export const shapeOf = (sab: SharedArrayBuffer): Shape => {
  const cells = identify(layout, sab)
  const rings = cells[layout.cells.rings]!
  const capacityBytes = cells[layout.cells.capacityBytes]!
  const isSound = rings >= 1 && rings <= MAX_OWNER && isCapacity(capacityBytes)
  if (!isSound || sab.byteLength < layout.descriptorBytes + rings * bytesOf(capacityBytes)) {
    throw new InvalidMemory(
      layout.name,
      `its first line says ${rings} rings of ${capacityBytes} bytes, the buffer has ${sab.byteLength}`
    )
  }
  return { cells, rings, capacityBytes }
}

/** Where the ring of an owner starts in the buffer. */
export const offsetOf = ({ capacityBytes, rings }: Shape, owner: number): number => {
  if (!(Number.isInteger(owner) && owner >= 1 && owner <= rings)) throw new InvalidOwner(layout.name, owner, rings)
  return layout.descriptorBytes + (owner - 1) * bytesOf(capacityBytes)
}
