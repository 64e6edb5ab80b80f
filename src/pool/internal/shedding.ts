/**
 * The jobs of one thread that no worker has begun, by age: what a full pool gives up to let something newer in.
 *
 * A job that is given up is withdrawn, as if nobody waited any more, and its slot comes back when a worker finds it. There are slots for as many of those as there are jobs under way at most; when
 * they are all gone, who comes waits in the line, in the place of what was given up for it.
 */
import { LOW } from "../../actor/kernel/Ageing.ts"
import type { JobTable } from "../../memory/JobTable.ts"

/** Slots that a thread has for so many jobs. */
export const slotsOf = (capacity: number, sheds: boolean): number => sheds ? 2 * capacity : capacity

/** How many entries there may be for each slot: those whose jobs came and went are taken out only when there are more. */
const SPARE = 4

/** Slots in the order in which they were queued, each with the number of its job. */
class Ages {
  private items: Array<number> = []
  private head = 0

  push(slot: number, job: number, isThere: (slot: number, job: number) => boolean, most: number): void {
    this.items.push(slot, job)
    if (this.items.length - this.head > most) this.compact(isThere)
  }

  /** Takes the oldest; -1 when there is none. */
  shift(isThere: (slot: number, job: number) => boolean): number {
    const { items } = this
    while (this.head < items.length) {
      const slot = items[this.head++]!
      if (isThere(slot, items[this.head++]!)) return slot
    }
    this.items = []
    this.head = 0
    return -1
  }

  private compact(isThere: (slot: number, job: number) => boolean): void {
    const kept: Array<number> = []
    for (let i = this.head; i < this.items.length; i += 2) {
      if (isThere(this.items[i]!, this.items[i + 1]!)) kept.push(this.items[i]!, this.items[i + 1]!)
    }
    this.items = kept
    this.head = 0
  }
}

/** See the module. */
export class Shedding {
  /** Slots whose jobs were given up and that have not come back. */
  outstanding = 0
  private readonly table: JobTable
  private readonly first: number
  private readonly most: number
  private readonly ages: ReadonlyArray<Ages>
  /** The number of the job of each slot; 0 for none, and negative for one that was given up. */
  private readonly jobs: Float64Array
  private count = 0
  private readonly isThere = (slot: number, job: number): boolean => this.jobs[slot - this.first] === job

  constructor(table: JobTable, first: number, capacity: number) {
    this.table = table
    this.first = first
    this.most = 2 * SPARE * capacity
    this.ages = Array.from({ length: LOW + 1 }, () => new Ages())
    this.jobs = new Float64Array(capacity)
  }

  /** A job of a level has been queued. */
  queued(slot: number, level: number): void {
    const job = this.jobs[slot - this.first] = ++this.count
    this.ages[level]!.push(slot, job, this.isThere, this.most)
  }

  /** A job has been begun, and waits again: it is never given up. */
  kept(slot: number): void {
    this.jobs[slot - this.first] = 0
  }

  /** The slot has come back. */
  released(slot: number): void {
    if (this.jobs[slot - this.first]! < 0) this.outstanding--
    this.jobs[slot - this.first] = 0
  }

  /** Withdraws the oldest job of a level that no worker has begun, and answers its slot; -1 when there is none. */
  withdraw(level: number): number {
    for (;;) {
      const slot = this.ages[level]!.shift(this.isThere)
      if (slot < 0) return -1
      if (!this.table.withdrawQueued(slot)) continue
      this.jobs[slot - this.first] = -1
      this.outstanding++
      return slot
    }
  }
}
