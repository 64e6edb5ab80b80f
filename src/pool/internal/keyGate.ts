/**
 * Which jobs a worker may not begin yet: those of a key of which one runs, here or, where keys go from one worker to another, on another worker.
 *
 * A key is reserved when its job is found, and goes to the seat of the job once that is begun; it is free again when the handler has ended, or when the job was
 * not begun after all.
 */
import type { Gatekeeper } from "../../memory/Inboxes.ts"
import { QUEUED } from "../../memory/JobTable.ts"
import { type Access, rowOf } from "./memory.ts"
import type { Seat } from "./seat.ts"
import { keyOf } from "./target.ts"

/** See the module. */
export class KeyGate implements Gatekeeper {
  private readonly access: Access
  private readonly place: number
  private readonly seats: ReadonlyArray<Seat>
  /** Of the job that was found last; 0 for none. */
  private reserved = 0
  private lifts = 0

  constructor(access: Access, place: number, seats: ReadonlyArray<Seat>) {
    this.access = access
    this.place = place
    this.seats = seats
  }

  isHeld(slot: number): boolean {
    const { access: { holds, table }, seats } = this
    const key = keyOf(table.messageOf(slot))
    // What nobody waits for any more goes back without being begun.
    if (key === 0 || table.stageOf(slot) !== QUEUED) return false
    if (seats.some(({ ask }) => ask !== undefined && keyOf(table.messageOf(ask.slot)) === key)) return true
    if (holds === undefined) return false
    if (!holds.take(key, this.place)) return true
    this.reserved = key
    return false
  }

  /** The job that was found has been begun. */
  begun(): void {
    this.reserved = 0
  }

  /** It has not. */
  passed(): void {
    const { reserved } = this
    this.reserved = 0
    if (reserved !== 0) this.letGo(reserved)
  }

  /** The handler of a job has ended. */
  ended(slot: number): void {
    if (this.access.holds === undefined) return
    const key = keyOf(this.access.table.messageOf(slot))
    if (key !== 0) this.letGo(key)
  }

  private letGo(key: number): void {
    const { access: { bells, holds, table }, place } = this
    if (holds?.release(key) !== true) return
    for (let other = 0; other < table.workers; other++) if (other !== place) bells[rowOf(other)]!.ring()
  }

  /** Whether a key was let go somewhere since this was asked last. */
  hasLifted(): boolean {
    const { holds } = this.access
    if (holds === undefined) return false
    const lifts = holds.lifts()
    if (lifts === this.lifts) return false
    this.lifts = lifts
    return true
  }
}
