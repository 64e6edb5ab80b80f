/**
 * Senders that wait for room, in the order in which they came.
 *
 * Taking the first one and giving up are constant in the long run, however many wait.
 */
import type { Waiter } from "./Recipient.ts"

const COMPACT = 32

/** See the module. */
export class Waiters {
  declare private items: Array<Waiter>
  declare private head: number
  declare private abandoned: number
  /** The abandoned that there are when nobody is: one fewer than none once the line is closed. */
  declare private none: number
  constructor() {
    this.items = []
    this.head = 0
    this.abandoned = 0
    this.none = 0
  }

  /** From now on there always is one more than those who wait: who looks for a free place finds none. */
  close(): void {
    if (this.none < 0) return
    this.none = -1
    this.abandoned--
  }

  /** How many wait. */
  get length(): number {
    return this.items.length - this.head - this.abandoned
  }

  /** Adds a sender at the end. */
  push(waiter: Waiter): void {
    this.items.push(waiter)
  }

  /** The first sender that has not given up. */
  first(): Waiter | undefined {
    while (this.head < this.items.length) {
      const waiter = this.items[this.head]!
      if (!waiter.abandoned) return waiter
      this.abandoned--
      this.shift()
    }
    return undefined
  }

  /** Removes the first sender: it waits no longer, also where it learns of that a little later. */
  shift(): void {
    this.items[this.head++]!.abandoned = true
    if (this.head === this.items.length) this.clear()
    else if (this.head >= COMPACT && this.head * 2 >= this.items.length) {
      this.items = this.items.slice(this.head)
      this.head = 0
    }
  }

  /** A sender gives up: its message will not be sent. Nothing happens to one that waits no longer. */
  abandon(waiter: Waiter): void {
    if (waiter.abandoned || this.items.length === 0) return
    waiter.abandoned = true
    if (++this.abandoned >= COMPACT && this.abandoned >= this.length) this.keep(() => true)
  }

  /** Keeps only the senders for which `wanted` holds and which have not given up. */
  keep(wanted: (waiter: Waiter) => boolean): void {
    if (this.items.length === 0) return
    this.items = this.items.slice(this.head).filter((waiter) => {
      waiter.abandoned ||= !wanted(waiter)
      return !waiter.abandoned
    })
    this.head = 0
    this.abandoned = this.none
  }

  private clear(): void {
    this.items = []
    this.head = 0
    this.abandoned = this.none
  }
}

/** The line of all who have none: nobody is put into it, and it is not closed. */
export const nobody = new Waiters()
