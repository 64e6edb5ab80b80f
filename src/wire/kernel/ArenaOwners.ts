/**
 * Numbers for the threads that are given an arena, each used again only when nothing of its thread is left there.
 *
 * Which are in use stands in the arena (`memory/ArenaNumbers`): a thread that was given an arena gives it on.
 */
import type { ArenaEnd } from "../../memory/Arena.ts"
import { ArenaNumbers, NUMBERS_SPENT } from "../../memory/ArenaNumbers.ts"

/** What is required of an arena that is given to a thread. */
export const NO_NUMBER = "one with a number left: 255 threads use it, or have left parcels on their way there"

/** An arena as another thread opens it, and its number there. */
export interface Given {
  readonly buffer: SharedArrayBuffer
  readonly owner: number
}

/** The numbers of one thread in the arenas that it is given. */
export class Lent {
  readonly given: ReadonlyArray<Given>
  readonly #recover: () => void
  #isRecovered = false
  constructor(given: ReadonlyArray<Given>, recover: () => void) {
    this.given = given
    this.#recover = recover
  }

  /**
   * Recovers what the thread held, once, and what those held that it had lent numbers to: its numbers may be another one's after that. What it had sent stays for its receivers.
   *
   * **When to use**: when it has exited, or was never there.
   */
  recover(): void {
    if (this.#isRecovered) return
    this.#isRecovered = true
    this.#recover()
  }
}

/** Numbers for a new thread in these arenas, or the arena in which all are in use. */
export const lend = (arenas: ReadonlyArray<ArenaEnd>): Lent | ArenaEnd => {
  const lent: Array<{ readonly buffer: SharedArrayBuffer; readonly owner: number; readonly numbers: ArenaNumbers }> = []
  const recoverAll = () => {
    for (const { numbers, owner } of lent) numbers.recover(owner)
  }
  for (const arena of arenas) {
    const numbers = new ArenaNumbers(arena)
    const owner = numbers.lend()
    if (owner === NUMBERS_SPENT) {
      recoverAll()
      return arena
    }
    lent.push({ buffer: arena.buffer, owner, numbers })
  }
  return new Lent(lent.map(({ buffer, owner }) => ({ buffer, owner })), recoverAll)
}
