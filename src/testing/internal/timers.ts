/**
 * What is due later, in the order of its time, and of its making where that is the same.
 */
import type { Strand } from "./lane.ts"

/** Something that is due at a time. */
export interface Timer {
  readonly at: number
  readonly order: number
  /** Whose it is: it does not come when that one is dead. */
  readonly strand: Strand | undefined
  readonly isIdle: boolean
  readonly what: string
  readonly due: () => void
}

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || a.at === b.at && a.order < b.order

/** See the module. */
export class Timers {
  /** Sorted, the next one last. */
  declare private readonly list: Array<Timer>
  declare private orders: number
  constructor() {
    this.list = []
    this.orders = 0
  }

  get all(): ReadonlyArray<Timer> {
    return this.list
  }

  add(timer: Omit<Timer, "order">): Timer {
    const made: Timer = { ...timer, order: ++this.orders }
    const { list } = this
    let low = 0
    let high = list.length
    while (low < high) {
      const mid = (low + high) >>> 1
      if (isBefore(made, list[mid]!)) low = mid + 1
      else high = mid
    }
    list.splice(low, 0, made)
    return made
  }

  remove(timer: Timer): void {
    const at = this.list.indexOf(timer)
    if (at >= 0) this.list.splice(at, 1)
  }

  /** Forgets those of who has died. */
  removeOf(strand: Strand): void {
    for (let i = this.list.length - 1; i >= 0; i--) if (this.list[i]!.strand === strand) this.list.splice(i, 1)
  }

  /** The time of the next one that is more than a sign of life. */
  nextBusy(): number | undefined {
    for (let i = this.list.length - 1; i >= 0; i--) if (!this.list[i]!.isIdle) return this.list[i]!.at
    return undefined
  }

  next(): number | undefined {
    return this.list.at(-1)?.at
  }

  /** Takes all that are due. */
  take(now: number): ReadonlyArray<Timer> {
    const due: Array<Timer> = []
    while (this.list.length > 0 && this.list.at(-1)!.at <= now) due.push(this.list.pop()!)
    return due
  }
}
