/**
 * Tasks that run in their order, one after the other: those of a fiber, of a port in one direction, of a loop. Between lanes
 * there is no order.
 */

/** A thread as the order of tasks needs it. */
export interface Strand {
  readonly name: string
  /** Its number in the run: no other incarnation, and no other thread, has it. */
  readonly number: number
  /** Nothing of it runs any more. */
  isDead: boolean
  /** Nothing of it runs before this time. */
  stalledUntil: number
  /** Runs a task as this thread, with all that its end brings along. */
  run(task: () => void): void
}

/** See the module. */
export class Lane {
  declare readonly strand: Strand
  /** What its tasks are, for reports. */
  declare readonly what: string
  /** Whether it is a sign of life, or somebody who looks for one: that is no progress. */
  declare readonly isIdle: boolean
  declare readonly tasks: Array<() => void>
  declare isReady: boolean
  /** Whether none of its tasks runs by itself for a while. */
  declare isHeld: boolean
  constructor(strand: Strand, what: string, isIdle = false) {
    this.strand = strand
    this.what = what
    this.isIdle = isIdle
    this.tasks = []
    this.isReady = false
    this.isHeld = false
  }
}
