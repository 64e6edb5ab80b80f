/**
 * Runs the actors of one thread: those that have messages, in turn, a bounded number of messages each, until the time of
 * the turn is up.
 *
 * It is driven by the thread's own event loop, or by the `Scheduler` that was current when the system was built where that
 * is a special one; where the thread has links, by their loop for as long as that looks at them, in the same turn. A turn runs the ready actors in passes: each takes a snapshot, and work that arrives meanwhile waits for the
 * next one. There is a bounded number of them, so input, output, promises and fibers are served however long actors keep each other
 * busy; a special scheduler gets a task for each pass and follows every hop. It runs in the async context of nobody, whoever gave
 * it work.
 *
 * ```text
 *  message for one that was idle ──▶ first ──┐
 *                                            ├──▶ a part of the turn ──▶ idle
 *             more are left ───────▶ rest  ──┘            │
 *                   ▲─────────────────────────────────────┘
 * ```
 *
 * Who has had a part of a turn and has more left waits behind all who have not, and so does who has not come to it and has many messages by then:
 * an actor with one message waits for no mailbox but its own, however many are full. The line in which a turn has ended is the second in the next one, so neither keeps the other from being served.
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

/** With more messages than this an actor whose turn did not come waits as if it had come: it will have more left. */
const FEW = 16

/** Something with messages to handle. */
export interface Runnable {
  /** Handles up to `budget` messages, at least one; enqueues itself again when more are left. */
  run(budget: number): void
  /** How many messages wait for it, where that is known. */
  readonly backlog?: number
  /** What `run` has thrown: it is this one's own trouble, and the turn goes on. */
  failed(defect: unknown): void
}

/** Whoever drains a dispatcher in turns of its own. */
export interface Driver {
  /** Whether it will have one: nobody else has to see to what is ready. Who had said so and has none says that by {@link Dispatcher.resume}. */
  readonly isComing: boolean
}

/** Those that wait in one line. */
class Line {
  declare private ready: Array<Runnable | undefined>
  /** How many of `ready` there are: a list keeps its length, since making it short and long again costs more than a hop. */
  declare count: number
  declare private spare: Array<Runnable | undefined>
  constructor() {
    this.ready = []
    this.count = 0
    this.spare = []
  }

  add(runnable: Runnable): void {
    this.ready[this.count++] = runnable
  }

  /** Runs the only one, who has all the time there is; answers whether some is left. */
  runOnly(turn: Turn): boolean {
    const { ready } = this
    const runnable = ready[0]!
    ready[0] = undefined
    this.count = 0
    runOne(runnable)
    return !turn.isOver()
  }

  /** Runs the first `most`, once each, while there is time, of which they have a part each; answers whether some is left. */
  run(turn: Turn, most: number): boolean {
    const { count, ready: batch } = this
    this.ready = this.spare
    // Nobody else finds it meanwhile: a handler may have a system drain in the middle of its turn.
    this.spare = []
    this.count = 0
    let i = 0
    let isOver = false
    while (i < most && !isOver) {
      const runnable = batch[i]!
      batch[i++] = undefined
      turn.beginPart()
      runOne(runnable)
      isOver = turn.endPart()
    }
    // Those whose turn did not come are the first in the next one.
    if (i < count) this.putFirst(batch.slice(i, count))
    this.spare = i < count || count > MAX_KEPT ? [] : batch
    return !isOver
  }

  protected putFirst(left: Array<Runnable | undefined>): void {
    this.ready = left.concat(this.ready.slice(0, this.count))
    this.count = this.ready.length
  }
}

const runOne = (runnable: Runnable): void => {
  try {
    runnable.run(THROUGHPUT)
  } catch (defect) {
    runnable.failed(defect)
  }
}

/** See the module. */
export class Dispatcher extends Line {
  declare private readonly kick: (run: () => void) => void
  declare private readonly passes: number
  declare private readonly turn: Turn
  declare private readonly scheduled: () => void
  /** Those that have had a part of a turn and have more to do; the others stand in the line that this is. */
  declare private readonly rest: Line
  /** Whether the last turn has ended among the first. */
  declare private isRestNext: boolean
  declare private isScheduled: boolean
  declare private isDraining: boolean
  declare private driver: Driver | undefined
  constructor(scheduler: Scheduler.Scheduler, runtime: Runtime, turn: Turn) {
    super()
    // The ordinary scheduler looks for the timers of the process at each call, which may be somebody's fake ones by then.
    const dispatcher = scheduler instanceof Scheduler.MixedScheduler ? undefined : scheduler.makeDispatcher()
    this.kick = dispatcher === undefined ? runtime.immediate : (run) => dispatcher.scheduleTask(run, 0)
    this.passes = dispatcher === undefined ? PASSES : 1
    this.turn = turn
    this.rest = new Line()
    this.isRestNext = false
    this.isScheduled = false
    this.isDraining = false
    this.driver = undefined
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

  /** Whether no actor waits for its turn. */
  get isIdle(): boolean {
    return this.count === 0 && this.rest.count === 0
  }

  /** Gives `runnable` a turn. */
  enqueue(runnable: Runnable): void {
    this.add(runnable)
    // Whoever drains sees to what is left.
    if (!this.isDraining) this.schedule()
  }

  /** Gives `runnable` another turn, behind those who have had none: it has just had the thread, and has more to do. */
  enqueueAgain(runnable: Runnable): void {
    this.rest.add(runnable)
    if (!this.isDraining) this.schedule()
  }

  protected override putFirst(left: Array<Runnable | undefined>): void {
    super.putFirst(left.filter((runnable) => {
      const { backlog = 0 } = runnable!
      if (backlog > FEW) this.rest.add(runnable!)
      return backlog <= FEW
    }))
  }

  private schedule(): void {
    if (this.isScheduled || this.driver?.isComing === true) return
    this.isScheduled = true
    this.kick(this.scheduled)
  }

  /** Leaves what is ready to the loop of the links of this thread, as long as that has turns; a special scheduler goes on to have a task for each pass. */
  driveBy(driver: Driver): void {
    if (this.passes > 1) this.driver = driver
  }

  /** The driver has no turn for now: what is ready has one of its own. */
  resume(): void {
    if (!this.isIdle && !this.isDraining) this.schedule()
  }

  /** Runs the actors that are ready, and those that become so by it, while there is time. A loop that has just delivered messages calls this itself. */
  drain(): void {
    const wasDraining = this.isDraining
    this.isDraining = true
    let left = this.passes
    try {
      while (left > 0 && !this.isIdle) left = this.pass() ? left - 1 : 0
    } finally {
      this.isDraining = wasDraining
      if (!this.isIdle) this.schedule()
    }
  }

  // Those that are ready now, once each; answers whether time is left.
  private pass(): boolean {
    const { count, isRestNext, rest, turn } = this
    const had = rest.count
    if (had === 0) return count === 1 ? this.runOnly(turn) : this.run(turn, count)
    this.isRestNext = false
    if (isRestNext && !rest.run(turn, had)) return false
    const isLeft = count === 0 || this.run(turn, count)
    this.isRestNext = !isLeft
    return isLeft && (isRestNext || rest.run(turn, had))
  }
}
