/**
 * How long jobs may run that have a limit for it: noticed by the thread that has submitted them, so that one that holds its own thread is noticed too.
 *
 * ```text
 *  submitted ── waits ──► its handler is called: the worker notes when ── runs ──► over: withdrawn, as a job that nobody waits for any more
 *      └─ look ──── look ──────┼─────────────── look: so long is left ─────────────► look
 * ```
 *
 * A look reads what the worker has noted, and sends nothing. One that finds the job waiting is followed by the next after a whole limit: a run that begins
 * behind it is not over before that.
 */
import { Deadline, type Deadlines } from "../../actor/kernel/Deadlines.ts"
import { type JobTable, QUEUED, RUNNING } from "../../memory/JobTable.ts"

/** A time as the start of a run: never 0, and rounded up, so that no run seems longer than it is. */
export const startAt = (nowMillis: number): number => (Math.ceil(nowMillis) | 0) || 1

/** How long a run has taken that has started so. */
const ranSince = (start: number, nowMillis: number): number => Math.max(0, ((Math.trunc(nowMillis) | 0) - start) | 0)

/** How long jobs that wait are left alone at least: a queue of them with a short limit would be all that is looked at. */
const LEAST_MILLIS = 10

/** A job that has run for longer than it may. */
export interface Overrun {
  readonly limitMillis: number
  /** From its submission to the start of this run; where it was begun before, that counts. */
  readonly waitedMillis: number
  readonly ranMillis: number
}

/** Why one is interrupted for which nobody waits. */
export const whyOver = ({ limitMillis, ranMillis }: Overrun): string =>
  `it has run for ${ranMillis} ms, and may for ${limitMillis}`

/** Whose jobs they are. */
interface Options {
  readonly table: JobTable
  readonly deadlines: Deadlines
  /** Whether workers have the same time: else nobody knows for how long a run has gone on, and none is over. */
  readonly sharesTime: boolean
  /** A job has run for longer than it may, and is not looked at any more. */
  readonly over: (slot: number, overrun: Overrun) => void
}

class RunLimit extends Deadline {
  declare readonly slot: number
  declare readonly limitMillis: number
  declare readonly sinceMillis: number
  declare private readonly look: (limit: RunLimit) => void
  constructor(slot: number, limitMillis: number, sinceMillis: number, look: (limit: RunLimit) => void) {
    super()
    this.slot = slot
    this.limitMillis = limitMillis
    this.sinceMillis = sinceMillis
    this.look = look
  }

  expire(): void {
    this.look(this)
  }
}

/** Those of the jobs of a submitter. */
export class RunLimits {
  private readonly options: Options
  private readonly all = new Map<number, RunLimit>()
  private readonly look = (limit: RunLimit): void => this.lookAt(limit)

  constructor(options: Options) {
    this.options = options
  }

  /** The job of a slot may run for so long; it waits since a time, NaN for now. */
  watch(slot: number, limitMillis: number, sinceMillis: number, firstMillis = limitMillis): void {
    const { deadlines, sharesTime } = this.options
    if (!sharesTime) return
    const limit = new RunLimit(slot, limitMillis, sinceMillis >= 0 ? sinceMillis : deadlines.now(), this.look)
    this.all.set(slot, limit)
    deadlines.add(limit, firstMillis)
  }

  /** The same of a job that somebody else has looked after until now, which may have run for long: it is looked at soon. */
  inherit(slot: number, limitMillis: number): void {
    this.watch(slot, limitMillis, NaN, Math.min(limitMillis, LEAST_MILLIS))
  }

  private lookAt(limit: RunLimit): void {
    const { options: { deadlines, over, table } } = this
    const { limitMillis, sinceMillis, slot } = limit
    const now = deadlines.now()
    const start = table.startOf(slot)
    const stage = table.stageOf(slot)
    // What has ended, or is given up, takes no more time of its worker's.
    if (stage !== QUEUED && stage !== RUNNING) return void this.all.delete(slot)
    if (stage === QUEUED || start === 0) return deadlines.add(limit, Math.max(limitMillis, LEAST_MILLIS))
    const ranMillis = ranSince(start, now)
    if (ranMillis < limitMillis) return deadlines.add(limit, limitMillis - ranMillis)
    this.all.delete(slot)
    over(slot, { limitMillis, ranMillis, waitedMillis: Math.max(0, now - ranMillis - sinceMillis) })
  }

  /** The slot has another job from now on, or none, or nobody waits for the one that it has. */
  forget(slot: number): void {
    const limit = this.all.size === 0 ? undefined : this.all.get(slot)
    if (limit === undefined) return
    this.all.delete(slot)
    this.options.deadlines.remove(limit)
  }

  clear(): void {
    for (const limit of this.all.values()) this.options.deadlines.remove(limit)
    this.all.clear()
  }
}
