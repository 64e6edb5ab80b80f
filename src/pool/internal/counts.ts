/**
 * How far batches of jobs are, as they count it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"

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

/** What whoever shows it has. */
export interface Progress {
  readonly [TypeId]: typeof TypeId
  /** How far it is now. */
  readonly snapshot: Effect.Effect<Snapshot>
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

  /** One that knows has so many jobs more. */
  more(jobs: number): void {
    this.known += jobs
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
