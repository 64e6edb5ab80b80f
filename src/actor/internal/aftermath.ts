/**
 * What a transition leaves to be done: who is told, what is reported, what is logged.
 *
 * A transition writes all its state first and hands the rest to this list, last. What stands here runs other people's code,
 * which may throw, stop the actor, tell it or crash it: it finds everything as the transition left it, is guarded by
 * itself, and what it sets off in turn is done after what is already listed. It runs in the async context of nobody.
 */
import type { Runtime } from "../../runtime/Runtime.ts"

/** See the module. */
export class Aftermath {
  declare private readonly runtime: Runtime
  declare private readonly failed: (defect: unknown) => void
  declare private readonly work: () => void
  declare private list: Array<() => void>
  declare private isRunning: boolean
  /** `failed` hears of what was thrown. */
  constructor(runtime: Runtime, failed: (defect: unknown) => void) {
    this.runtime = runtime
    this.failed = failed
    this.list = []
    this.isRunning = false
    this.work = () => this.drain()
  }

  /** Whether nothing is listed or being done. */
  get isIdle(): boolean {
    return !this.isRunning && this.list.length === 0
  }

  /** Adds something to be done at the end of the transition. */
  add(run: () => void): void {
    this.list.push(run)
  }

  /** Ends a transition: does what is listed, unless that is being done further down on this stack. */
  run(): void {
    if (this.isRunning || this.list.length === 0) return
    this.isRunning = true
    this.runtime.detached(this.work)
    this.isRunning = false
  }

  private drain(): void {
    for (let i = 0; i < this.list.length; i++) {
      try {
        this.list[i]!()
      } catch (defect) {
        this.failed(defect)
      }
    }
    this.list = []
  }
}
