/**
 * Decides what a thread does after it found nothing: look again at once, yield, or park on its doorbell.
 *
 * Only the decision is made here; a driver polls, pauses, yields and parks. `BlockingWait` drives a thread that does nothing but
 * this, `thread/Poller` a thread with an event loop:
 *
 * ```text
 *                                              in a thread without event loop       with one
 *   poll ── found ──► success(), handle
 *     └── nothing ──► empty():  SPIN   pause, poll again                    the same, in the same callback
 *                               YIELD  sleep for a moment, nobody wakes it  setImmediate: other callbacks run
 *                               PARK   announce, re-check, Atomics.wait     announce, re-check, Atomics.waitAsync
 * ```
 *
 * One idle phase goes from the last success to the next. The strategies are listed in `WaitStrategies.ts`; what each costs
 * is measured in `docs/reference/waiting.md`.
 *
 * Source: the wait strategies of the Disruptor and the idle strategies of Agrona.
 */
import { textOf } from "../runtime/Text.ts"

/** Look again at once, after a {@link pause}. */
export const SPIN = 0
/** Let others run for a moment and look again. */
export const YIELD = 1
/** Park until somebody wakes the thread. */
export const PARK = 2

/** What to do after a look in vain. */
export type Decision = typeof SPIN | typeof YIELD | typeof PARK

/** The state of one thread's waiting. */
export interface WaitStrategy {
  /** A look found nothing: what to do now. */
  empty(): Decision
  /** A look found something: ends the idle phase, and may learn from it. */
  success(): void
  /** Begins an idle phase anew, without having learnt anything: something is about to arrive. */
  restart(): void
  /**
   * Changes the most spins of one idle phase; 0 stops spinning.
   *
   * **When to use**: when threads start or stop, so that spinning threads never outnumber the cores.
   */
  limitSpins(maxSpins: number): void
}

/** A wait strategy was asked for with budgets that make no sense. */
export class InvalidWaitOptions extends Error {
  readonly _tag = "InvalidWaitOptions"
  /** The name of the option. */
  readonly option: string
  constructor(strategy: string, option: string, value: unknown, expected: string) {
    super(`${strategy}: ${option} is ${textOf(value)}; it must be ${expected}`)
    this.name = "InvalidWaitOptions"
    this.option = option
  }
}

const hasPause = typeof Atomics.pause === "function"

/** Tells the processor that this is a spin loop, where the runtime can; otherwise it does nothing. */
export const pause = (): void => {
  if (hasPause) Atomics.pause()
}

/** Checks a budget of spins or yields; throws {@link InvalidWaitOptions} unless it is a whole number of 0 or more. */
export const budgetOf = (strategy: string, option: string, value: number): number => {
  if (!Number.isInteger(value) || value < 0) {
    throw new InvalidWaitOptions(strategy, option, value, "a whole number of 0 or more")
  }
  return value
}
