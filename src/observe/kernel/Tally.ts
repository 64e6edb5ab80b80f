/**
 * What the threads of a system have counted, in memory that all of them share: read without asking a thread, and not lost
 * with it.
 *
 * ```text
 *  Int32   0          1 … 15      16         17 … 31
 *        | dropped  | (free)    | dropped  | (free)    | …       one cache line for each thread
 * ```
 *
 * Promises: a thread adds to its own line only, so counting costs no other thread anything; a thread that is started again
 * goes on where its last incarnation stopped. Counts wrap at 2^32.
 */
import { Counters } from "../../memory/Counters.ts"

/** Tells that nobody handled: dropped by the policy of a full mailbox, or because their actor had stopped. */
export const DROPPED = 0

const WORDS = 16

/** The line of one thread. */
export class Tally {
  declare private readonly counters: Counters
  declare private readonly first: number
  constructor(memory: SharedArrayBuffer, thread: number) {
    this.counters = new Counters(memory)
    this.first = thread * WORDS
  }

  /** Memory for so many threads. */
  static create(threads: number): SharedArrayBuffer {
    return Counters.create(threads * WORDS)
  }

  /** Adds to a count of this thread. */
  add(count: number, much: number): void {
    this.counters.add(this.first + count, much)
  }

  /** A count of this thread. */
  get(count: number): number {
    return this.counters.get(this.first + count) >>> 0
  }

  /** A count of all threads together. */
  static total(memory: SharedArrayBuffer, count: number): number {
    const counters = new Counters(memory)
    let sum = 0
    for (let slot = count; slot < counters.slots; slot += WORDS) sum += counters.get(slot) >>> 0
    return sum
  }
}
