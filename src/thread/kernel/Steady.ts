/**
 * The clock and the scheduler of this library's own fibers: those of Effect, on the timers of the moment in which this module was
 * loaded.
 *
 * Effect looks for the timers of the process each time that it needs one, and a program that is run synchronously has a
 * scheduler that never lets the event loop have its turn. Here neither timers that somebody fakes for a moment nor the way in
 * which a layer happened to be built decide whether what waits ends. Only what is ordinary is replaced: a `TestClock`, a
 * simulation, a scheduler of somebody's own stay.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"

const { clearImmediate, clearTimeout, setImmediate, setTimeout } = globalThis

/** The longest period of a timer. */
const MAX_MILLIS = 0x7fffffff

const ordinary = Context.get(Context.empty(), Clock.Clock)

const sleepMillis = (millis: number): Effect.Effect<void> => {
  if (millis <= 0) return Effect.yieldNow
  if (millis === Infinity) return Effect.never
  return Effect.callback((resume) => {
    const rest = millis > MAX_MILLIS ? sleepMillis(millis - MAX_MILLIS) : Effect.void
    const timer = setTimeout(() => resume(rest), Math.min(millis, MAX_MILLIS))
    return Effect.sync(() => clearTimeout(timer))
  })
}

const clock: Clock.Clock = {
  currentTimeMillisUnsafe: () => ordinary.currentTimeMillisUnsafe(),
  currentTimeMillis: ordinary.currentTimeMillis,
  currentTimeNanosUnsafe: () => ordinary.currentTimeNanosUnsafe(),
  currentTimeNanos: ordinary.currentTimeNanos,
  monotonicTimeNanosUnsafe: () => ordinary.monotonicTimeNanosUnsafe(),
  monotonicTimeNanos: ordinary.monotonicTimeNanos,
  sleep: (duration) => sleepMillis(Duration.toMillis(duration))
}

const scheduler = new Scheduler.MixedScheduler("async", (run) => {
  const turn = setImmediate(run)
  return () => clearImmediate(turn)
})

/** Whether a clock shows the time that everybody has. */
export const isReal = (other: Clock.Clock): boolean => other === ordinary || other === clock

/** The clock to wait on in place of `other`. */
export const clockOf = (other: Clock.Clock): Clock.Clock => isReal(other) ? clock : other

const waysOfOrdinary = [
  new Scheduler.MixedScheduler("async").setImmediate,
  new Scheduler.MixedScheduler("sync").setImmediate
]

// Told by what it does, and not by its class.
const isOrdinary = (other: Scheduler.Scheduler & { readonly setImmediate?: unknown }): boolean =>
  waysOfOrdinary.some((way) => way === other.setImmediate)

/** Services for fibers that run somebody else's effects: their clock stays what it is. */
export const withScheduler = <R>(services: Context.Context<R>): Context.Context<R> =>
  isOrdinary(Context.get(services, Scheduler.Scheduler))
    ? Context.add(services, Scheduler.Scheduler, scheduler)
    : services

/** Services for fibers of our own. */
export const withBoth = <R>(services: Context.Context<R>): Context.Context<R> =>
  Context.add(withScheduler(services), Clock.Clock, clockOf(Context.get(services, Clock.Clock)))

/** Runs an effect of our own, and what it forks, on such services. */
export const steady = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.updateContext(effect, withBoth)
