/**
 * Which of three levels of priority is taken from next: the highest at which something waits, unless a lower one was passed over for long.
 */

/** How many of other levels are taken in a row while one waits that is lower than them. */
export const PASSES = 16

/** Taken before all others. */
export const HIGH = 0
/** Neither before nor after others. */
export const NORMAL = 1
/** Taken after all others. */
export const LOW = 2

/** What the levels are called, by their numbers. */
export const LEVELS: ReadonlyArray<unknown> = ["high", "normal", "low"]

/** The level of each message, by its index; absent when all are the same. */
export type Levels = Uint8Array | undefined

/** See the module. */
export class Ageing {
  /** How often in a row each was passed over while something waited there. */
  declare private passedNormal: number
  declare private passedLow: number
  constructor() {
    this.passedNormal = 0
    this.passedLow = 0
  }

  /** The level to take from, by where something waits; the one in the middle when nothing does. */
  next(isHigh: boolean, isNormal: boolean, isLow: boolean): number {
    if (isLow && (!isHigh && !isNormal || this.passedLow >= PASSES)) return LOW
    return isHigh && !(isNormal && this.passedNormal >= PASSES) ? HIGH : NORMAL
  }

  /** Something was taken from a level; the others say where something lower waited then. */
  took(level: number, isNormal: boolean, isLow: boolean): void {
    // Whoever does not wait is not passed over.
    this.passedLow = isLow && level !== LOW ? this.passedLow + 1 : 0
    if (level !== LOW) this.passedNormal = isNormal && level === HIGH ? this.passedNormal + 1 : 0
  }
}
