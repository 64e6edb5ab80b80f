/**
 * What can be said and done about an MPSC ring whose threads are dead, or by somebody who only looks at it.
 */
import { BELOW_KIND, checkOwner, CLAIMED, memoryOf, OWNER_SHIFT, PADDING, UNITS_MASK } from "./internal/mpscMemory.ts"
import { HEADER_BYTES, mpscRing as layout, UNIT_SHIFT } from "./Layouts.ts"

const unitsMask = UNITS_MASK
const padding = PADDING

/**
 * Turns what dead writers had claimed into padding.
 *
 * Anybody may hold one, and several threads may recover the same owner at the same time, while others write and one reads.
 *
 * **Errors**: {@link InvalidMemory}.
 */
export class MpscRecovery {
  declare private readonly headers: Int32Array

  constructor(sab: SharedArrayBuffer) {
    this.headers = memoryOf(sab).headers
  }

  /**
   * Number of records that the owner had claimed and neither committed nor aborted; each is reported once, to one caller.
   *
   * **When to use**: when the owner's thread is known to have exited. Ring the reader afterwards: it may be parked in front of
   * what is padding now.
   *
   * **Details**: looks at every header once, a 32nd of the capacity in words.
   *
   * **Errors**: {@link InvalidOwner}.
   *
   * **Gotchas**: what a living owner is writing would be reported lost and given away under its hands.
   */
  recover(owner: number): number {
    checkOwner(owner)
    const { headers } = this
    const claim = CLAIMED | owner << OWNER_SHIFT
    let lost = 0
    for (let unit = 0; unit < headers.length; unit++) {
      // A plain load: the owner's claims are known since its death is, and every other word only has to differ from them.
      const word = headers[unit]!
      if ((word & ~unitsMask) !== claim) continue
      const recovered = padding | owner << OWNER_SHIFT | word & unitsMask
      if (Atomics.compareExchange(headers, unit, word, recovered) === word) lost++
    }
    return lost
  }
}

/**
 * Bytes claimed and not yet released in a ring, seen by anybody.
 *
 * **Details**: counts whole units, padding and open claims too; the two words are read one after the other, so with living
 * threads it is an estimate, never outside of `0 … capacityBytes`.
 *
 * **Errors**: {@link InvalidMemory}.
 */
export const unreadBytes = (sab: SharedArrayBuffer): number => {
  const { cells, headers } = memoryOf(sab)
  const head = Atomics.load(cells, layout.cells.head)
  const units = (Atomics.load(cells, layout.cells.tail) - head) | 0
  return Math.min(Math.max(units, 0), headers.length) << UNIT_SHIFT
}

/**
 * Number of records committed and not yet released in front of the first open claim, in a ring whose reader is dead.
 *
 * **Details**: records that the dead reader had read but not released are counted. Counting ends at the first damaged
 * record. To take the records out as well, make a new `MpscReader`.
 *
 * **Gotchas**: while the reader lives the answer is meaningless: what is being walked is freed at the same time.
 *
 * **Errors**: {@link InvalidMemory}.
 */
export const countUnread = (sab: SharedArrayBuffer): number => {
  const { cells, headers, lapShift, region } = memoryOf(sab)
  const mask = headers.length - 1
  const head = Atomics.load(cells, layout.cells.head)
  let count = 0
  for (let ahead = 0; ahead < headers.length;) {
    const unit = (head + ahead) & mask
    const word = Atomics.load(headers, unit)
    // Free for the next lap: released by the reader that died before it could say so.
    const isReleased = word === (head + ahead + headers.length) >>> lapShift
    if (word >= 0 && !isReleased) break
    const units = isReleased ? 1 : word & (word < PADDING ? BELOW_KIND : UNITS_MASK)
    if (units === 0 || units > headers.length - unit) break
    if (word < PADDING) {
      const length = region.i32[unit << (UNIT_SHIFT - 2)]!
      const type = region.i32[(unit << (UNIT_SHIFT - 2)) + 1]!
      if (type < 0 || length < HEADER_BYTES || length > units << UNIT_SHIFT) break
      count++
    }
    ahead += units
  }
  return count
}
