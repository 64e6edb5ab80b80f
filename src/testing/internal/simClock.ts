/**
 * The clock of a simulated thread: the one virtual time, with a wall clock that may be wrong.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { PatientClock } from "../../thread/kernel/Patience.ts"
import { Lane, type Strand } from "./lane.ts"
import type { Late, World } from "./world.ts"

const nanosOf = (millis: number): bigint => BigInt(Math.round(millis * 1e6))

/** See the module. */
export class SimClock implements Clock.Clock, PatientClock {
  declare private readonly world: World
  declare private readonly strand: Strand
  declare private readonly late: Late
  /** How far the wall clock of this thread is off. */
  declare skewMillis: number
  constructor(world: World, strand: Strand, late: Late) {
    this.world = world
    this.strand = strand
    this.late = late
    this.skewMillis = 0
  }

  currentTimeMillisUnsafe(): number {
    return this.world.now + this.skewMillis
  }
  currentTimeNanosUnsafe(): bigint {
    return nanosOf(this.world.now + this.skewMillis)
  }
  monotonicTimeNanosUnsafe(): bigint {
    return nanosOf(this.world.now)
  }
  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe())
  readonly monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return this.sleepFor(duration, false)
  }
  sleepIdle(duration: Duration.Duration): Effect.Effect<void> {
    return this.sleepFor(duration, true)
  }

  private sleepFor(duration: Duration.Duration, isIdle: boolean): Effect.Effect<void> {
    const { strand, world } = this
    return Effect.suspend(() => {
      const millis = Duration.toMillis(duration)
      if (millis === Infinity) return Effect.never
      return Effect.callback<void>((resume) => {
        const lane = new Lane(strand, "timer", isIdle)
        const due = () => {
          const millis = isIdle ? 0 : this.late("lateTimer")
          if (millis > 0) world.hold(lane, world.now + millis)
          world.add(lane, () => resume(Effect.void))
        }
        const timer = world.at(world.now + millis, "sleep", strand, due, isIdle)
        return Effect.sync(() => world.timers.remove(timer))
      })
    })
  }
}
