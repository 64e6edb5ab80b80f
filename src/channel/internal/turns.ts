/**
 * When fibers that wait go on: in a task of their own, one after the other, never on the stack of a running fiber.
 *
 * A fiber that sends does not run the fiber that waits for the message; it leaves a task to that fiber's dispatcher. So
 * - what a running fiber has just sent or taken cannot be undone by an interruption that comes from whom it let through;
 * - a chain of channels of any length needs no stack;
 * - messages gather until the task runs, and one wake-up is paid for many of them.
 *
 * A task serves as many fibers as waited when it began, as long as the thread's turn lasts, and leaves the rest to another one:
 * fibers that feed each other, or take long, cannot keep everything else in the thread from running.
 */
import * as Fiber from "effect/Fiber"
import type { SchedulerDispatcher } from "effect/Scheduler"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"

/** Where fibers wait. */
export interface Served {
  /** The thread that all of this happens on. */
  readonly thread: ThreadContext
  /** How many wait. */
  readonly waiting: number
  /** Whose task it will be: the dispatcher of the one who has waited longest. */
  readonly dispatcher: SchedulerDispatcher | undefined
  /** Lets the one go on who has waited longest; `false` when there is nothing for it yet. */
  serveFirst(): boolean
}

/** See the module. */
export class Turns {
  private readonly served: Served
  private isScheduled = false
  private isServing = false
  constructor(served: Served) {
    this.served = served
  }

  /** Serves at once when no fiber is running on the stack, as below a poller; otherwise in a task. */
  serve(): void {
    if (this.served.waiting === 0) return
    if (this.isServing || Fiber.getCurrent() !== undefined) this.schedule()
    else this.serveAll()
  }

  /** Serves in a task. */
  schedule(): void {
    if (this.isScheduled) return
    const { dispatcher } = this.served
    if (dispatcher === undefined) return
    this.isScheduled = true
    dispatcher.scheduleTask(this.run, 0)
  }

  private readonly run = (): void => {
    this.isScheduled = false
    if (this.isServing) this.schedule()
    else this.serveAll()
  }

  private serveAll(): void {
    const { served } = this
    let goesOn = true
    this.isServing = true
    try {
      const { turn } = served.thread
      turn.enter()
      for (let left = served.waiting; goesOn && left > 0; left--) {
        goesOn = served.serveFirst()
        if (turn.isOver()) break
      }
    } finally {
      this.isServing = false
      if (goesOn) this.schedule()
    }
  }
}
