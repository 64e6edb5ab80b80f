/**
 * The levels of priority as shared memory has them: what everything has unless told is the first, so that a pool without priorities touches nothing of the others.
 *
 * ```text
 *  level   HIGH 0   NORMAL 1   LOW 2         lane   normal 0   high 1   low 2
 * ```
 */
import { Ageing, HIGH, LOW, NORMAL } from "../../actor/kernel/Ageing.ts"
import type { Ages } from "../../memory/Inboxes.ts"

/** How many there are. */
export const LANES = LOW + 1

/** The lane of a level, and the level of a lane. */
export const laneOf = (level: number): number => level === LOW ? LOW : 1 - level

const [high, normal, low] = [laneOf(HIGH), laneOf(NORMAL), laneOf(LOW)]

/** Which lane is taken from next, as `Ageing` says of levels. */
export class LaneAges implements Ages {
  declare private readonly ageing: Ageing
  constructor() {
    this.ageing = new Ageing()
  }

  pick(waits: ReadonlyArray<boolean>): number {
    return laneOf(this.ageing.next(waits[high]!, waits[normal]!, waits[low]!))
  }

  picked(lane: number, waits: ReadonlyArray<boolean>): void {
    this.ageing.took(laneOf(lane), waits[normal]!, waits[low]!)
  }
}
