/**
 * How long to wait before the next restart: an Effect `Schedule` stepped once for each restart, from its beginning again
 * after a quiet time.
 *
 * ```
 * fail   wait 100   fail  wait 200  fail   wait 400   quiet for resetAfter   fail   wait 100
 *  ●┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶ ●┄┄┄┄┄┄┄┄┄┄┄┄┄▶ ●┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶ ─────────────────────── ●┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶
 * ```
 *
 * Quiet time runs from the end of the last delay to the next failure, so a long delay is not taken for good health. A
 * schedule that ends means: give up. Nothing here sleeps; the caller does, so that it can be told to stop meanwhile.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import { checkNames, type Names } from "../runtime/Options.ts"
import { invalid, refusing } from "./internal/check.ts"
import { durationMillis } from "./kernel/Millis.ts"

/** A schedule of delays; its input is the cause of the failure. */
export type BackoffSchedule = Schedule.Schedule<unknown, Cause.Cause<unknown>>

/** A schedule with the quiet time after which it starts over; `resetAfter` is 10 seconds unless given, `"Infinity"` never resets. */
export interface BackoffOptions {
  readonly schedule: BackoffSchedule
  readonly resetAfter?: Duration.Input | undefined
}

/** A backoff as users write it: a schedule, or a schedule with its options. */
export type BackoffInput = BackoffSchedule | BackoffOptions

/** A checked backoff, as plain data: share it freely, each child steps a {@link Backoff} of its own. */
export interface BackoffPolicy {
  readonly schedule: BackoffSchedule
  readonly resetAfterMillis: number
}

/** The quiet time after which a schedule starts over when none is given. */
export const defaultResetAfterMillis = 10_000

const OPTIONS: Names<BackoffOptions> = { schedule: true, resetAfter: true }

/**
 * Checks a backoff.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` naming `where` and the option.
 */
export const policy = (input: BackoffInput, where = "backoff"): BackoffPolicy => {
  const options = optionsOf(input)
  checkNames(options, OPTIONS, refusing(where), "backoff.")
  const { resetAfter, schedule } = options
  if (!Schedule.isSchedule(schedule)) throw invalid(where, "backoff", input, "a Schedule, or one with options")
  const resetAfterMillis = resetAfter === undefined ? defaultResetAfterMillis : durationMillis(resetAfter)
  if (!(resetAfterMillis > 0)) throw invalid(where, "backoff.resetAfter", resetAfter, "a duration above zero")
  return { schedule, resetAfterMillis }
}

const optionsOf = (input: BackoffInput): Partial<BackoffOptions> => {
  if (Schedule.isSchedule(input)) return { schedule: input }
  return typeof input === "object" && input !== null ? input : {}
}

/** A stepper for one child; the same as `new Backoff(policy(input))`. */
export const make = (input: BackoffInput): Backoff => new Backoff(policy(input))

type Step = (now: number, cause: Cause.Cause<unknown>) => Pull.Pull<[unknown, Duration.Duration], never, unknown>

/**
 * Where one child is in its schedule: make it at the child's first failure, not before.
 *
 * **Gotchas**
 *
 * One failure at a time: the effect of {@link Backoff.next} has to complete before it is called again.
 */
export class Backoff {
  private readonly policy: BackoffPolicy
  private step: Step | undefined
  private resumedAtMillis: number

  /** A stepper at the beginning of the policy's schedule. */
  constructor(policy: BackoffPolicy) {
    this.policy = policy
    this.step = undefined
    this.resumedAtMillis = 0
  }

  /**
   * The delay before the next restart after a failure at `nowMillis` (monotonic), or none when the schedule has ended.
   *
   * **Details**
   *
   * The schedule itself is stepped with the wall-clock time of the current `Clock`, which is what `Schedule` defines and
   * what `Schedule.cron` needs.
   */
  next(nowMillis: number, cause: Cause.Cause<unknown>): Effect.Effect<Option.Option<Duration.Duration>> {
    return Effect.suspend(() => {
      if (this.step === undefined || nowMillis - this.resumedAtMillis >= this.policy.resetAfterMillis) {
        return Effect.flatMap(Schedule.toStep(this.policy.schedule), (step) => this.take(step, nowMillis, cause))
      }
      return this.take(this.step, nowMillis, cause)
    })
  }

  /** Goes back to the beginning of the schedule. */
  reset(): void {
    this.step = undefined
  }

  private take(
    step: Step,
    nowMillis: number,
    cause: Cause.Cause<unknown>
  ): Effect.Effect<Option.Option<Duration.Duration>> {
    this.step = step
    return Clock.currentTimeMillis.pipe(
      Effect.flatMap((wallMillis) => step(wallMillis, cause)),
      Effect.map(([, delay]) => {
        this.resumedAtMillis = nowMillis + durationMillis(delay)
        return Option.some(delay)
      }),
      Pull.catchDone(() => Effect.succeed(Option.none<Duration.Duration>()))
    )
  }
}
