/**
 * What the event loop of a worker is used for, as the worker can tell: how long it was not idle, and for how long something else had it while the worker had no job.
 *
 * ```text
 *  job ends ── looks ── asleep ─── looks ── asleep ─── the next job begins
 *           └───── what is taken for it ─────┘
 *              its length - how long the loop was idle - how long the worker slept with its thread - what looking takes
 * ```
 *
 * The time between two jobs is looked at in such stretches, each up to a moment at which the worker falls asleep, or begins a job. A loop is never idle while its worker looks for work, so
 * nobody asks it between jobs that come one after the other.
 *
 * To say how far a loop is used it would be enough to know how long it was idle. But of a worker that looks for jobs it is not, and neither is it while the worker sleeps with its thread: neither keeps a job
 * waiting.
 */
import type { JobMeters } from "../../memory/JobMeters.ts"

/** How long a worker looks at most before it falls asleep, with what falling asleep takes. */
const LOOK_MILLIS = 0.25

/** How often a worker that is never asleep says how far its loop is used. */
const TELL_MILLIS = 100

/** See the module. */
export class LoopMeter {
  private readonly meters: JobMeters
  private readonly place: number
  private readonly idleMillis: () => number
  private readonly beganAt: number
  private readonly beganIdle: number
  /** How long it was not idle, as it was told last, and when that is told again. */
  private told = 0
  private tellAt: number
  /** How long the worker has slept with its thread. */
  private restedMillis = 0
  /** Since when it has had no job, as far as that is not accounted for; with what the loop had been idle for and the worker had slept by then. */
  private since: number
  private sinceIdle: number | undefined
  private sinceRested = 0
  private hasJob = false

  constructor(meters: JobMeters, place: number, idleMillis: () => number, nowMillis: number) {
    this.meters = meters
    this.place = place
    this.idleMillis = idleMillis
    this.beganAt = nowMillis
    this.beganIdle = idleMillis()
    this.tellAt = nowMillis + TELL_MILLIS
    this.since = nowMillis
    this.sinceIdle = this.beganIdle
  }

  /** The worker is awake. */
  look(nowMillis: number): void {
    if (nowMillis >= this.tellAt) this.tell(nowMillis)
  }

  /** It has no job any more. */
  idle(nowMillis: number): void {
    this.hasJob = false
    this.since = nowMillis
    this.sinceIdle = undefined
    this.sinceRested = this.restedMillis
  }

  /** It has a job. */
  begun(nowMillis: number): void {
    if (nowMillis - this.since > LOOK_MILLIS) {
      this.account(nowMillis, this.sinceIdle === undefined ? 0 : this.idleMillis())
    }
    this.hasJob = true
  }

  /** It falls asleep, and leaves the thread to the event loop. */
  asleep(nowMillis: number): void {
    const idle = this.tell(nowMillis)
    if (!this.hasJob) this.account(nowMillis, idle)
  }

  /** It has slept with its thread for so long. */
  rested(millis: number): void {
    this.restedMillis += millis
  }

  private account(nowMillis: number, idle: number): void {
    const { meters, place, restedMillis, since, sinceIdle = idle, sinceRested } = this
    const millis = nowMillis - since - (idle - sinceIdle) - (restedMillis - sinceRested) - LOOK_MILLIS
    if (millis > 0) meters.wasElsewhere(place, millis)
    this.since = nowMillis
    this.sinceIdle = idle
    this.sinceRested = restedMillis
  }

  private tell(nowMillis: number): number {
    const idle = this.idleMillis()
    const used = nowMillis - this.beganAt - (idle - this.beganIdle) - this.restedMillis
    this.tellAt = nowMillis + TELL_MILLIS
    if (used <= this.told) return idle
    this.meters.loopRan(this.place, used - this.told)
    this.told = used
    return idle
  }
}
