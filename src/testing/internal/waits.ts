/**
 * Who sleeps on a word of shared memory, until somebody notifies it.
 *
 * Memory that a port has carried has another object on the other side, and nothing says that both are the same. So two words
 * are told to be one by changing the first and looking at the second: nobody else runs meanwhile.
 */
import type { Strand } from "./lane.ts"

/** One who sleeps. */
export interface Waiter {
  readonly strand: Strand
  readonly words: Int32Array
  readonly cell: number
  /** Called at most once. */
  readonly woken: () => void
}

const placeOf = (words: Int32Array, cell: number): number => words.byteOffset + cell * 4

const isSame = (a: Int32Array, aCell: number, b: Int32Array, bCell: number): boolean => {
  if (a.buffer === b.buffer) return placeOf(a, aCell) === placeOf(b, bCell)
  if (a.buffer.byteLength !== b.buffer.byteLength || placeOf(a, aCell) !== placeOf(b, bCell)) return false
  const before = Atomics.load(a, aCell)
  Atomics.store(a, aCell, ~before)
  const answer = Atomics.load(b, bCell) === ~before
  Atomics.store(a, aCell, before)
  return answer
}

/** See the module. */
export class Waits {
  declare private list: Array<Waiter>
  constructor() {
    this.list = []
  }

  get all(): ReadonlyArray<Waiter> {
    return this.list
  }

  add(waiter: Waiter): void {
    this.list.push(waiter)
  }

  /** Takes one away; answers whether it still slept. */
  remove(waiter: Waiter): boolean {
    const at = this.list.indexOf(waiter)
    if (at < 0) return false
    this.list.splice(at, 1)
    return true
  }

  removeOf(strand: Strand): void {
    this.list = this.list.filter((waiter) => waiter.strand !== strand)
  }

  /** Takes those that sleep on a word, the oldest first. */
  take(words: Int32Array, cell: number, count: number): ReadonlyArray<Waiter> {
    if (this.list.length === 0) return []
    const taken = this.list.filter((waiter) => isSame(words, cell, waiter.words, waiter.cell)).slice(0, count)
    if (taken.length > 0) this.list = this.list.filter((waiter) => !taken.includes(waiter))
    return taken
  }
}
