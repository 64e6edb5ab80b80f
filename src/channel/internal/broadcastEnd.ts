/**
 * The reading end of a broadcast as channels use it: what was missed is an answer of `next`, in front of what comes behind the gap.
 */
import { BroadcastReader } from "../../memory/BroadcastReader.ts"
import { MISSED, type ReceiveRing } from "./receiveRing.ts"

/** See the module. */
export class BroadcastEnd extends BroadcastReader implements ReceiveRing {
  declare private reported: number

  /** `after`: the number of the last message that this end got, on another thread. */
  constructor(ring: SharedArrayBuffer, owner: number, after: number | undefined) {
    super(ring, owner)
    // There is a place for each row of the roster, and a row is given back after its place.
    if (!this.join()) throw new Error("BroadcastRing: every place of a reader is taken")
    // What came between that message and this place counts as missed.
    this.reported = after === undefined ? 0 : after - this.sequence
  }

  override next(): number {
    return this.lost > this.reported ? MISSED : super.next()
  }

  override poll(): boolean {
    const hasRecords = super.poll()
    return hasRecords || this.lost > this.reported
  }

  override isEmpty(): boolean {
    return this.lost <= this.reported && super.isEmpty()
  }

  missed(): number {
    const count = this.lost - this.reported
    this.reported = this.lost
    return count
  }

  leaveAfter(): number {
    const after = this.sequence + this.reported - this.lost
    this.leave()
    return after
  }
}
