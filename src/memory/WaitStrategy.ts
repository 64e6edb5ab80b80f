/**
 * Decides what a thread does after it found its rings empty: spin, yield to its event loop, or park on its doorbell.
 *
 * Only the decision is made here; the caller polls, pauses, yields and parks. The user in mind runs inside
 * `setImmediate` callbacks:
 *
 * ```text
 *   poll ── records ──► success(), handle, poll again
 *     └── empty ──► empty():  SPIN   pause(), poll again in the same callback
 *                             YIELD  setImmediate(loop): other callbacks of the thread run
 *                             PARK   doorbell.prepare(), re-check, wait
 * ```
 *
 * One idle phase goes from the last success to the next: first the spin budget is used up, then yields follow until the
 * yield budget ends, then it parks. How far spinning is allowed to go is learnt:
 * - records that came while spinning double the spin budget, up to `maxSpins`;
 * - a budget spun through in vain is halved, down to zero: a thread with nothing to wait for soon stops spinning;
 * - records that came with the first yield raise it by a small step: spinning was off, and would have paid;
 * - the time to yield is halved by each phase that ended parked, and doubled by records that came while yielding or so soon after
 *   parking that yielding would have caught them: a thread on a busy machine soon parks at once, and leaves the core to others.
 *
 * The reason for the three steps, from measurements: a record caught by spinning is answered in 0.2 µs, parking and
 * waking takes 40-60 µs, a turn of the event loop lies between; and with more spinning threads than cores everything is
 * 10 to 100 times slower, so then `maxSpins` must be 0.
 *
 * Promises: no allocation, no clock read except through the injected `now`, and no spinning for ever. Never does: wait.
 *
 * Source: the phased back-off of Agrona `BackoffIdleStrategy`, with a learnt budget.
 */

/** Poll again at once, after a {@link pause}. */
export const SPIN = 0
/** Give the event loop a turn and poll again. */
export const YIELD = 1
/** Park on the doorbell. */
export const PARK = 2

/** What to do after an empty poll. */
export type Decision = typeof SPIN | typeof YIELD | typeof PARK

/** The spin budget a phase with a quick yield adds. */
const PROBE_SPINS = 16
/** The yield budget that a phase with a short park starts with. */
const PROBE_NANOS = 10_000

const hasPause = typeof Atomics.pause === "function"

/** Tells the processor that this is a spin loop, where the runtime can; otherwise it does nothing. */
export const pause = (): void => {
  if (hasPause) Atomics.pause()
}

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

/** A wait strategy was asked for with budgets that make no sense. */
export class InvalidWaitOptions extends Error {
  readonly _tag = "InvalidWaitOptions"
  /** The name of the option. */
  readonly option: string
  constructor(option: string, value: unknown, expected: string) {
    super(`AdaptiveWait: ${option} is ${String(value)}; it must be ${expected}`)
    this.name = "InvalidWaitOptions"
    this.option = option
  }
}

/**
 * The state of one thread's waiting.
 *
 * **Errors**: {@link InvalidWaitOptions} for a negative or fractional budget, or `yieldNanos` without `now`.
 */
export class AdaptiveWait {
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
  private readonly now: () => number

  constructor(options: AdaptiveWaitOptions) {
    const yieldNanos = options.yieldNanos ?? Infinity
    if (yieldNanos !== Infinity && options.now === undefined) {
      throw new InvalidWaitOptions("now", options.now, "given together with yieldNanos: without a clock give maxYields")
    }
    if (!(yieldNanos >= 0)) throw new InvalidWaitOptions("yieldNanos", yieldNanos, "0 or more")
    const maxYields = options.maxYields ?? (yieldNanos === Infinity ? 64 : 0x7fffffff)
    this.maxSpins = budgetOf("maxSpins", options.maxSpins)
    this.maxYields = budgetOf("maxYields", maxYields)
    this.yieldNanos = yieldNanos
    this.now = options.now ?? zero
    this.spinBudget = this.maxSpins
    this.spins = 0
    this.yields = 0
    this.yieldingSince = 0
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
    if (yields === 0) {
      // The end of the spin part, once per phase. `spins` stays at or above the budget, so the phase does not spin
      // again.
      this.spinBudget >>= 1
      if (this.maxYields === 0 || this.yieldNanos === 0) return PARK
      if (this.yieldNanos !== Infinity) this.yieldingSince = this.now()
    } else if (yields >= this.maxYields || this.now() - this.yieldingSince >= this.yieldBudget) {
      return this.park()
    }
    this.yields = yields + 1
    return YIELD
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
    if ((this.spins | this.yields) === 0) return
    this.learn()
  }

  private learn(): void {
    if (this.yields === 0) this.spinBudget = Math.min(this.maxSpins, this.spinBudget * 2)
    else {
      if (this.yields === 1) this.spinBudget = Math.min(this.maxSpins, this.spinBudget + PROBE_SPINS)
      if (this.yieldNanos !== Infinity) this.learnYielding()
    }
    this.restart()
  }

  /** It paid when the records came while yielding, and would have paid when they came soon after parking. */
  private learnYielding(): void {
    if (this.hasParked && this.now() - this.yieldingSince >= this.yieldNanos) return
    this.yieldBudget = Math.min(this.yieldNanos, Math.max(PROBE_NANOS, this.yieldBudget * 2))
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
    this.maxSpins = budgetOf("maxSpins", maxSpins)
    this.spinBudget = Math.min(this.spinBudget, maxSpins)
  }
}

// ---------------------------------------------------------------------------------------------------------------------

const zero = (): number => 0

const budgetOf = (option: string, value: number): number => {
  if (!Number.isInteger(value) || value < 0) throw new InvalidWaitOptions(option, value, "a whole number of 0 or more")
  return value
}
