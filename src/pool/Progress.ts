/**
 * How far a batch of jobs is: counted by `Pool.forEach`, `Pool.map`, `Pool.partition` and `Pool.reduce`, read by whoever shows it.
 *
 * The batch only counts. Who shows it asks when it likes, so that a slow terminal holds up nothing.
 *
 * **Example** (A line that is written four times a second)
 *
 * ```ts
 * import { Progress } from "shared-nothing"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const shown = (progress: Progress.Progress) =>
 *   Stream.runForEach(Progress.changes(progress, "250 millis"), (now) => Console.log(Progress.bar(now)))
 *
 * const program = Effect.flatMap(Progress.make, shown)
 * ```
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Counts, type Progress, type Snapshot } from "./internal/counts.ts"

export type { Progress, Snapshot } from "./internal/counts.ts"

/** How {@link bar} draws. */
export interface BarOptions {
  /** Characters of the bar itself; default 24. */
  readonly width?: number | undefined
}

/** A progress in which nothing has been counted. Several batches may count in one. */
export const make: Effect.Effect<Progress> = Effect.sync(() => new Counts())

/** How far it is every so often, from now on, and once more when all batches that count in it have ended; then the stream ends. */
export const changes = (progress: Progress, every: Duration.Input): Stream.Stream<Snapshot> => {
  const { awaitOver, snapshot } = progress as Counts
  return Stream.tick(every).pipe(
    Stream.mapEffect(() => snapshot),
    Stream.takeWhile(({ isOver }) => !isOver),
    Stream.interruptWhen(awaitOver),
    Stream.concat(Stream.fromEffect(snapshot))
  )
}

const MAX_WIDTH = 1000

const seconds = (millis: number): string => `${Math.ceil(millis / 1000)} s`

/** A line that shows it: `[############............] 50 of 100, 2 failed, 120/s, 4 s left`. */
export const bar = (
  { done, elapsedMillis, failed, isOver, perSecond, remainingMillis, total }: Snapshot,
  { width: wanted = 24 }: BarOptions = {}
): string => {
  // A terminal of no width has no bar.
  const width = wanted > 0 ? Math.min(Math.trunc(wanted), MAX_WIDTH) : 0
  const part = total === undefined || total === 0 ? (isOver ? 1 : 0) : Math.min(1, done / total)
  const filled = Math.round(width * part)
  const rate = perSecond >= 10 ? perSecond.toFixed(0) : perSecond.toFixed(1)
  return [
    `[${"#".repeat(filled)}${".".repeat(width - filled)}] ${done}${total === undefined ? "" : ` of ${total}`}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    `${rate}/s`,
    ...(isOver
      ? [`in ${seconds(elapsedMillis)}`]
      : remainingMillis === undefined
      ? []
      : [`${seconds(remainingMillis)} left`])
  ].join(", ")
}
