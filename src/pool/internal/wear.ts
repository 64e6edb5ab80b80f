/**
 * Notices when a worker is worn: it has done so many jobs, has been there for so long, or its heap has grown. It looks between jobs, and says so once.
 *
 * The heap holds what is not collected yet, too: it has to be too large at two looks, a second apart, and a busy thread has collected in between.
 */

/** After what a worker is made anew. */
export interface Limits {
  readonly heapBytes: number
  readonly jobs: number
  readonly ageMillis: number
}

/** What it was worn by. */
export interface Worn {
  readonly why: "heap" | "jobs" | "age"
  readonly heapBytes: number
  readonly jobs: number
  readonly ageMillis: number
}

const LOOK_MILLIS = 1000

/** See the module. */
export class Wear {
  private readonly limits: Limits
  private readonly heapUsed: () => number
  private readonly told: (worn: Worn) => void
  private readonly beganMillis: number
  private lookAt: number
  private isLarge = false
  private isTold = false

  constructor(limits: Limits, nowMillis: number, heapUsed: () => number, told: (worn: Worn) => void) {
    this.limits = limits
    this.heapUsed = heapUsed
    this.told = told
    this.beganMillis = nowMillis
    this.lookAt = nowMillis
  }

  /** So many jobs have been done by this time. */
  look(jobs: number, nowMillis: number): void {
    const { beganMillis, limits } = this
    if (this.isTold || jobs === 0) return
    const ageMillis = nowMillis - beganMillis
    if (jobs >= limits.jobs) this.tell("jobs", jobs, ageMillis)
    else if (ageMillis >= limits.ageMillis) this.tell("age", jobs, ageMillis)
    else if (limits.heapBytes < Infinity && nowMillis >= this.lookAt) this.lookAtHeap(jobs, nowMillis)
  }

  private lookAtHeap(jobs: number, nowMillis: number): void {
    this.lookAt = nowMillis + LOOK_MILLIS
    const wasLarge = this.isLarge
    this.isLarge = this.heapUsed() > this.limits.heapBytes
    if (wasLarge && this.isLarge) this.tell("heap", jobs, nowMillis - this.beganMillis)
  }

  private tell(why: Worn["why"], jobs: number, ageMillis: number): void {
    this.isTold = true
    this.told({ why, heapBytes: this.heapUsed(), jobs, ageMillis })
  }
}
