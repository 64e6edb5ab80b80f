/**
 * Looks again a number of times, then lets others run between any two looks; never parks.
 *
 * **When to use**: when who sends must not pay for waking, and this thread may: a thread without an event loop then
 * notices within a tenth of a millisecond and needs a third of a core while idle, one with an event loop notices within a turn and needs
 * the whole core.
 *
 * Source: the Disruptor's `YieldingWaitStrategy`.
 */
import { budgetOf, type Decision, SPIN, type WaitStrategy, YIELD } from "./WaitStrategy.ts"

/** Spins when nothing else is said, as in the Disruptor. */
const DEFAULT_SPINS = 100

/** See the module. */
export class YieldingWait implements WaitStrategy {
  declare private maxSpins: number
  declare private spins: number

  /** **Errors**: `InvalidWaitOptions` unless `maxSpins` is a whole number of 0 or more. */
  constructor(maxSpins = DEFAULT_SPINS) {
    this.maxSpins = budgetOf("YieldingWait", "maxSpins", maxSpins)
    this.spins = 0
  }

  empty(): Decision {
    if (this.spins >= this.maxSpins) return YIELD
    this.spins++
    return SPIN
  }

  success(): void {
    this.spins = 0
  }

  restart(): void {
    this.spins = 0
  }

  limitSpins(maxSpins: number): void {
    this.maxSpins = budgetOf("YieldingWait", "maxSpins", maxSpins)
  }
}
