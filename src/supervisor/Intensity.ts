/**
 * How many restarts are too many: the sliding window of Erlang/OTP's `supervisor`, exactly.
 *
 * At each restart `now` is read from a monotonic clock; the earlier restart times `t` with `t >= now - within` are kept,
 * `now` is added, and when more than `restarts` remain the limit is exceeded. So an intensity of 3 within 5 seconds allows three
 * restarts in any 5 seconds, and the fourth ends the supervisor; 0 allows none.
 *
 * ```
 * within = 5     kept, inclusive at the left end
 *            ┌───────────────────┐
 * ──t──t─────t────t──────────────now──▶
 * ```
 *
 * OTP reads its clock in whole seconds; this window has the resolution of the clock.
 */
import type * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import { checkNames, type Names } from "../runtime/Options.ts"
import { invalid, refusing } from "./internal/check.ts"
import { durationMillis } from "./kernel/Millis.ts"

/**
 * A limit on restarts as users write it.
 *
 * **Details**
 *
 * `restarts` is an integer of at least 0 and `within` a finite time above 0. `per` says whether the children of a
 * supervisor share one count (`"supervisor"`, the default and OTP's rule) or have one each (`"child"`); either way it is the
 * supervisor that ends when the limit is exceeded.
 */
export interface IntensityOptions {
  readonly restarts: number
  readonly within: Duration.Input
  readonly per?: "supervisor" | "child" | undefined
}

/** A checked limit on restarts, as plain data. */
export interface Intensity {
  readonly restarts: number
  readonly withinMillis: number
  readonly per: "supervisor" | "child"
}

/** Three restarts in five seconds, one count for all children. */
export const defaultIntensity: Intensity = { restarts: 3, withinMillis: 5_000, per: "supervisor" }

const OPTIONS: Names<IntensityOptions> = { restarts: true, within: true, per: true }

/**
 * Checks a limit; without options, the default.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` naming `where` and the option.
 */
export const make = (options: IntensityOptions | undefined, where = "intensity"): Intensity => {
  if (options === undefined) return defaultIntensity
  checkNames(options, OPTIONS, refusing(where), "intensity.")
  const { per = "supervisor", restarts } = options
  if (!Number.isSafeInteger(restarts) || restarts < 0) {
    throw invalid(where, "intensity.restarts", restarts, "an integer of at least 0")
  }
  const withinMillis = durationMillis(options.within)
  if (!(withinMillis > 0 && withinMillis < Infinity)) {
    throw invalid(where, "intensity.within", options.within, "a finite duration above zero")
  }
  if (per !== "supervisor" && per !== "child") {
    throw invalid(where, "intensity.per", per, `"supervisor" or "child"`)
  }
  return { restarts, withinMillis, per }
}

/** The times that still count at `nowMillis`: those no older than the window, its left end included. */
export const recent = (
  times: ReadonlyArray<number>,
  nowMillis: number,
  withinMillis: number
): ReadonlyArray<number> => times.filter((time) => time >= nowMillis - withinMillis)

/** Monotonic milliseconds of a clock, with its fraction: what every window and backoff here is fed with. */
export const monotonicMillisUnsafe = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

/**
 * The times of recent restarts, for hot use: make one at the first failure, not before.
 *
 * **Shape**
 *
 * One array of at most `restarts + 1` numbers, ascending. Older times than that cannot change the answer, so they are
 * dropped even when they are within the window.
 *
 * **Gotchas**
 *
 * A time earlier than the last one recorded is taken as the last one: the window never runs backwards.
 */
export class RestartWindow {
  private readonly restarts: number
  private readonly withinMillis: number
  private readonly times: Array<number>

  /** A window that allows `restarts` within `withinMillis`, both checked before by {@link make}. */
  constructor(restarts: number, withinMillis: number) {
    this.restarts = restarts
    this.withinMillis = withinMillis
    this.times = []
  }

  /** Counts a restart at `nowMillis`: true when it is allowed, false when it is one too many. */
  record(nowMillis: number): boolean {
    const times = this.times
    const last = times.length === 0 ? nowMillis : times[times.length - 1]!
    const now = nowMillis < last ? last : nowMillis
    this.forget(now)
    times.push(now)
    if (times.length <= this.restarts) return true
    if (times.length > this.restarts + 1) times.shift()
    return false
  }

  /** How many restarts count at `nowMillis`, at most `restarts + 1`. */
  count(nowMillis: number): number {
    this.forget(nowMillis)
    return this.times.length
  }

  /** Forgets every restart. */
  clear(): void {
    this.times.length = 0
  }

  private forget(nowMillis: number): void {
    const times = this.times
    const oldest = nowMillis - this.withinMillis
    let expired = 0
    while (expired < times.length && times[expired]! < oldest) expired++
    if (expired > 0) times.splice(0, expired)
  }
}
