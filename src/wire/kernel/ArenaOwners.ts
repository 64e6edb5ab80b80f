/**
 * Numbers for the threads that are given an arena, each used again only when nothing of its thread is left there.
 */
import type { ArenaEnd } from "../../memory/Arena.ts"
import { MAX_OWNER } from "../../memory/Layouts.ts"
import { piece, type ThreadContext } from "../../runtime/ThreadContext.ts"

/** The numbers of an arena: those in use, and those whose threads have gone but left parcels on their way. */
interface Numbers {
  readonly used: Set<number>
  readonly left: Set<number>
}

const arenaNumbers = piece(() => new WeakMap<SharedArrayBuffer, Numbers>())

const numbersOf = (thread: ThreadContext, arena: ArenaEnd): Numbers => {
  const arenas = thread.get(arenaNumbers)
  let numbers = arenas.get(arena.buffer)
  if (numbers === undefined) {
    numbers = { left: new Set(), used: new Set([arena.owner]) }
    arenas.set(arena.buffer, numbers)
  }
  return numbers
}

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
   * Recovers what the thread held, once: its numbers may be another one's after that. What it had sent stays for its receivers.
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
export const lend = (thread: ThreadContext, arenas: ReadonlyArray<ArenaEnd>): Lent | ArenaEnd => {
  const lent: Array<{ readonly arena: ArenaEnd; readonly owner: number }> = []
  const recoverAll = () => {
    for (const { arena, owner } of lent) recover(thread, arena, owner)
  }
  for (const arena of arenas) {
    const owner = take(thread, arena)
    if (owner === undefined) {
      recoverAll()
      return arena
    }
    lent.push({ arena, owner })
  }
  return new Lent(lent.map(({ arena, owner }) => ({ buffer: arena.buffer, owner })), recoverAll)
}

const take = (thread: ThreadContext, arena: ArenaEnd): number | undefined => {
  const { left, used } = numbersOf(thread, arena)
  for (const owner of left) settle(thread, arena, owner)
  for (let owner = 1; owner <= MAX_OWNER; owner++) {
    if (used.has(owner)) continue
    used.add(owner)
    return owner
  }
  return undefined
}

const recover = (thread: ThreadContext, arena: ArenaEnd, owner: number): void => {
  numbersOf(thread, arena).left.add(owner)
  settle(thread, arena, owner)
}

const settle = (thread: ThreadContext, arena: ArenaEnd, owner: number): void => {
  if (arena.recover(owner).inTransit > 0) return
  const { left, used } = numbersOf(thread, arena)
  left.delete(owner)
  used.delete(owner)
}
