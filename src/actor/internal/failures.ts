/**
 * What is remembered about an actor that has failed: its restarts within the window, and how far its backoff has come.
 *
 * It exists from the first failure on, so that the actors that never fail cost nothing.
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Backoff from "../../supervisor/Backoff.ts"
import * as Intensity from "../../supervisor/Intensity.ts"
import type { Behaviour } from "../kernel/Behaviour.ts"

/** See the module. */
export class Failures {
  readonly window: Intensity.RestartWindow
  readonly backoff: Backoff.Backoff | undefined
  constructor(behaviour: Behaviour) {
    const { backoff, intensity } = behaviour
    this.window = new Intensity.RestartWindow(intensity.restarts, intensity.withinMillis)
    this.backoff = backoff === undefined
      ? undefined
      : Backoff.make({ schedule: backoff, resetAfter: Duration.millis(intensity.withinMillis) })
  }
}

/** The pause before the next restart; `undefined` when the schedule has ended, which counts as too many restarts. */
export const pause = (
  failures: Failures,
  nowMillis: number,
  cause: Cause.Cause<unknown>
): Effect.Effect<Duration.Duration | undefined> =>
  failures.backoff === undefined
    ? Effect.succeed(Duration.zero)
    : Effect.map(failures.backoff.next(nowMillis, cause), Option.getOrUndefined)
