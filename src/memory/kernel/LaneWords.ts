/**
 * What the two threads of a lane tell each other beside its ring: see `link/internal/lane.ts`.
 *
 * ```text
 *  Int32 0  armed     1 while the reader has found nothing, and is to be told of what comes; the writer sets it to 0
 *        1  handled   messages that have left the ring, as far as the writer was shown, as a wrapping Int32
 *        2  tries     the number of the message that was begun last (24 bits), and how often it was (8 bits)
 *        3  settled   1 when the actor has ended, and what is left in the ring is accounted for
 * ```
 *
 * The thread of the reader may die between any two operations. What is counted here is written after what it counts, and counted
 * again by the next reader.
 */

const ARMED = 0
const HANDLED = 1
const TRIES = 2
const SETTLED = 3
const WORDS_BYTES = 16

const TRIES_BITS = 8
const MOST_TRIES = (1 << TRIES_BITS) - 1
const KEY_MASK = (1 << 24) - 1

/** Makes the words of a lane without messages. */
export const create = (): SharedArrayBuffer => new SharedArrayBuffer(WORDS_BYTES)

/** The words as one of the two threads has them. */
export class LaneWords {
  declare private readonly cells: Int32Array
  constructor(sab: SharedArrayBuffer) {
    this.cells = new Int32Array(sab)
  }

  // ---- the writer

  /** Messages that have left the ring, as the reader has shown. */
  handled(): number {
    return Atomics.load(this.cells, HANDLED)
  }

  /** Whether the reader is to be told of what was published before: once. */
  takeNudge(): boolean {
    return Atomics.load(this.cells, ARMED) === 1 && Atomics.exchange(this.cells, ARMED, 0) === 1
  }

  // ---- the reader

  /** Begins where the last reader has ended, with so many messages behind it. */
  takeOver(handled: number): void {
    Atomics.store(this.cells, HANDLED, handled)
    Atomics.store(this.cells, ARMED, 1)
  }

  /** Has the writer say when there is something; what is there by now has to be looked for after it. */
  arm(): void {
    if (Atomics.load(this.cells, ARMED) === 0) Atomics.store(this.cells, ARMED, 1)
  }

  /** The message behind so many others is about to be handled; answers how often that has been so. */
  begin(handled: number): number {
    const { cells } = this
    const key = handled & KEY_MASK
    // Nobody else reads it while this thread lives.
    const last = cells[TRIES]!
    const tries = last >>> TRIES_BITS === key ? Math.min((last & MOST_TRIES) + 1, MOST_TRIES) : 1
    cells[TRIES] = (key << TRIES_BITS) | tries
    return tries
  }

  /** That did not count. */
  unbegin(): void {
    this.cells[TRIES]!--
  }

  /** Shows the writer how many have left the ring. */
  show(handled: number): void {
    Atomics.store(this.cells, HANDLED, handled)
  }

  // ---- whoever accounts for the rest

  /** Notes that what is left in the ring is accounted for. */
  settle(): void {
    Atomics.store(this.cells, SETTLED, 1)
  }

  /** Whether that has been noted. */
  isSettled(): boolean {
    return Atomics.load(this.cells, SETTLED) === 1
  }
}
