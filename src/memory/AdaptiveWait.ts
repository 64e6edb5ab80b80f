/**
 * Spins, then yields, then parks; how far each goes is learnt.
 *
 * One idle phase goes from the last success to the next: first the spin budget is used up, then yields follow until the
 * yield budget ends, then it parks:
 * - what came while spinning doubles the spin budget, up to `maxSpins`;
 * - a budget spun through in vain is halved, down to zero: a thread with nothing to wait for soon stops spinning;
 * - what came with the first yield raises it by a small step: spinning was off, and would have paid; with a clock, what came so soon after the first
 *   yield that spinning would have caught it raises it fourfold, since this phase has halved it;
 * - the time to yield is halved by each phase that ended parked, doubled by what came while yielding, and raised fourfold by what came so soon after
 *   parking that yielding would have caught it: a thread on a busy machine soon parks at once, and leaves the core to others, and two that have fallen asleep in the middle of a conversation are soon awake together again;
 * - without yields, a park so short that spinning would have spared it doubles the spin budget. It takes a clock to know
 *   that; without one the budget never falls below a small step.
 *
 * The reason for the three steps, from measurements: what is caught by spinning is answered in 0.2 µs, parking and
 * waking takes 40-60 µs, a turn of the event loop lies between; and with more spinning threads than cores everything is
 * 10 to 100 times slower, so then `maxSpins` must be 0.
 *
 * Promises: no allocation, no clock read except through the injected `now`, and no spinning for ever. Never does: wait.
 *
 * Source: the phased back-off of Agrona `BackoffIdleStrategy`, with a learnt budget.
 */
import { budgetOf, type Decision, InvalidWaitOptions, PARK, SPIN, type WaitStrategy, YIELD } from "./WaitStrategy.ts"

/** The spin budget a phase with a quick yield adds. */
const PROBE_SPINS = 16
/** The yield budget that a phase with a short park starts with. */
const PROBE_NANOS = 10_000
/** A park without yields that ends within this time, most of which is the waking, would have been spared by spinning. */
const SHORT_PARK_NANOS = 60_000

/** A phase with yields that ends so soon after the first of them would have ended while spinning, had that gone on. */
const SOON_NANOS = 20_000

/** The budgets of an {@link AdaptiveWait}. */
export interface AdaptiveWaitOptions {
  /** Most spins of one idle phase; 0 when threads outnumber cores. */
  readonly maxSpins: number
  /** Most yields of one idle phase. Default: no bound when `yieldNanos` is given, else 64. */
  readonly maxYields?: number | undefined
  /**
   * How long after the first yield of an idle phase it goes on yielding. Needs `now`. Default: only `maxYields` counts.
   */
  readonly yieldNanos?: number | undefined
  /** The clock that `yieldNanos` is measured with, monotonic, in nanoseconds. Read once per yield. */
  readonly now?: (() => number) | undefined
}

/**
 * The state of one thread's waiting.
 *
 * **Errors**: {@link InvalidWaitOptions} for a negative or fractional budget, or `yieldNanos` without `now`.
 */
export class AdaptiveWait implements WaitStrategy {
  /** Spins allowed in one idle phase at present. */
  declare spinBudget: number
  declare private maxSpins: number
  declare private spins: number
  declare private yields: number
  /** When the phase began to yield, and, once it has parked, when it parked. */
  declare private yieldingSince: number
  /** How long yielding goes on at present. */
  declare yieldBudget: number
  declare private hasParked: boolean
  declare private readonly maxYields: number
  declare private readonly yieldNanos: number
  /** Whether there are yields between spinning and parking. */
  declare private readonly isYielding: boolean
  declare private readonly now: () => number

  constructor(options: AdaptiveWaitOptions) {
    const yieldNanos = options.yieldNanos ?? Infinity
    if (yieldNanos !== Infinity && options.now === undefined) {
      throw new InvalidWaitOptions(
        "AdaptiveWait",
        "now",
        options.now,
        "given together with yieldNanos: without a clock give maxYields"
      )
    }
    if (!(yieldNanos >= 0)) throw new InvalidWaitOptions("AdaptiveWait", "yieldNanos", yieldNanos, "0 or more")
    const maxYields = options.maxYields ?? (yieldNanos === Infinity ? 64 : 0x7fffffff)
    this.maxSpins = budgetOf("AdaptiveWait", "maxSpins", options.maxSpins)
    this.maxYields = budgetOf("AdaptiveWait", "maxYields", maxYields)
    this.yieldNanos = yieldNanos
    this.now = options.now ?? never
    this.isYielding = this.maxYields > 0 && yieldNanos > 0
    this.spinBudget = this.maxSpins
    this.spins = 0
    this.yields = 0
    this.yieldingSince = NaN
    this.yieldBudget = yieldNanos
    this.hasParked = false
  }

