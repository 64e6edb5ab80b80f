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

/** A number for a new thread; `undefined` when all are in use. */
export const take = (thread: ThreadContext, arena: ArenaEnd): number | undefined => {
  const { left, used } = numbersOf(thread, arena)
  for (const owner of left) settle(thread, arena, owner)
  for (let owner = 1; owner <= MAX_OWNER; owner++) {
    if (used.has(owner)) continue
    used.add(owner)
    return owner
  }
  return undefined
}

/** Recovers what a thread that has exited held in the arena. What it had sent stays for its receivers. */
export const recover = (thread: ThreadContext, arena: ArenaEnd, owner: number): void => {
  numbersOf(thread, arena).left.add(owner)
  settle(thread, arena, owner)
}

const settle = (thread: ThreadContext, arena: ArenaEnd, owner: number): void => {
  if (arena.recover(owner).inTransit > 0) return
  const { left, used } = numbersOf(thread, arena)
  left.delete(owner)
  used.delete(owner)
}
