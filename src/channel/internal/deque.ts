/**
 * Values in the order in which they came, in an array that grows and never shrinks below its peak of late.
 */

const FIRST_SLOTS = 16

/** See the module. */
export class Deque<A> {
  declare private slots: Array<A | undefined>
  declare private mask: number
  declare private head: number
  declare private count: number
  constructor() {
    this.slots = new Array<A | undefined>(FIRST_SLOTS).fill(undefined)
    this.mask = FIRST_SLOTS - 1
    this.head = 0
    this.count = 0
  }

  /** How many values there are. */
  get length(): number {
    return this.count
  }

  /** Adds a value at the end. */
  push(value: A): void {
    if (this.count > this.mask) this.resize(this.slots.length * 2)
    this.slots[(this.head + this.count) & this.mask] = value
    this.count++
  }

  /** The first value; there must be one. */
  peek(): A {
    return this.slots[this.head]!
  }

  /** Takes the first value; there must be one. */
  shift(): A {
    const value = this.slots[this.head]!
    this.slots[this.head] = undefined
    this.head = (this.head + 1) & this.mask
    if (--this.count === 0 && this.mask > 4095) this.resize(FIRST_SLOTS)
    return value
  }

  private resize(slots: number): void {
    const values = new Array<A | undefined>(slots).fill(undefined)
    for (let i = 0; i < this.count; i++) values[i] = this.slots[(this.head + i) & this.mask]
    this.slots = values
    this.mask = slots - 1
    this.head = 0
  }
}
