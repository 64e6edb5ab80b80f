/**
 * A table of Int32 words that several threads read and change: credits, heartbeats, statistics.
 *
 * ```text
 *  Int32 cell   0        1        2
 *               | slot 0 | slot 1 | …      sixteen slots share a cache line
 * ```
 *
 * Promises: each operation is atomic, and values wrap at 32 bits. Never does: give slots out or take them back; the
 * owner of the table does. A slot that does not exist throws the `RangeError` of `Atomics`.
 */
import { textOf } from "../runtime/Text.ts"

/** A counter table was asked for with a number of slots that makes no sense. */
export class InvalidCounters extends Error {
  readonly _tag = "InvalidCounters"
  /** The number of slots asked for. */
  readonly slots: number
  constructor(slots: number) {
    super(`Counters.create: ${textOf(slots)} slots; ask for a whole number of 1 or more`)
    this.name = "InvalidCounters"
    this.slots = slots
  }
}

/** A shared table of Int32 words, addressed by slot. */
export class Counters {
  /** Number of slots in the table. */
  declare readonly slots: number
  declare private readonly cells: Int32Array

  constructor(sab: SharedArrayBuffer) {
    this.cells = new Int32Array(sab)
    this.slots = this.cells.length
  }

  /**
   * Makes the shared memory of a table, all zero.
   *
   * **Errors**: {@link InvalidCounters} when `slots` is not a whole number of 1 or more.
   */
  static create(slots: number): SharedArrayBuffer {
    if (!Number.isInteger(slots) || slots < 1) throw new InvalidCounters(slots)
    return new SharedArrayBuffer(slots * 4)
  }

  /** The value of a slot. */
  get(slot: number): number {
    return Atomics.load(this.cells, slot)
  }

  /** Replaces the value of a slot. */
  set(slot: number, value: number): void {
    Atomics.store(this.cells, slot, value)
  }

  /** Adds to a slot and returns the value it had before. */
  add(slot: number, delta: number): number {
    return Atomics.add(this.cells, slot, delta)
  }
}
