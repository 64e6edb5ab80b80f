/**
 * All ends of one sort of a channel within a thread: which are open, and at which of them fibers wait.
 *
 * Fibers that wait at different ends are served in turns, an end at a time, in the order in which the ends began to wait.
 */
import type { SchedulerDispatcher } from "effect/Scheduler"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"
import { type Served, Turns } from "./turns.ts"

/** See the module. */
export class Ends<E extends Served> implements Served {
  readonly thread: ThreadContext
  /** The open ones. */
  readonly open = new Set<E>()
  private readonly busy = new Set<E>()
  private readonly turns = new Turns(this)

  constructor(thread: ThreadContext) {
    this.thread = thread
  }

  /** Whether a fiber waits at one of them. */
  get isWaiting(): boolean {
    return this.busy.size > 0
  }

  /** How many fibers wait. */
  get waiting(): number {
    let waiting = 0
    for (const end of this.busy) waiting += end.waiting
    return waiting
  }

  /** The dispatcher of the fiber that is served next. */
  get dispatcher(): SchedulerDispatcher | undefined {
    for (const end of this.busy) return end.dispatcher
    return undefined
  }

  /** A fiber waits at this end from now on. */
  watch(end: E): void {
    this.busy.add(end)
  }

  /** No fiber waits at this end any more. */
  unwatch(end: E): void {
    this.busy.delete(end)
  }

  /** There may be something for those who wait. */
  wake(): void {
    if (this.busy.size > 0) this.turns.schedule()
  }

  /** Serves one fiber at the end whose turn it is; `false` when there is nothing for it. */
  serveFirst(): boolean {
    for (const end of this.busy) {
      if (!end.serveFirst()) return false
      if (this.busy.size > 1 && this.busy.delete(end)) this.busy.add(end)
      return true
    }
    return false
  }
}
