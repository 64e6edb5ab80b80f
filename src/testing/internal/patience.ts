/**
 * Waiting in a test, whatever its clock is: the clock of a test is moved by who waits, a simulated or a real one moves by itself.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

interface Movable extends Clock.Clock {
  readonly adjust: (duration: Duration.Input) => Effect.Effect<void>
}

const isMovable = (clock: Clock.Clock): clock is Movable => "adjust" in clock

/** Turns in which what is under way may arrive before any time passes. */
const TURNS = 64

/**
 * Looks until there is an answer, for at most so long; first without letting time pass, so that what needs no time is seen at
 * its own moment.
 */
export const within = <A>(duration: Duration.Input, look: () => A | undefined): Effect.Effect<A | undefined> =>
  Effect.gen(function*() {
    for (let turn = 0; turn < TURNS; turn++) {
      const seen = look()
      if (seen !== undefined) return seen
      yield* Effect.yieldNow
    }
    const clock = yield* Clock.Clock
    const millis = Duration.toMillis(Duration.fromInputUnsafe(duration))
    const end = clock.currentTimeMillisUnsafe() + millis
    // Small steps: what arrives in one of them is seen before the next.
    const stepMillis = Math.max(1, millis / 100)
    while (clock.currentTimeMillisUnsafe() < end) {
      const left = Math.min(stepMillis, end - clock.currentTimeMillisUnsafe())
      yield* isMovable(clock) ? clock.adjust(left) : clock.sleep(Duration.millis(left))
      const seen = look()
      if (seen !== undefined) return seen
    }
    return look()
  })

/** Lets time pass until an effect is done: for what may wait for a deadline on a clock that nobody moves. */
export const hurried = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Clock.Clock, (clock) =>
    isMovable(clock)
      ? Effect.raceFirst(
        effect,
        Effect.andThen(
          Effect.repeat(Effect.yieldNow, { times: TURNS }),
          Effect.andThen(clock.adjust("1 hour"), Effect.never)
        )
      )
      : effect)
