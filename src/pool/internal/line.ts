/**
 * Who waits for room, in the order in which they came: a line for each level of priority. Who has a key stands in the line of those with that key, whatever his own level: they are
 * let in in order. Who is given up is found by his own level, wherever he stands: what is urgent is not given up for what it waits behind.
 */
import { Ageing, HIGH, LOW, NORMAL } from "../../actor/kernel/Ageing.ts"
import { Waiters } from "../../actor/kernel/Waiters.ts"
import type { JobWaiter } from "./job.ts"

const levelOf = ({ level = NORMAL }: JobWaiter): number => level

/** How many entries of those who wait no longer there may be at least. */
const SPARE = 64

const waits = ({ abandoned }: JobWaiter): boolean => !abandoned

/** Who waits, of one level, by age. Who waits no longer is taken out later. */
class Ages {
  private items: Array<JobWaiter> = []
  private head = 0
  /** From so many entries on it is looked who waits no longer. */
  private most = SPARE

  push(waiter: JobWaiter): void {
    if (this.items.length >= this.most) {
      this.items = this.items.slice(this.head).filter(waits)
      this.head = 0
      this.most = 2 * this.items.length + SPARE
    }
    this.items.push(waiter)
  }

  /** Takes the one that waits for longest. */
  shift(): JobWaiter | undefined {
    while (this.head < this.items.length) {
      const waiter = this.items[this.head++]!
      if (waits(waiter)) return waiter
    }
    this.items = []
    this.head = 0
    return undefined
  }
}

/** See the module. */
export class Line {
  private readonly lines: ReadonlyArray<Waiters> = Array.from({ length: LOW + 1 }, () => new Waiters())
  /** The same by their own levels; nobody where nothing is given up. */
  private readonly ages: ReadonlyArray<Ages> | undefined
  private readonly ageing = new Ageing()
  /** Where those with a key stand, and how many these are. */
  private readonly keys = new Map<number, { readonly level: number; count: number }>()

  constructor(sheds: boolean) {
    this.ages = sheds ? Array.from({ length: LOW + 1 }, () => new Ages()) : undefined
  }

  /** How many wait. */
  get length(): number {
    let length = 0
    for (let i = 0; i < this.lines.length; i++) length += this.lines[i]!.length
    return length
  }

  /** Adds one at the end of its line; `key` is 0 for none. It may be given up only where that is said. */
  push(waiter: JobWaiter, own: number, key: number, mayShed: boolean): void {
    const found = key === 0 ? undefined : this.keys.get(key)
    const level = found?.level ?? own
    if (found !== undefined) found.count++
    else if (key !== 0) this.keys.set(key, { level, count: 1 })
    waiter.level = level
    waiter.key = key
    this.lines[level]!.push(waiter)
    if (mayShed) this.ages?.[own]!.push(waiter)
  }

  /** Who is next and has not given up. */
  first(): JobWaiter | undefined {
    return this.lines[this.next()]!.first()
  }

  /** Removes the one that {@link first} has just answered. */
  shift(waiter: JobWaiter): void {
    const level = levelOf(waiter)
    this.ageing.took(level, this.waits(NORMAL), this.waits(LOW))
    this.lines[level]!.shift()
    this.left(waiter)
  }

  /** Takes out who waits for longest of those with this level of their own. */
  shed(own: number): JobWaiter | undefined {
    const waiter = this.ages?.[own]!.shift()
    if (waiter !== undefined) this.abandon(waiter)
    return waiter
  }

  private next(): number {
    return this.ageing.next(this.waits(HIGH), this.waits(NORMAL), this.waits(LOW))
  }

  /** One gives up, who may not stand here yet. */
  abandon(waiter: JobWaiter): void {
    if (waiter.abandoned) return
    if (waiter.level === undefined) waiter.abandoned = true
    else {
      this.lines[waiter.level]!.abandon(waiter)
      this.left(waiter)
    }
  }

  private left({ key = 0 }: JobWaiter): void {
    const found = key === 0 ? undefined : this.keys.get(key)
    if (found !== undefined && --found.count === 0) this.keys.delete(key)
  }

  private waits(level: number): boolean {
    return this.lines[level]!.length > 0
  }
}
