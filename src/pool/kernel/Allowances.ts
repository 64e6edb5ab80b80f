/**
 * How many jobs of a level run at once in a pool: a job that is taken from outside has a place of its level from its begin to its end, where the level has an allowance.
 *
 * ```text
 *  worker a   take ──► runs the job ──► let go: does anything of that level wait? one worker is woken
 *  worker b        no place is free: leaves the level alone ── sleeps ────────────────────────────────► take
 * ```
 *
 * It promises:
 * - as many jobs of a level have a place as it has places, over deaths too: who looks after the workers gives back what a dead one had;
 * - what waits of a level while a place of it is free is found by somebody: to let a place go is to make work visible, as to submit is, and whoever does wakes one worker.
 *
 * What waits for one worker alone is looked at by that one only: it has all places say that they are wanted, and is rung (`KeyHolds`).
 */
import type { IdleSet } from "../../memory/IdleSet.ts"
import type { KeyHolds } from "../../memory/KeyHolds.ts"
import { LANES } from "./Lanes.ts"

/** No place. */
export const NO_PLACE = -1

/** The places of each lane, nothing where there is no bound. */
export type Lots = ReadonlyArray<KeyHolds | undefined>

/** Whether a job of a lane could begin. */
export const isOpen = (lots: Lots, lane: number): boolean => {
  const lot = lots[lane]
  if (lot === undefined) return true
  for (let key = 0; key < lot.keys; key++) if (lot.isFree(key)) return true
  return false
}

/** What any worker may take. */
export interface Queues {
  /** Whether something waits in a lane. */
  hasAt(lane: number): boolean
}

/** Whom a worker tells. */
export interface Others {
  readonly idle: IdleSet
  /** A place was let go that is wanted for what waits for one worker alone. */
  readonly wanted: () => void
}

/** See the module. */
export class Allowances {
  declare private readonly lots: Lots
  declare private readonly place: number
  declare private readonly others: Others
  /** What was taken for the job that was found last. */
  declare private reserved: number

  constructor(lots: Lots, place: number, others: Others) {
    this.lots = lots
    this.place = place
    this.others = others
    this.reserved = NO_PLACE
  }

  /** Takes a place for a job of a lane that was found, or is about to be; `false` when there is none. */
  reserve(lane: number): boolean {
    const lot = this.lots[lane]
    if (lot === undefined) return true
    this.reserved = this.free(lane)
    return this.reserved !== NO_PLACE
  }

  /** The same for one that is for this worker alone: if there is none, the worker is rung once there is. */
  want(lane: number): boolean {
    const lot = this.lots[lane]
    if (lot === undefined) return true
    for (let key = 0; key < lot.keys; key++) {
      if (!lot.take(key, this.place)) continue
      this.reserved = key * LANES + lane
      return true
    }
    return false
  }

  private free(lane: number): number {
    const lot = this.lots[lane]!
    for (let key = 0; key < lot.keys; key++) if (lot.tryTake(key, this.place)) return key * LANES + lane
    return NO_PLACE
  }

  /** The job that was found is begun: it has what was taken. */
  begun(): number {
    const { reserved } = this
    this.reserved = NO_PLACE
    return reserved
  }

  /** It is not. */
  passed(queues: Queues): void {
    this.letGo(this.begun(), queues)
  }

  /** A place in a lane for a job that goes on, if there is one. */
  again(lane: number): number {
    return this.lots[lane] === undefined ? NO_PLACE : this.free(lane)
  }

  /** A job has ended, or waits for others: what it had is another's. */
  letGo(held: number, queues: Queues): void {
    if (held === NO_PLACE) return
    const { idle, wanted } = this.others
    const lane = held % LANES
    if (this.lots[lane]!.release((held - lane) / LANES)) wanted()
    // After it is free: who puts something in from here on sees that.
    if (queues.hasAt(lane)) idle.wake()
  }
}
