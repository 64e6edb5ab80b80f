/**
 * What actors have done, and have still to do: of one (`ref.stats`), of all of a definition (`Counter.stats`, `Counter.statsOfEach`), of a whole system
 * (`ActorSystem.stats`), wherever they live.
 *
 * Counts are always there, and cost no memory as long as an actor is idle. Times are measured where {@link layerTimes}, or the option `times` of a behaviour, says so: two looks
 * at the clock a message, and two kilobytes for an actor that has handled some. How long one reply has taken is told by `ref.askTimed`, whatever is measured otherwise.
 *
 * **Details** Counts go on over restarts of an actor, and those of a definition over the ends of its actors: also of keys that are passivated. What was counted on a thread
 * ends with that thread.
 *
 * **Example** (How long messages wait)
 *
 * ```ts run
 * import { Actor, ActorStats, ActorSystem } from "shared-nothing"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 *
 * const Printer = Actor.make("Printer", [Rpc.make("Print", { payload: { page: Schema.Int } })])
 * const PrinterLive = Printer.toLayer(Effect.succeed(Printer.of({ Print: () => Effect.void })))
 *
 * const program = Effect.gen(function*() {
 *   const printer = yield* Printer.spawn("office")
 *   for (const page of [1, 2, 3]) yield* printer.tell.Print({ page })
 *   yield* Console.log((yield* printer.stats).pending) // => 3
 *   yield* Effect.yieldNow
 *   const { processed, waitTime } = yield* printer.stats
 *   yield* Console.log(processed, waitTime!.count, waitTime!.quantile(0.99) < 1000) // => 3 3 true
 * })
 *
 * await Effect.runPromise(Effect.scoped(program).pipe(
 *   Effect.provide(PrinterLive.pipe(Layer.provide(ActorStats.layerTimes), Layer.provideMerge(ActorSystem.layer)))
 * ))
 * ```
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import type { Times } from "../runtime/Times.ts"
import { ActorSystem } from "./ActorSystem.ts"
import { MeasuresTimes } from "./kernel/Behaviour.ts"
import type { Counted, CountedType } from "./kernel/Counted.ts"

export type { Times } from "../runtime/Times.ts"

/** What is counted, of one actor or of several together. */
export interface Stats {
  /** Messages that a handler has come to its end with, whatever that was; one that was handed out again counts each time. What is put off was not handled yet. */
  readonly processed: number
  /** How many of these handlers have failed, with a declared error or a defect. One that was interrupted has not. */
  readonly failed: number
  /** Messages that wait, are put off or are being handled. Across threads, what is on its way does not count yet. */
  readonly pending: number
  /** Tells that were accepted and will not be handled: the mailbox was full, or the actor has ended. */
  readonly dropped: number
  /** Senders that wait for room in the mailbox; of other threads each knows its own. */
  readonly waitingSenders: number
  /** How often the actor was started again. */
  readonly restarts: number
  /** How long the message has waited that has waited longest, in milliseconds; `undefined` when none waits, or times are not measured. */
  readonly oldestMillis: number | undefined
  /**
   * How long messages have waited until a handler began with them, each time that one did: `waitTime.quantile(0.99)` is in milliseconds. `undefined` where times are not measured, or no
   * message has come. What other threads have put into a mailbox that survives its thread is not counted here, since nobody knows when that was.
   */
  readonly waitTime: Times | undefined
  /** How long handlers have taken to their ends. */
  readonly handlingTime: Times | undefined
}

/** What an actor has done, and has still to do. */
export interface ActorStats extends Stats {
  /** The key it was spawned under. */
  readonly key: string
}

/** What the actors of one definition have done together, those that have ended included, and have still to do. */
export interface TypeStats extends Stats {
  /** The name of the definition. */
  readonly name: string
  /** How many there are. */
  readonly actors: number
  /** The threads that have not answered within a second: what is there is missing. */
  readonly missing: ReadonlyArray<string>
}

/**
 * Writes what is counted into Effect's metrics, again and again, so that whatever exports those has it: a series for each definition, with its name as the attribute `actor`.
 *
 * **Details** The counters are `actor_messages_processed`, `actor_messages_failed`, `actor_messages_dropped` and `actor_restarts`, the gauges `actor_messages_pending` and
 * `actor_count`. While a thread does not answer, nothing is written; what a thread had counted that has died stays as it was written last. Default every 10 seconds.
 */
export const layerMetrics = (
  options?: { readonly every?: Duration.Input | undefined }
): Layer.Layer<never, never, ActorSystem> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const { counted } = yield* ActorSystem
    const counters = {
      processed: Metric.counter("actor_messages_processed", { incremental: true }),
      failed: Metric.counter("actor_messages_failed", { incremental: true }),
      dropped: Metric.counter("actor_messages_dropped", { incremental: true }),
      restarts: Metric.counter("actor_restarts", { incremental: true })
    }
    const gauges = { pending: Metric.gauge("actor_messages_pending"), actors: Metric.gauge("actor_count") }
    const written = new Map<string, Counted>()
    const write = Effect.fnUntraced(function*({ name, sums }: CountedType) {
      const before = written.get(name)
      written.set(name, sums)
      for (const what of ["processed", "failed", "dropped", "restarts"] as const) {
        const more = Math.max(0, sums[what] - (before?.[what] ?? 0))
        yield* Metric.update(Metric.withAttributes(counters[what], { actor: name }), more)
      }
      for (const what of ["pending", "actors"] as const) {
        yield* Metric.update(Metric.withAttributes(gauges[what], { actor: name }), sums[what])
      }
    })
    const writeAll = Effect.flatMap(
      counted({ name: undefined, each: false }),
      ({ missing, types }) => missing.length > 0 ? Effect.void : Effect.forEach(types, write, { discard: true })
    )
    yield* Effect.forkScoped(Effect.repeat(writeAll, Schedule.spaced(options?.every ?? "10 seconds")))
  }))

/** Has the behaviours that are provided with it measure times, unless they say otherwise themselves. */
export const layerTimes: Layer.Layer<never> = Layer.succeed(MeasuresTimes, true)
