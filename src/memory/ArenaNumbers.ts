/**
 * Says which numbers of an arena are in use, and by whom they were given out: a thread that was given one may give out others, and no two threads have the same.
 *
 * ```text
 *           lend, enter            recover: its thread has gone          nothing of it is on its way
 *   free ───────────────► in use ──────────────────────────────► settling ──────────────────────────► free
 *                                                                 │    ▲
 *                           something of it is on its way: left ◄─┘    └── whoever lends next, or recovers it
 * ```
 *
 * Promises:
 * - A number that is in use is given to nobody else.
 * - One whose thread has gone is free once nothing is left in the arena of what that had, or had sent. One at a time finds that out, so what a new thread has under it is never taken for the old one's.
 * - What a thread had lent on is recovered with it: the threads that it had started end with it. So is what it was about to settle.
 *
 * Never does: find out that a thread has gone, or wait.
 *
 * Order of the shared accesses: a word is changed by compare-and-swap, and stored by who settles it alone.
 */
import type { ArenaEnd } from "./Arena.ts"
import { arena as layout } from "./ArenaLayout.ts"
import { descriptorOf, numbersCell } from "./internal/arenaMemory.ts"
import { MAX_OWNER } from "./Layouts.ts"

/** Answer of `lend`: all numbers are in use. */
export const NUMBERS_SPENT = -1

const IN_USE = 256
const LEFT = 512
const SETTLING = 1024
const STATE = IN_USE | LEFT | SETTLING

/** The numbers, as the thread of an end sees them, or those up to `most`. */
export class ArenaNumbers {
  declare private readonly arena: ArenaEnd
  declare private readonly cells: Int32Array
  /** The cell of number 0, which nobody has. */
  declare private readonly first: number
  declare private readonly most: number

  constructor(arena: ArenaEnd, most = MAX_OWNER) {
    const cells = descriptorOf(arena.buffer)
    this.arena = arena
    this.cells = cells
    this.first = numbersCell(cells[layout.cells.blocks]!, cells[layout.cells.references]!)
    this.most = most
  }

  /** The own number is in use, whoever has given it. */
  enter(): void {
    const { owner } = this.arena
    Atomics.compareExchange(this.cells, this.first + owner, 0, IN_USE | owner)
  }

  /** A number for a thread that the caller is about to start, or {@link NUMBERS_SPENT}. */
  lend(): number {
    const { arena, cells, first, most } = this
    this.enter()
    for (let number = 1; number <= most; number++) {
      // What was on its way may have arrived.
      if (Atomics.load(cells, first + number) === LEFT) this.settle(number, LEFT)
    }
    for (let number = 1; number <= most; number++) {
      if (Atomics.compareExchange(cells, first + number, 0, IN_USE | arena.owner) === 0) return number
    }
    return NUMBERS_SPENT
  }

  /**
   * Recovers what the thread of a number held, and the threads that it had lent numbers to; what they had sent stays for its receivers.
   *
   * **When to use**: when the thread has exited, or was never there; by who has lent the number.
   */
  recover(number: number): void {
    const { cells, first, most } = this
    for (let other = 1; other <= most; other++) {
      const word = Atomics.load(cells, first + other)
      if (word === (IN_USE | number) && other !== number) this.recover(other)
      else if (word === (SETTLING | number)) this.settle(other, word)
    }
    const word = Atomics.load(cells, first + number)
    if ((word & STATE) === IN_USE) this.settle(number, word)
  }

  /** Frees a number that nobody uses any more, if nothing of it is on its way, unless another one does so. */
  private settle(number: number, seen: number): void {
    const { arena, cells, first } = this
    const cell = first + number
    if (Atomics.compareExchange(cells, cell, seen, SETTLING | arena.owner) !== seen) return
    Atomics.store(cells, cell, arena.recover(number).inTransit > 0 ? LEFT : 0)
  }
}