  /** A poll found nothing: what to do now. */
  empty(): Decision {
    if (this.spins < this.spinBudget) {
      this.spins++
      return SPIN
    }
    return this.emptyAfterSpins()
  }

  private emptyAfterSpins(): Decision {
    const yields = this.yields
    if (!this.isYielding) return this.parkAfterSpins()
    if (yields === 0) {
      // The end of the spin part, once per phase. `spins` stays at or above the budget, so the phase does not spin
      // again.
      this.spinBudget >>= 1
      if (this.yieldNanos !== Infinity) this.yieldingSince = this.now()
    } else if (yields >= this.maxYields || this.now() - this.yieldingSince >= this.yieldBudget) {
      return this.park()
    }
    this.yields = yields + 1
    return YIELD
  }

  /** Spinning has not paid this time. */
  private parkAfterSpins(): Decision {
    // Without spins there is nothing to learn, and no reason to read the clock.
    if (this.hasParked || this.maxSpins === 0) return PARK
    this.hasParked = true
    this.spinBudget >>= 1
    if (this.now === never) this.spinBudget = Math.max(this.spinBudget, Math.min(this.maxSpins, PROBE_SPINS))
    else this.yieldingSince = this.now()
    return PARK
  }

  /** Yielding has not paid this time. */
  private park(): Decision {
    if (this.yieldNanos !== Infinity && !this.hasParked) {
      this.yieldBudget = Math.floor(this.yieldBudget / 2)
      this.yieldingSince = this.now()
    }
    this.hasParked = true
    return PARK
  }

  /** A poll found records: ends the idle phase and learns from it. */
  success(): void {
    if ((this.spins | this.yields) === 0 && !this.hasParked) return
    this.learn()
  }

  private learn(): void {
    if (this.yields === 0) {
      if (!this.hasParked) this.spinBudget = Math.min(this.maxSpins, this.spinBudget * 2)
      else if (this.now !== never && this.now() - this.yieldingSince < SHORT_PARK_NANOS) {
        // Doubled, and the half that this phase took is given back.
        this.spinBudget = Math.min(this.maxSpins, Math.max(PROBE_SPINS, this.spinBudget * 4))
      }
    } else if (this.yieldNanos === Infinity) {
      if (this.yields === 1) this.spinBudget = Math.min(this.maxSpins, this.spinBudget + PROBE_SPINS)
    } else {
      const waited = this.now() - this.yieldingSince
      if (!this.hasParked && waited < SOON_NANOS) {
        this.spinBudget = Math.min(this.maxSpins, Math.max(PROBE_SPINS, this.spinBudget * 4))
      }
      this.learnYielding(waited)
    }
    this.restart()
  }

  /** It paid when the records came while yielding, and would have paid when they came soon after parking. */
  private learnYielding(waited: number): void {
    if (this.hasParked && waited >= this.yieldNanos) return
    this.yieldBudget = Math.min(this.yieldNanos, Math.max(PROBE_NANOS, this.yieldBudget * (this.hasParked ? 4 : 2)))
  }

  /** Begins an idle phase anew, without having learnt anything: something is about to arrive. */
  restart(): void {
    this.spins = 0
    this.yields = 0
    this.hasParked = false
  }

  /**
   * Changes the most spins of one idle phase; 0 stops spinning.
   *
   * **When to use**: when threads start or stop, so that spinning threads never outnumber the cores.
   */
  limitSpins(maxSpins: number): void {
    this.maxSpins = budgetOf("AdaptiveWait", "maxSpins", maxSpins)
    this.spinBudget = Math.min(this.spinBudget, maxSpins)
  }
}

// ---------------------------------------------------------------------------------------------------------------------

/** Stands for a clock that was not given. */
const never = (): number => 0
