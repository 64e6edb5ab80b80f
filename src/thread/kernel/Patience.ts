/**
 * Sleeping without holding the process: what only looks after a thread must not keep a program alive that has unref'd it.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { isReal } from "./Steady.ts"

// The timers of the moment in which this module is loaded: fake ones that come later change nothing.
const after = globalThis.setTimeout
const never = globalThis.clearTimeout

/** A clock that tells the sleep of who only looks after something from the sleep of who has work to do. */
export interface PatientClock extends Clock.Clock {
  readonly sleepIdle: (duration: Duration.Duration) => Effect.Effect<void>
}

const isPatient = (clock: Clock.Clock): clock is PatientClock => "sleepIdle" in clock

/** Sleeps on `clock`; on the real one by a timer that holds nothing. */
export const sleep = (clock: Clock.Clock, millis: number): Effect.Effect<void> =>
  isReal(clock)
    ? Effect.callback((resume) => {
      const timer = after(() => resume(Effect.void), millis)
      timer.unref()
      return Effect.sync(() => never(timer))
    })
    : isPatient(clock)
    ? clock.sleepIdle(Duration.millis(millis))
    : clock.sleep(Duration.millis(millis))
