/**
 * What the links of a thread tell its loop: something was written, something waits for room, something is expected.
 */
import type { Runtime } from "../../runtime/Runtime.ts"

/** What has records that are not visible yet, or had some. */
export interface Dirty {
  readonly isDown: boolean
  readonly isDirty: boolean
  /** Whether it is known to the signals of its thread. */
  isListed: boolean
  publish(): void
}

/** See the module. */
export class Signals {
  declare private readonly runtime: Runtime
  declare private readonly flush: () => void
  declare private readonly look: () => void
  /** Something is owed to another thread: it is paid before this one rests. */
  declare readonly owe: () => void
  declare private isScheduled: boolean
  /** What is to be made visible at the end of the task, or of the pass. */
  declare private readonly dirty: Array<Dirty>
  /** Whether somebody may wait for room in a ring. */
  declare isHeldUp: boolean
  /** Whether a thread was woken that has been asked something: until it answers takes longer than looking pays. The loop takes it back. */
  declare hasWoken: boolean
  /** Set while the loop passes over the links: what is written meanwhile is made visible at the end of the pass. */
  declare isInPass: boolean
  /**
   * Set while those that wait for room try again: an attempt that fails is no reason for the loop to look once more, or it
   * would never rest while a ring is full.
   */
  declare isUnblocking: boolean
  /** `look` has the loop look at the rings soon, `owe` once more before it rests. */
  constructor(runtime: Runtime, look: () => void, owe: () => void) {
    this.runtime = runtime
    this.look = look
    this.owe = owe
    this.isScheduled = false
    this.dirty = []
    this.isHeldUp = false
    this.hasWoken = false
    this.isInPass = false
    this.isUnblocking = false
    this.flush = () => {
      this.isScheduled = false
      this.publish()
    }
  }

  /** Something has records that are not visible yet. */
  written(by: Dirty): void {
    if (!by.isListed) {
      by.isListed = true
      this.dirty.push(by)
    }
    if (this.isInPass || this.isScheduled) return
    this.isScheduled = true
    this.runtime.microtask(this.flush)
  }

  /** Makes visible what was written so far. */
  publish(): void {
    const { dirty } = this
    if (dirty.length === 0) return
    for (let i = 0; i < dirty.length; i++) {
      const one = dirty[i]!
      one.isListed = false
      if (!one.isDown && one.isDirty) one.publish()
    }
    dirty.length = 0
  }

  /** Something is expected from another thread, or waits for room: it is looked for soon. */
  expect(): void {
    if (!this.isUnblocking) this.look()
  }
}
