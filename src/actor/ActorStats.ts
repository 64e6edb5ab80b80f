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
 *   yield* printer.ask.Print({ page: 4 })
 *   const { processed, waitTime } = yield* printer.stats
 *   yield* Console.log(processed, waitTime!.count, waitTime!.quantile(0.99) < 1000) // => 4 4 true
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
import { ActorSystem } from "./ActorSystem.ts"
import { MeasuresTimes } from "./kernel/Behaviour.ts"
import type { Counted, CountedType } from "./kernel/Counted.ts"

export type { Times } from "../runtime/Times.ts"
export type { ActorStats, Stats, TypeStats } from "./kernel/StatsView.ts"

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
