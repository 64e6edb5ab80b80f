/**
 * The time that handlers have to come to their end for which nobody waits any more.
 */
import { Deadline, type Deadlines } from "../../actor/kernel/Deadlines.ts"

class Grace extends Deadline {
  declare private readonly over: (slot: number) => void
  declare private readonly slot: number
  constructor(over: (slot: number) => void, slot: number) {
    super()
    this.over = over
    this.slot = slot
  }

  expire(): void {
    this.over(this.slot)
  }
}

/** Those of the slots of a submitter. */
export class Graces {
  private readonly deadlines: Deadlines
  private readonly millis: number
  private readonly over: (slot: number) => void
  private readonly all = new Map<number, Grace>()

  constructor(deadlines: Deadlines, millis: number, over: (slot: number) => void) {
    this.deadlines = deadlines
    this.millis = millis
    this.over = (slot) => {
      this.all.delete(slot)
      over(slot)
    }
  }

  allow(slot: number): void {
    const grace = new Grace(this.over, slot)
    this.all.set(slot, grace)
    this.deadlines.add(grace, this.millis)
  }

  /** The slot has another job from now on, or none. */
  forget(slot: number): void {
    const grace = this.all.size === 0 ? undefined : this.all.get(slot)
    if (grace === undefined) return
    this.all.delete(slot)
    this.deadlines.remove(grace)
  }

  clear(): void {
    for (const grace of this.all.values()) this.deadlines.remove(grace)
    this.all.clear()
  }
}
