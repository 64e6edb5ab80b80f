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

/** Passes of a turn, at most: a message that actors hand on goes so many hops for one turn of the event loop, which costs many times a hop. */
export const PASSES = 64

/** A list that was longer is not kept: most have a few entries, and a million actors may be ready once. */
const MAX_KEPT = 1024

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
  declare private ready: Array<Runnable | undefined>
  /** How many of `ready` there are: a list keeps its length, since making it short and long again costs more than a hop. */
  declare private count: number
  declare private spare: Array<Runnable | undefined>
  declare private isScheduled: boolean
  declare private isDraining: boolean
  constructor(scheduler: Scheduler.Scheduler, runtime: Runtime, turn: Turn) {
    // The ordinary scheduler looks for the timers of the process at each call, which may be somebody's fake ones by then.
    const dispatcher = scheduler instanceof Scheduler.MixedScheduler ? undefined : scheduler.makeDispatcher()
    this.kick = dispatcher === undefined ? runtime.immediate : (run) => dispatcher.scheduleTask(run, 0)
    this.passes = dispatcher === undefined ? PASSES : 1
    this.turn = turn
    this.ready = []
    this.count = 0
    this.spare = []
    this.isScheduled = false
    this.isDraining = false
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
    return this.count === 0
  }

  /** Gives `runnable` a turn. */
  enqueue(runnable: Runnable): void {
    this.ready[this.count++] = runnable
    // Whoever drains sees to what is left.
    if (!this.isDraining) this.schedule()
  }

  private schedule(): void {
    if (this.isScheduled) return
    this.isScheduled = true
    this.kick(this.scheduled)
  }

  /** Runs the actors that are ready, and those that become so by it, while there is time. A loop that has just delivered messages calls this itself. */
  drain(): void {
    const wasDraining = this.isDraining
    this.isDraining = true
    let left = this.passes
    try {
      while (left > 0 && this.count > 0) left = this.pass() ? left - 1 : 0
    } finally {
      this.isDraining = wasDraining
      if (this.count > 0) this.schedule()
    }
  }

  /** Runs those that are ready now, once each; answers whether time is left. */
  private pass(): boolean {
    const { count, ready: batch } = this
    this.ready = this.spare
    // Nobody else finds it meanwhile: a handler may have a system drain in the middle of its turn.
    this.spare = []
    this.count = 0
    let i = 0
    let isOver = false
    while (i < count && !isOver) {
      const runnable = batch[i]!
      batch[i++] = undefined
      this.runOne(runnable)
      isOver = this.turn.isOver()
    }
    // Those whose turn did not come are the first in the next one.
    if (i < count) this.putFirst(batch.slice(i, count))
    this.spare = i < count || count > MAX_KEPT ? [] : batch
    return !isOver
  }

  private putFirst(left: Array<Runnable | undefined>): void {
    this.ready = left.concat(this.ready.slice(0, this.count))
    this.count = this.ready.length
  }

  private runOne(runnable: Runnable): void {
    try {
      runnable.run(THROUGHPUT)
    } catch (defect) {
      runnable.failed(defect)
    }
  }
}
