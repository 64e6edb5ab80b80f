/**
 * Which jobs a worker may not begin yet: those of a key of which one runs, here or, where keys go from one worker to another, on another worker; and those of a level whose
 * allowance is used up.
 *
 * A key is reserved when its job is found, and so is a place in an allowance. Both go to the seat of the job once that is begun; they are free again when the handler has ended, or when the job was
 * not begun after all.
 */
import type { Gatekeeper } from "../../memory/Inboxes.ts"
import { QUEUED } from "../../memory/JobTable.ts"
import { type Allowances, NO_PLACE, type Queues } from "../kernel/Allowances.ts"
import { LANES } from "../kernel/Lanes.ts"
import { type Access, rowOf } from "./memory.ts"
import type { Held, Places, Seat } from "./seat.ts"
import { keyOf } from "./target.ts"

/** Wakes all workers but the one at a place. */
export const ringOthers = ({ bells, table }: Access, place: number): void => {
  for (let other = 0; other < table.workers; other++) if (other !== place) bells[rowOf(other)]!.ring()
}

/** Where the places of allowances are, where any level has one. */
export interface Allowed {
  readonly allowances: Allowances
  readonly queues: Queues
}

/** See the module. */
export class KeyGate implements Gatekeeper, Places {
  private readonly access: Access
  private readonly place: number
  private readonly seats: ReadonlyArray<Seat>
  private readonly allowed: Allowed | undefined
  /** Of the job that was found last; 0 for none. */
  private reserved = 0
  private lifts = 0

  constructor(access: Access, place: number, seats: ReadonlyArray<Seat>, allowed: Allowed | undefined) {
    this.access = access
    this.place = place
    this.seats = seats
    this.allowed = allowed
  }

  isHeld(slot: number): boolean {
    const { access: { table }, allowed, seats } = this
    const key = keyOf(table.messageOf(slot))
    // What nobody waits for any more goes back without being begun.
    if (key === 0 && allowed === undefined || table.stageOf(slot) !== QUEUED) return false
    const isRunning = ({ ask }: Seat) => ask !== undefined && keyOf(table.messageOf(ask.slot)) === key
    if (key !== 0 && seats.some(isRunning)) return true
    if (allowed?.allowances.want(table.levelOf(slot)) === false) return true
    if (key === 0 || this.reserve(key)) return false
    allowed?.allowances.passed(allowed.queues)
    return true
  }

  private reserve(key: number): boolean {
    const { access: { holds }, place } = this
    if (holds === undefined) return true
    if (!holds.take(key, place)) return false
    this.reserved = key
    return true
  }

  /** The job that was found has been begun in a seat. */
  begun(seat: Held): void {
    this.reserved = 0
    const held = this.allowed?.allowances.begun() ?? NO_PLACE
    seat.held = held
    seat.lane = held === NO_PLACE ? -1 : held % LANES
  }

  /** It has not. */
  passed(): void {
    const { allowed, reserved } = this
    this.reserved = 0
    if (reserved !== 0) this.letGo(reserved)
    allowed?.allowances.passed(allowed.queues)
  }

  /** The handler of a job has ended. */
  ended(seat: Held, slot: number): void {
    seat.lane = -1
    this.lends(seat)
    if (this.access.holds === undefined) return
    const key = keyOf(this.access.table.messageOf(slot))
    if (key !== 0) this.letGo(key)
  }

  lends(seat: Held): void {
    const { held } = seat
    if (held === NO_PLACE) return
    seat.held = NO_PLACE
    this.allowed?.allowances.letGo(held, this.allowed.queues)
  }

  takesBack(seat: Held): void {
    if (seat.lane >= 0) seat.held = this.allowed?.allowances.again(seat.lane) ?? NO_PLACE
  }

  private letGo(key: number): void {
    const { access, place } = this
    if (access.holds?.release(key) === true) ringOthers(access, place)
  }

  /** Whether a key, or a place, was let go somewhere since this was asked last. */
  hasLifted(): boolean {
    const { holds, lots } = this.access
    if (holds === undefined && lots.length === 0) return false
    let lifts = holds?.lifts() ?? 0
    for (const lot of lots) lifts = (lifts + (lot?.lifts() ?? 0)) | 0
    if (lifts === this.lifts) return false
    this.lifts = lifts
    return true
  }
}
