/**
 * Waiting for something that happens elsewhere: look, let the others run, look again, until a deadline.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

// One turn of the real event loop: fibers, timers and messages of other threads get theirs, whatever clock the test has.
const eventLoop = Effect.callback<void>((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

/** How a test gives way, and the time by which it loses its patience. */
export interface Turns {
  readonly turn: Effect.Effect<void>
  readonly nowMillis: Effect.Effect<number>
}

const Waiting = Context.Reference<Turns>("test/Waiting", {
  defaultValue: () => ({ turn: eventLoop, nowMillis: Effect.sync(() => performance.now()) })
})

/** In a simulation time passes only while nothing else can run. */
export const inSimulation = Effect.provideService(Waiting, {
  turn: Effect.sleep(1),
  nowMillis: Clock.currentTimeMillis
})

const turn = Effect.flatMap(Waiting, ({ turn }) => turn)
const nowMillis = Effect.flatMap(Waiting, ({ nowMillis }) => nowMillis)

/** Looks until what it sees `holds`, and answers with that; dies with the last thing seen when it takes too long. */
export const eventually = <A, E, R>(
  look: Effect.Effect<A, E, R>,
  holds: (seen: A) => boolean,
  what: string,
  patienceMillis = 60_000
): Effect.Effect<A, E, R> =>
  Effect.gen(function*() {
    const deadline = (yield* nowMillis) + patienceMillis
    while (true) {
      const seen = yield* look
      if (holds(seen)) return seen
      if ((yield* nowMillis) > deadline) throw new Error(`${what}: not so after a while, but ${JSON.stringify(seen)}`)
      yield* turn
    }
  })

/** Lets everything run that can run without time passing. */
export const settle: Effect.Effect<void> = Effect.repeat(Effect.andThen(Effect.yieldNow, turn), { times: 10 })
