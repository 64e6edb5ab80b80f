/**
 * How often a thread of a pool looks before it lets go of its core: not at all while more threads are awake than there are cores, since who only looks holds a
 * core on which another one could work.
 *
 * A pool has as many workers as cores, or more, and most of the time most of them sleep: one job after the other keeps one awake. Then neither that one
 * nor who submits falls asleep between one job and the next.
 */
import type { IdleSet } from "../../memory/IdleSet.ts"
import { type Poller, SPINS } from "../../thread/Poller.ts"

/** See the module. */
export class Spins {
  private readonly idle: IdleSet
  private readonly poller: Poller
  private readonly cores: number
  /** What the poller was told last. */
  private isAllowed: boolean | undefined = undefined

  constructor(idle: IdleSet, poller: Poller, cores: number) {
    this.idle = idle
    this.poller = poller
    this.cores = cores
  }

  /** Looks who is awake; once in a turn. */
  look(): void {
    // One of the others submits.
    const isAllowed = this.idle.awake() < this.cores
    if (isAllowed === this.isAllowed) return
    this.isAllowed = isAllowed
    this.poller.limitSpins(isAllowed ? SPINS : 0)
  }
}
