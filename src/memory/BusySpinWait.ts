/**
 * Looks again at once, always: the shortest latency there is, for a core of its own.
 *
 * **When to use**: when this thread has a core to itself and microseconds count. With more spinning threads than cores everything is 10 to
 * 100 times slower: give it a limit then, behind which it yields.
 *
 * Promises: never parks, so nobody pays for waking this thread.
 *
 * Source: the Disruptor's `BusySpinWaitStrategy`.
 */
import { budgetOf, type Decision, SPIN, type WaitStrategy, YIELD } from "./WaitStrategy.ts"

/** See the module. */
export class BusySpinWait implements WaitStrategy {
  declare private maxSpins: number
  declare private spins: number

  constructor() {
    this.maxSpins = Infinity
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

  /** After so many spins of an idle phase it yields, without end. */
  limitSpins(maxSpins: number): void {
    this.maxSpins = budgetOf("BusySpinWait", "maxSpins", maxSpins)
  }
}
