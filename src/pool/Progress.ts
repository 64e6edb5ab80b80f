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
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"

const TypeId = "~shared-nothing/pool/Progress" as const

/** What has been done at one moment. */
export interface Snapshot {
  /** Jobs that have ended, those that failed included. */
  readonly done: number
  /** Jobs that have failed or were interrupted. */
  readonly failed: number
  /** All jobs, where the batch knows: nobody knows how long a stream is. */
  readonly total: number | undefined
  /** Milliseconds since the first batch began; 0 before. */
  readonly elapsedMillis: number
  /** Jobs a second since then; 0 as long as nothing has ended. */
  readonly perSecond: number
  /** What the rest takes at that rate, in milliseconds; `undefined` as long as nobody can say. */
  readonly remainingMillis: number | undefined
  /** Whether all batches that count here have ended, whatever way. */
  readonly isOver: boolean
}

/** See the module. */
export interface Progress {
  readonly [TypeId]: typeof TypeId
  /** How far it is now. */
  readonly snapshot: Effect.Effect<Snapshot>
}

/** How {@link bar} draws. */
export interface BarOptions {
  /** Characters of the bar itself; default 24. */
  readonly width?: number | undefined
}

/** What a batch tells the progress that it counts in. */
export class Counts implements Progress {
  readonly [TypeId] = TypeId
  private done = 0
  private failed = 0
  /** Jobs of the batches that know how many they are. */
  private known = 0
  /** Whether a batch counts here that does not. */
  private isOpen = false
  private beganMillis = 0
  private endedMillis = 0
  private batches = 0
  /** Open once there have been batches and all of them are over. */
  private readonly over = Latch.makeUnsafe(false)

  readonly snapshot: Effect.Effect<Snapshot> = Effect.map(Clock.currentTimeMillis, (now) => this.at(now))

  /** Waits until {@link Snapshot.isOver}. */
  readonly awaitOver: Effect.Effect<void> = this.over.await

  private at(nowMillis: number): Snapshot {
    const { done, failed, isOpen, known } = this
    const isOver = this.over.isOpen()
    const hasBegun = this.batches > 0 || isOver
    // A clock of the wall may be set back.
    const elapsedMillis = hasBegun ? Math.max(0, (isOver ? this.endedMillis : nowMillis) - this.beganMillis) : 0
    const total = hasBegun && !isOpen ? known : undefined
    const perSecond = elapsedMillis > 0 ? done * 1000 / elapsedMillis : 0
    const left = total !== undefined && done > 0 ? elapsedMillis * (total - done) / done : undefined
    return { done, failed, total, elapsedMillis, perSecond, remainingMillis: isOver ? 0 : left, isOver }
  }

  /** A batch begins, of so many jobs if it knows. */
  begin(jobs: number | undefined, nowMillis: number): void {
    if (this.batches === 0 && !this.over.isOpen()) this.beganMillis = nowMillis
    this.batches++
    this.over.closeUnsafe()
    if (jobs === undefined) this.isOpen = true
    else this.known += jobs
  }

  /** A job of it has ended. */
  readonly count = (exit: Exit.Exit<unknown, unknown>): void => {
    this.done++
    if (Exit.isFailure(exit)) this.failed++
  }

  /** A batch has ended, by its last job or before. */
  end(nowMillis: number): void {
    this.batches--
    this.endedMillis = nowMillis
    if (this.batches === 0) this.over.openUnsafe()
  }
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

const seconds = (millis: number): string => `${Math.ceil(millis / 1000)} s`

/** A line that shows it: `[############............] 50 of 100, 2 failed, 120/s, 4 s left`. */
export const bar = (
  { done, elapsedMillis, failed, isOver, perSecond, remainingMillis, total }: Snapshot,
  { width = 24 }: BarOptions = {}
): string => {
  const part = total === undefined || total === 0 ? (isOver ? 1 : 0) : done / total
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
