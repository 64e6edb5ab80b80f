/**
 * A message that an actor is told again and again: each a fixed time after the one before was handled, so that never two wait.
 *
 * It stands in the mailbox like an ask whose asker starts the clock again when it is answered: it is handled in its turn, one at a time
 * with all others, and belongs to its incarnation. It needs no room.
 */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import type { Cell } from "../kernel/Cell.ts"
import { Deadline } from "../kernel/Deadlines.ts"
import { STOPPING } from "../kernel/Phase.ts"
import { Ask } from "../kernel/Word.ts"
import { revoked } from "./admission.ts"

/** See the module. */
export class Tick extends Deadline {
  declare private readonly cell: Cell
  declare private readonly index: number
  declare private readonly everyMillis: number
  /** The scope of its incarnation, which the actor has until that ends. */
  declare private readonly scope: Cell["scope"]
  /** The one that was told last. */
  declare private due: Due | undefined
  constructor(cell: Cell, index: number, everyMillis: number) {
    super()
    this.cell = cell
    this.index = index
    this.everyMillis = everyMillis
    this.scope = cell.scope
    this.due = undefined
  }

  /** Waits for the next one; not for an actor that ends, or an incarnation that has ended. */
  begin(): void {
    if (this.isDue) this.cell.host.deadlines.add(this, this.everyMillis)
  }

  expire(): void {
    if (!this.isDue) return
    this.due = new Due(this, this.index)
    this.cell.deliver(this.due, undefined)
  }

  private get isDue(): boolean {
    const { cell } = this
    return cell.scope === this.scope && cell.phase < STOPPING && !cell.isDraining
  }

  /** It was handled. Nobody else hears of what it failed with; a crash is told where it is decided. */
  handled(exit: Exit.Exit<unknown, unknown>): void {
    const { cell } = this
    if (exit._tag === "Failure" && !Cause.hasDies(exit.cause) && !Cause.hasInterruptsOnly(exit.cause)) {
      cell.host.unheard(cell, exit.cause)
    }
    this.begin()
  }

  /** Its incarnation has ended; a mailbox that survives keeps what waits in it. */
  end(): void {
    this.cell.host.deadlines.remove(this)
    if (this.due !== undefined) revoked(this.cell, this.due)
  }
}

class Due extends Ask {
  declare private readonly tick: Tick
  constructor(tick: Tick, index: number) {
    super(index, undefined, false)
    this.tick = tick
  }

  settle(exit: Exit.Exit<unknown, unknown>): void {
    this.tick.handled(exit)
  }

  // Its incarnation has ended, and all ticks with it.
  restarting(): void {}

  stopped(): void {}
}
