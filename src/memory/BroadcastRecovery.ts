/**
 * What is done about the threads of a broadcast ring that are dead.
 *
 * Source: a reader's word holds its owner and its pin, so one exchange frees both; the writer's account is that of
 * `SpscRing`, with the published records counted where they lie.
 */
import { endOf, type Shape, shapeOf } from "./internal/broadcastMemory.ts"
import { CELLS_PER_LINE } from "./Layout.ts"
import { broadcastRing as layout, MAX_OWNER, PIN_BITS } from "./Layouts.ts"
import { InvalidOwner } from "./MemoryError.ts"

const cellsPerLine = CELLS_PER_LINE
const pinBits = PIN_BITS
const claimedCell = layout.cells.claimed

/**
 * Frees what dead readers held and accounts for what a dead writer took along; for anybody who knows of a death.
 *
 * **Details**: several callers may do it at the same time, while the living go on; each place and each record is
 * reported to one of them.
 *
 * **Errors**: `InvalidMemory` when the buffer is not a broadcast ring.
 */
export class BroadcastRecovery {
  declare private readonly shape: Shape

  constructor(sab: SharedArrayBuffer) {
    this.shape = shapeOf(sab)
  }

  /**
   * Frees the places of the readers of a dead owner, and the chunks they stood in; the number of places.
   *
   * **Gotchas**: a living reader of that owner would read what is being overwritten.
   *
   * **Errors**: {@link InvalidOwner}.
   */
  recoverReaders(owner: number): number {
    if (!(Number.isInteger(owner) && owner >= 1 && owner <= MAX_OWNER)) {
      throw new InvalidOwner(layout.name, owner, MAX_OWNER)
    }
    const { cells, readerCells, readers } = this.shape
    let count = 0
    for (let reader = 0; reader < readers; reader++) {
      const cell = readerCells + reader * cellsPerLine
      const word = Atomics.load(cells, cell)
      if (word >>> pinBits !== owner) continue
      if (Atomics.compareExchange(cells, cell, word, 0) === word) count++
    }
    return count
  }

  /** Number of records published since the ring was made, as a wrapping Int32; exact once the writer is dead. */
  published(): number {
    const { first, records } = endOf(this.shape)
    return (first + records) | 0
  }

  /**
   * Number of records that the writer had claimed and not published; each is reported once, to one caller.
   *
   * **When to use**: when the writer's thread is known to have exited, and before another writer is made.
   *
   * **Errors**: `InvalidMemory` when the newest chunk is damaged.
   */
  recoverWriter(): number {
    const { cells } = this.shape
    const published = this.published()
    const claimed = Atomics.load(cells, claimedCell)
    if (claimed === published) return 0
    if (Atomics.compareExchange(cells, claimedCell, claimed, published) !== claimed) return 0
    return (claimed - published) | 0
  }
}
