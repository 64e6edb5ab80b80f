/**
 * Values in the order in which they came, in an array that grows and never shrinks below its peak of late.
 *
 * Positions count on and wrap at 32 bits; a value lies in the slot of its position modulo the number of slots, a power of two.
 */

const FIRST_SLOTS = 16
const MOST_SLOTS_KEPT = 4096

/** See the module. */
export class Deque<A> {
  declare private slots: Array<A | undefined>
  declare private mask: number
  declare private head: number
  declare private tail: number
  constructor() {
    this.slots = new Array<A | undefined>(FIRST_SLOTS).fill(undefined)
    this.mask = FIRST_SLOTS - 1
    this.head = 0
    this.tail = 0
  }

  /** How many values there are. */
  get length(): number {
    return (this.tail - this.head) | 0
  }

  /** Adds a value at the end. */
  push(value: A): void {
    const { tail } = this
    if (this.length > this.mask) this.resize(this.slots.length * 2)
    this.slots[tail & this.mask] = value
    this.tail = (tail + 1) | 0
  }

  /**
   * Puts values behind the last one, as long as they pass, without adding them; the index of the first that was not put. They
   * are there with {@link commit}, unless something is added in between.
   *
   * **Details** A test may run code that adds or takes values itself. If it has added some, none is put.
   */
  stage(values: ReadonlyArray<A>, from: number, to: number, isValid: (value: A) => boolean): number {
    while (this.length + to - from > this.slots.length) this.resize(this.slots.length * 2)
    const { mask, slots, tail } = this
    const position = tail - from
    let index = from
    for (; index < to; index++) {
      const value = values[index]!
      if (!isValid(value)) break
      if (this.tail !== tail || this.slots !== slots) return from
      slots[(position + index) & mask] = value
    }
    return this.tail === tail && this.slots === slots ? index : from
  }

  /** Adds the values that were put last. */
  commit(count: number): void {
    this.tail = (this.tail + count) | 0
  }

  /** The first value; there must be one. */
  peek(): A {
    return this.slots[this.head & this.mask]!
  }

  /** Takes the first value; there must be one. */
  shift(): A {
    const index = this.head & this.mask
    const value = this.slots[index]!
    this.slots[index] = undefined
    this.head = (this.head + 1) | 0
    if (this.head === this.tail) this.shrink()
    return value
  }

  /** Takes so many of the first values; there must be as many. */
  take(count: number): Array<A> {
    const { slots } = this
    const from = this.head & this.mask
    const to = from + count
    const values = slots.slice(from, to) as Array<A>
    slots.fill(undefined, from, to)
    const wrapped = to - slots.length
    for (let index = 0; index < wrapped; index++) {
      values.push(slots[index]!)
      slots[index] = undefined
    }
    this.head = (this.head + count) | 0
    if (this.head === this.tail) this.shrink()
    return values
  }

  private shrink(): void {
    if (this.slots.length > MOST_SLOTS_KEPT) this.resize(FIRST_SLOTS)
  }

  private resize(size: number): void {
    const { head, length, mask, slots } = this
    this.slots = new Array<A | undefined>(size).fill(undefined)
    this.mask = size - 1
    for (let i = 0; i < length; i++) this.slots[(head + i) & this.mask] = slots[(head + i) & mask]
  }
}
