/**
 * What can be said of an SPSC ring whose threads are dead, or that somebody else looks at.
 *
 * Source: the account of `SpscRing`: the writer notes each claim, and with each publication how many records there were.
 */
import { clamp, descriptorOf, publishedCount } from "./internal/spscMemory.ts"
import { spscRing as layout } from "./Layouts.ts"
import { SpscReader } from "./SpscRing.ts"

const claimedCell = layout.cells.claimed

/**
 * Accounts for what a dead writer took along.
 *
 * A writer that dies leaves nothing half-written, but the records that it had claimed or committed and not published are
 * gone, and whoever waits for them should know.
 *
 * **Errors**: {@link InvalidMemory}.
 */
export class SpscRecovery {
  declare private readonly cells: Int32Array

  constructor(sab: SharedArrayBuffer, byteOffset = 0) {
    this.cells = descriptorOf(sab, byteOffset)
  }

  /** Number of records published since the ring was made, as a wrapping Int32; exact once the writer is dead. */
  published(): number {
    return publishedCount(this.cells)
  }

  /**
   * Number of records that the writer had claimed and not published; each is reported once, to one caller.
   *
   * **When to use**: when the writer's thread is known to have exited, and before another writer is made.
   *
   * **Gotchas**: what a living writer is writing would be reported lost.
   */
  recover(): number {
    const published = publishedCount(this.cells)
    const claimed = Atomics.load(this.cells, claimedCell)
    if (claimed === published) return 0
    if (Atomics.compareExchange(this.cells, claimedCell, claimed, published) !== claimed) return 0
    return (claimed - published) | 0
  }
}

/**
 * Bytes published and not yet released in a ring, seen by anybody, also when one or both of its threads are dead.
 *
 * **Details**: counts headers and padding; the two words are read one after the other, so with living threads it is an
 * estimate, never outside of `0 … capacityBytes`.
 *
 * **Errors**: {@link InvalidMemory}.
 */
export const unreadBytes = (sab: SharedArrayBuffer): number => {
  const cells = descriptorOf(sab)
  const head = Atomics.load(cells, layout.cells.head)
  return clamp((Atomics.load(cells, layout.cells.tail) - head) | 0, cells[layout.cells.capacityBytes]!)
}

/**
 * Number of whole records published and not yet released in a ring whose reader is dead, of all types or of those that `counts` accepts;
 * changes nothing.
 *
 * **Details**: records that the dead reader had read but not released are counted. Counting ends at the first damaged
 * record. To take the records out as well, make a new `SpscReader`.
 *
 * **Gotchas**: while the reader lives the answer is meaningless: the writer may overwrite what is being walked.
 *
 * **Errors**: {@link InvalidMemory}.
 */
export const countUnread = (sab: SharedArrayBuffer, counts: (type: number) => boolean = all): number => {
  const reader = new SpscReader(sab)
  let count = 0
  if (reader.poll()) {
    while (reader.next() >= 0) if (counts(reader.type)) count++
  }
  return count
}

const all = (): boolean => true
