/**
 * Parks after the first look in vain: the least processor time, and every wait pays for a wake-up, here and at the sender.
 *
 * **When to use**: when messages are rare, and when threads outnumber cores by far.
 *
 * Source: the Disruptor's `BlockingWaitStrategy`.
 */
import { budgetOf, type Decision, PARK, type WaitStrategy } from "./WaitStrategy.ts"

/** See the module. */
export class ParkingWait implements WaitStrategy {
  empty(): Decision {
    return PARK
  }

  success(): void {}

  restart(): void {}

  /** Checks the limit; there are no spins to limit. */
  limitSpins(maxSpins: number): void {
    budgetOf("ParkingWait", "maxSpins", maxSpins)
  }
}
