/**
 * A small source of numbers that follow from a seed (mulberry32).
 */

/** See the module. */
export class Random {
  declare private state: number
  constructor(seed: number) {
    this.state = seed | 0
  }

  /** A whole number from 0 to 2^32 - 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }

  /** A whole number from 0 to `n - 1`. */
  below(n: number): number {
    return this.next() % n
  }

  /** A number from 0 to 1, 1 excluded. */
  unit(): number {
    return this.next() / 2 ** 32
  }
}

/** A number for a text, to seed one source of many. */
export const hashOf = (text: string, from = 0x811c9dc5): number => {
  let hash = from
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
