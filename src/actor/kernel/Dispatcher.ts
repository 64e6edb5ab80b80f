/**
 * Runs the actors of one thread: those that have messages, in turn, a bounded number of messages each.
 *
 * It is driven by the `Scheduler` that was current when the system was built, and each turn runs a snapshot of the ready
 * actors: work that arrives meanwhile waits for the next turn, which is what keeps input and output served and lets
 * `TestClock` follow every hop.
 */
import type * as Scheduler from "effect/Scheduler"

/** Messages that one actor may handle before the others have their turn. */
export const THROUGHPUT = 256

/** Something with messages to handle. */
export interface Runnable {
  /** Handles up to `budget` messages; enqueues itself again when more are left. */
  run(budget: number): void
}

/** See the module. */
export class Dispatcher {
  declare private readonly kick: Scheduler.SchedulerDispatcher
  declare private readonly turn: () => void
  declare private ready: Array<Runnable>
  declare private running: Array<Runnable>
  declare private isScheduled: boolean
  constructor(scheduler: Scheduler.Scheduler) {
    this.kick = scheduler.makeDispatcher()
    this.ready = []
    this.running = []
    this.isScheduled = false
    this.turn = () => {
      this.isScheduled = false
      this.drain()
    }
  }

  /** Whether an actor waits for its turn. */
  get isIdle(): boolean {
    return this.ready.length === 0
  }

  /** Gives `runnable` a turn. */
  enqueue(runnable: Runnable): void {
    this.ready.push(runnable)
    if (!this.isScheduled) {
      this.isScheduled = true
      this.kick.scheduleTask(this.turn, 0)
    }
  }

  /** Runs the actors that are ready now, once each. A loop that has just delivered messages calls this itself. */
  drain(): void {
    const batch = this.ready
    if (batch.length === 0) return
    this.ready = this.running
    this.running = batch
    for (let i = 0; i < batch.length; i++) batch[i]!.run(THROUGHPUT)
    batch.length = 0
  }
}
