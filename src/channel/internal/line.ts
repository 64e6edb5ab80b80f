/**
 * Fibers that wait at one end of a channel, first come, first served.
 *
 * Joining, leaving from anywhere (an interruption) and taking the first one cost the same however many wait.
 */

/** A fiber in a line. */
export interface Waiter {
  previous: Waiter | undefined
  next: Waiter | undefined
  /** Whether it stands in a line. */
  waits: boolean
}

/** See the module. */
export class Line<W extends Waiter> {
  declare private first: W | undefined
  declare private last: W | undefined
  declare private count: number
  constructor() {
    this.first = undefined
    this.last = undefined
    this.count = 0
  }

  /** How many wait. */
  get length(): number {
    return this.count
  }

  /** The one who has waited longest. */
  peek(): W | undefined {
    return this.first
  }

  /** Adds a fiber at the end. */
  join(waiter: W): void {
    waiter.waits = true
    waiter.previous = this.last
    waiter.next = undefined
    if (this.last === undefined) this.first = waiter
    else this.last.next = waiter
    this.last = waiter
    this.count++
  }

  /** Takes a fiber out, wherever it stands; does nothing when it does not wait. */
  leave(waiter: W): void {
    if (!waiter.waits) return
    waiter.waits = false
    const { next, previous } = waiter as { readonly next: W | undefined; readonly previous: W | undefined }
    if (previous === undefined) this.first = next
    else previous.next = next
    if (next === undefined) this.last = previous
    else next.previous = previous
    this.count--
  }
}
