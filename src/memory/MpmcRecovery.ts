/**
 * Takes back what a dead thread was writing and reading in an MPMC ring.
 *
 * Source: what each owner says of its claims; see `MpmcRing.ts`.
 */
import {
  ASKS,
  CELL_HEADER_BYTES,
  DEAD,
  doneOf,
  GIVES_UP,
  NOTHING,
  READING,
  rowCells,
  rowOf,
  type Shape,
  shapeOf,
  STAGE_MASK
} from "./internal/mpmcMemory.ts"
import { mpmcRing as layout } from "./Layouts.ts"
import { Region } from "./Region.ts"

/** Is shown a record that its reader died with; `end` is where it ends. */
export type Leave = (record: { readonly region: Region; readonly end: number }, offset: number) => void

/** What a dead thread had in its hands. */
export interface Recovered {
  /** Records that it had claimed and not committed. */
  readonly writing: number
  /** Records that it had taken and not released. */
  readonly reading: number
  /** Whether that is all; otherwise somebody alive may have what the dead one asked for: ask again a little later. */
  readonly isSettled: boolean
}

const stageWord = rowCells.stage
const doneWord = rowCells.done

const UNKNOWN = -1

/**
 * Recovers the claims of dead threads, while the living go on. Several threads may recover different owners at the same time, one
 * thread an owner.
 *
 * **Errors**: `InvalidMemory` when the buffer is not a ring.
 */
export class MpmcRecovery {
  declare private readonly shape: Shape
  declare private readonly cells: Int32Array

  constructor(sab: SharedArrayBuffer) {
    this.shape = shapeOf(sab)
    this.cells = this.shape.cells
  }

  /**
   * Gives back the cell that this owner was writing, which readers pass then, and the one that it was reading. Each is counted once.
   *
   * **When to use**: when every thread that claimed under this number is known to have exited, until it is settled. Wake those who
   * wait for a record or for room afterwards.
   *
   * **Details**: `leave` is shown the record that it was reading, before its cell is given back: its bytes stay until then. It may be shown it
   * again when this was not settled.
   *
   * **Errors**: `InvalidOwner`.
   */
  recover(owner: number, leave?: Leave): Recovered {
    const row = rowOf(this.shape, owner)
    const writing = this.settle(row, layout.cells.tail, 0)
    const reading = this.settle(row + READING, layout.cells.head, 1, leave)
    return {
      writing: Math.max(0, writing),
      reading: Math.max(0, reading),
      isSettled: writing !== UNKNOWN && reading !== UNKNOWN
    }
  }

  /** Records that the owner has committed since the ring was made, as a wrapping Int32; exact once it is recovered. */
  committed(owner: number): number {
    return this.cells[rowOf(this.shape, owner) + doneWord]!
  }

  /** Records that the owner has taken and released since the ring was made, as a wrapping Int32; exact once it is recovered. */
  released(owner: number): number {
    return this.cells[rowOf(this.shape, owner) + READING + doneWord]!
  }

  /** The claims of one side: how many were open, or {@link UNKNOWN}. */
  private settle(row: number, counter: number, ahead: number, leave?: Leave): number {
    const { cells, shape } = this
    const stage = Atomics.load(cells, row + stageWord) & STAGE_MASK
    if (stage === NOTHING) return 0
    const position = Atomics.load(cells, row)
    const cell = shape.first + (position & (shape.slots - 1)) * shape.stride
    const open = (position + ahead) | 0
    const isOpen = ((Atomics.load(cells, counter) - position) | 0) > 0 && Atomics.load(cells, cell) === open
    if (isOpen && (stage === ASKS || stage === DEAD)) {
      // From now on it does not count for others that died asking for the same.
      Atomics.store(cells, row + stageWord, DEAD)
      if (this.isWanted(row, position)) return UNKNOWN
    }
    if (isOpen && leave !== undefined) this.show(cell, leave)
    const isGivenBack = isOpen && Atomics.compareExchange(cells, cell, open, (position + shape.slots) | 0) === open
    // Finished by itself, in its last step or long ago.
    if (!isOpen) cells[row + doneWord] = doneOf(cells, row)
    Atomics.store(cells, row + stageWord, NOTHING)
    return isGivenBack && stage !== GIVES_UP ? 1 : 0
  }

  private show(cell: number, leave: Leave): void {
    const { byteOffset, cells, first, recordBytes, slots, stride } = this.shape
    const length = cells[cell + 1]!
    if (!(length >= 0 && length <= recordBytes)) return
    const offset = ((cell - first) << 2) + CELL_HEADER_BYTES
    const region = new Region(cells.buffer, byteOffset, slots * stride * 4)
    leave({ region, end: offset + length }, offset)
  }

  /** Whether another owner, dead or alive, may have this position. */
  private isWanted(row: number, position: number): boolean {
    const { cells, shape } = this
    const side = (row - layout.descriptorCells) & READING
    for (let owner = 1; owner <= shape.owners; owner++) {
      const other = rowOf(shape, owner) + side
      if (other === row || Atomics.load(cells, other) !== position) continue
      const stage = Atomics.load(cells, other + stageWord) & STAGE_MASK
      if (stage !== NOTHING && stage !== DEAD) return true
    }
    return false
  }
}
