/**
 * Runs the actors of one thread: those that have messages, in turn, a bounded number of messages each, until the time of
 * the turn is up.
 *
 * It is driven by the thread's own event loop, or by the `Scheduler` that was current when the system was built where that
 * is a special one. A turn runs the ready actors in passes: each takes a snapshot, and work that arrives meanwhile waits for the
 * next one. There is a bounded number of them, so input, output, promises and fibers are served however long actors keep each other
 * busy; a special scheduler gets a task for each pass and follows every hop. It runs in the async context of nobody, whoever gave
 * it work.
 */
import * as Scheduler from "effect/Scheduler"
import type { Runtime } from "../../runtime/Runtime.ts"
import type { Turn } from "../../runtime/Turn.ts"

/** Messages that one actor may handle before the others have their turn. */
export const THROUGHPUT = 256

/** Passes of a turn, at most: a message that actors hand on goes so many hops for one turn of the event loop, which costs as much as ten hops. */
export const PASSES = 16

/** Something with messages to handle. */
export interface Runnable {
  /** Handles up to `budget` messages, at least one; enqueues itself again when more are left. */
  run(budget: number): void
  /** What `run` has thrown: it is this one's own trouble, and the turn goes on. */
  failed(defect: unknown): void
}

/** See the module. */
export class Dispatcher {
  declare private readonly kick: (run: () => void) => void
  declare private readonly passes: number
  declare private readonly turn: Turn
  declare private readonly scheduled: () => void
  declare private ready: Array<Runnable>
  declare private running: Array<Runnable>
  declare private isScheduled: boolean
  constructor(scheduler: Scheduler.Scheduler, runtime: Runtime, turn: Turn) {
    // The ordinary scheduler looks for the timers of the process at each call, which may be somebody's fake ones by then.
    const dispatcher = scheduler instanceof Scheduler.MixedScheduler ? undefined : scheduler.makeDispatcher()
    this.kick = dispatcher === undefined ? runtime.immediate : (run) => dispatcher.scheduleTask(run, 0)
    this.passes = dispatcher === undefined ? PASSES : 1
    this.turn = turn
    this.ready = []
    this.running = []
    this.isScheduled = false
    const work = () => {
      const began = this.turn.tryBegin()
      this.drain()
      if (began) this.turn.end()
    }
    const begin = dispatcher === undefined ? work : () => runtime.detached(work)
    this.scheduled = () => {
      this.isScheduled = false
      begin()
    }
  }

  /** Whether an actor waits for its turn. */
  get isIdle(): boolean {
    return this.ready.length === 0
  }

  /** Gives `runnable` a turn. */
  enqueue(runnable: Runnable): void {
    this.ready.push(runnable)
    this.schedule()
  }

  private schedule(): void {
    if (this.isScheduled) return
    this.isScheduled = true
    this.kick(this.scheduled)
  }

  /** Runs the actors that are ready, and those that become so by it, while there is time. A loop that has just delivered messages calls this itself. */
  drain(): void {
    let left = this.passes
    while (left > 0 && this.ready.length > 0) left = this.pass() ? left - 1 : 0
    if (this.ready.length > 0) this.schedule()
  }

  /** Runs those that are ready now, once each; answers whether time is left. */
  private pass(): boolean {
    const batch = this.ready
    this.ready = this.running
    this.running = batch
    let i = 0
    let isOver = false
    while (i < batch.length && !isOver) {
      this.runOne(batch[i++]!)
      isOver = this.turn.isOver()
    }
    // Those whose turn did not come are the first in the next one.
    if (i < batch.length) this.ready = batch.slice(i).concat(this.ready)
    batch.length = 0
    return !isOver
  }

  private runOne(runnable: Runnable): void {
    try {
      runnable.run(THROUGHPUT)
    } catch (defect) {
      runnable.failed(defect)
    }
  }
}
