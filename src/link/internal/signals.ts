/**
 * What the links of a thread tell its loop: something was written, something waits for room, something is expected.
 */
import type { Runtime } from "../../runtime/Runtime.ts"

/** See the module. */
export class Signals {
  declare private readonly runtime: Runtime
  declare private readonly flush: () => void
  declare private readonly look: () => void
  /** Something is owed to another thread: it is paid before this one rests. */
  declare readonly owe: () => void
  declare private isScheduled: boolean
  /** Set while the loop passes over the links: what is written meanwhile is made visible at the end of the pass. */
  declare isInPass: boolean
  /**
   * Set while those that wait for room try again: an attempt that fails is no reason for the loop to look once more, or it
   * would never rest while a ring is full.
   */
  declare isUnblocking: boolean
  /** `publish` makes visible what was written; `look` has the loop look at the rings soon, `owe` once more before it rests. */
  constructor(runtime: Runtime, publish: () => void, look: () => void, owe: () => void) {
    this.runtime = runtime
    this.look = look
    this.owe = owe
    this.isScheduled = false
    this.isInPass = false
    this.isUnblocking = false
    this.flush = () => {
      this.isScheduled = false
      publish()
    }
  }

  /** A ring has records that are not visible yet. */
  written(): void {
    if (this.isInPass || this.isScheduled) return
    this.isScheduled = true
    this.runtime.microtask(this.flush)
  }

  /** Something is expected from another thread, or waits for room: it is looked for soon. */
  expect(): void {
    if (!this.isUnblocking) this.look()
  }
}
