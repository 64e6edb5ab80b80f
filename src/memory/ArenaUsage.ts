/**
 * How full an arena is, seen by anybody.
 */
import { arena as layout } from "./ArenaLayout.ts"
import { descriptorOf, FREE, MODE_MASK, statesCell } from "./internal/arenaMemory.ts"

/** What is taken and what is free. */
export interface Usage {
  readonly capacityBytes: number
  /** Bytes of the blocks that are not free, so a parcel counts with its last block whole. */
  readonly usedBytes: number
  /** The largest parcel that could be allocated. */
  readonly largestFreeBytes: number
  /** Allocations answered with `ARENA_FULL` since the arena was made, by all threads. */
  readonly refused: number
}

/**
 * Looks at every block of an arena.
 *
 * **Details**: one after the other, so while others work on it the answer is an estimate.
 *
 * **Errors**: `InvalidMemory` when the buffer is not an arena.
 */
export const usage = (sab: SharedArrayBuffer): Usage => {
  const cells = descriptorOf(sab)
  const blocks = cells[layout.cells.blocks]!
  const blockBytes = cells[layout.cells.blockBytes]!
  let used = 0
  let run = 0
  let largest = 0
  for (let block = 0; block < blocks; block++) {
    const isFree = (Atomics.load(cells, statesCell + block) & MODE_MASK) === FREE
    run = isFree ? run + 1 : 0
    if (!isFree) used++
    if (run > largest) largest = run
  }
  return {
    capacityBytes: blocks * blockBytes,
    usedBytes: used * blockBytes,
    largestFreeBytes: largest * blockBytes,
    refused: Atomics.load(cells, layout.cells.refused)
  }
}
