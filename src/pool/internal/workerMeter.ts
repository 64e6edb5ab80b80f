/**
 * Counts what a worker does, without a look at the clock of its own for jobs that come one after the other.
 *
 * A turn reads the clock after each job that takes long and after several that do not (`Turn`). The jobs between two looks have run for the same time each: that is
 * exact where they take a tenth of a millisecond or more, one after the other, and the mean of up to sixteen where they are quicker.
 */
import { JobMeters } from "../../memory/JobMeters.ts"
import type { Turn } from "../../runtime/Turn.ts"
import { LoopMeter } from "./loopMeter.ts"
import type { Access } from "./memory.ts"
import type { Seat } from "./seat.ts"

/** Whose meter it is, and by which clock. */
interface Times {
  readonly place: number
  /** The number of its incarnation. */
  readonly number: number
  /** Whether it has the same time as those who submit. */
  readonly knowsTime: boolean
  readonly now: () => number
  /** How long its event loop has been idle; nothing where it has none of its own. */
  readonly loopIdle: (() => number) | undefined
}

/** See the module. */
export class WorkerMeter {
  private readonly table: Access["table"]
  private readonly meters: JobMeters
  private readonly turn: Turn
  private readonly place: number
  private readonly now: () => number
  private readonly knowsTime: boolean
  private readonly loop: LoopMeter | undefined
  /** What the time of the pool is when the clock of the turns is at 0. */
  private readonly baseMillis: number
  /** The time of the pool, as it was seen last. */
  private lastMillis = -Infinity
  /** When the worker had no job last. */
  private busySince = -Infinity
  /** Jobs that have ended since the clock was read. */
  private jobs = 0
  private isIdle = true

  constructor(
    { memory, table, thread: { runtime, turn } }: Access,
    { knowsTime, loopIdle, now, number, place }: Times
  ) {
    this.table = table
    this.meters = new JobMeters(memory.meters)
    this.turn = turn
    this.place = place
    this.now = now
    this.knowsTime = knowsTime
    this.baseMillis = now() - runtime.nowMillis()
    this.meters.opened(place, number)
    this.loop = loopIdle === undefined ? undefined : new LoopMeter(this.meters, place, loopIdle, now())
  }

  /** Reads the clock: a turn of the worker begins, or goes on after something else. Answers the time. */
  look(): number {
    this.lastMillis = this.now()
    this.loop?.look(this.lastMillis)
    return this.lastMillis
  }

  begun(slot: number, seat: Seat): void {
    const { knowsTime, lastMillis, place, table } = this
    seat.since = lastMillis
    if (this.isIdle) {
      this.isIdle = false
      this.busySince = lastMillis
      this.loop?.begun(lastMillis)
    }
    this.meters.begun(place, lastMillis, knowsTime ? Math.max(0, lastMillis - table.queuedOf(slot)) : NaN)
  }

  /** A job has ended that had only begun: when is said by {@link tick}. */
  endedAtOnce(): void {
    this.jobs++
    this.meters.ended(this.place)
  }

  /** A job has ended after its handler had waited for something. */
  ended({ since }: Seat, isLast: boolean): void {
    const now = this.now()
    this.meters.ended(this.place)
    this.meters.ranFor(this.place, 1, now - since)
    if (isLast) this.idle(now)
  }

  /** A job that was begun leaves again: its handler has not been called. */
  putBack(isLast: boolean): void {
    this.meters.putBack(this.place)
    if (isLast && this.jobs === 0) this.idle(this.now())
  }

  private idle(now: number): void {
    this.isIdle = true
    this.meters.idle(this.place, now - this.busySince)
    this.loop?.idle(now)
  }

  /** The turn may have read the clock since the last job. */
  tick(hasJobs: boolean): void {
    const now = this.turn.seenMillis + this.baseMillis
    if (now > this.lastMillis) this.pass(now, hasJobs)
  }

  /** No job follows for now. */
  flush(hasJobs: boolean): void {
    if (this.jobs > 0) this.pass(this.now(), hasJobs)
  }

  private pass(now: number, hasJobs: boolean): void {
    const { jobs, lastMillis } = this
    this.lastMillis = now
    if (jobs === 0) return
    this.jobs = 0
    this.meters.ranFor(this.place, jobs, (now - lastMillis) / jobs)
    if (!hasJobs && !this.isIdle) this.idle(now)
  }

  stole(): void {
    this.meters.stole(this.place)
  }

  /** It falls asleep, and leaves the thread to the event loop. */
  asleep(): void {
    this.meters.slept(this.place)
    this.loop?.asleep(this.now())
  }

  /** It falls asleep with its thread. */
  resting(): void {
    this.meters.slept(this.place)
  }

  /** It has slept with its thread for so long. */
  rested(millis: number): void {
    this.loop?.rested(millis)
  }
}
