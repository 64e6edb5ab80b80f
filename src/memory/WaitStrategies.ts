/**
 * The wait strategies, by name.
 *
 * | strategy    | after a look in vain                             | wakes cost the sender | idle processor time    |
 * | ----------- | ------------------------------------------------ | --------------------- | ---------------------- |
 * | `busySpin`  | looks again at once                              | nothing               | a core                 |
 * | `yielding`  | looks again 100 times, then lets others run      | nothing               | a third of a core to a core |
 * | `parking`   | sleeps until it is woken                         | a system call         | none                   |
 * | `adaptive`  | spins, yields, parks, as far as each pays        | a system call, when idle | none                |
 *
 * Measured figures: `docs/reference/waiting.md`.
 */
import { AdaptiveWait, type AdaptiveWaitOptions } from "./AdaptiveWait.ts"
import { BusySpinWait } from "./BusySpinWait.ts"
import { ParkingWait } from "./ParkingWait.ts"
import type { WaitStrategy } from "./WaitStrategy.ts"
import { YieldingWait } from "./YieldingWait.ts"

/** Looks again at once, always. */
export const busySpin = (): WaitStrategy => new BusySpinWait()

/** Looks again `maxSpins` times (default 100), then lets others run between any two looks. */
export const yielding = (maxSpins?: number): WaitStrategy => new YieldingWait(maxSpins)

/** Parks after the first look in vain. */
export const parking = (): WaitStrategy => new ParkingWait()

/** Spins, yields and parks as far as each pays. */
export const adaptive = (options: AdaptiveWaitOptions): WaitStrategy => new AdaptiveWait(options)
