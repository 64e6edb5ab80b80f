/**
 * The actors here that are watched by the thread at the other end of a link, each once, however many watch it there.
 *
 * The answer lies in the ring for data: what an actor has sent comes before its end.
 */
import { type ExitReason, forgotten } from "../../actor/ExitReason.ts"
import type { Resident } from "../../actor/kernel/Resident.ts"
import * as Envelope from "./envelope.ts"
import * as ExitRecord from "./exitRecord.ts"
import type { Home } from "./home.ts"
import type { Outbound } from "./outbound.ts"

interface Watch {
  readonly cell: Resident
  readonly told: (reason: ExitReason) => void
}

/** See the module. */
export class Watching {
  declare private readonly home: Home
  declare private readonly outbound: Outbound
  declare private readonly watches: Map<number, Watch>
  constructor(home: Home, outbound: Outbound) {
    this.home = home
    this.outbound = outbound
    this.watches = new Map()
  }

  /** How many are watched. */
  get size(): number {
    return this.watches.size
  }

  /** Says once, as `number`, why an actor has ended. */
  add(number: number, actor: number, epoch: number): void {
    const cell = this.home.knownAt(actor, epoch)
    if (cell === undefined) return this.say(number, forgotten)
    const told = (reason: ExitReason) => {
      this.watches.delete(number)
      // What ends because this thread leaves comes back with its next incarnation, or is given up with the thread.
      if (this.home.index === 0 || !this.home.host.isLeaving) this.say(number, reason)
    }
    this.watches.set(number, { cell, told })
    // At once for one that has ended: then nothing is kept.
    cell.whenStopped(told)
  }

  private say(number: number, reason: ExitReason): void {
    const { outbound } = this
    if (outbound.isDown) return
    ExitRecord.send(outbound, outbound.data, Envelope.typeOf(Envelope.DOWN, 0, 0), number, 0, reason)
  }

  /** Nobody there wants to know any more. */
  remove(number: number): void {
    const watch = this.watches.get(number)
    this.watches.delete(number)
    watch?.cell.unwatch(watch.told)
  }

  /** The link has gone. */
  end(): void {
    for (const { cell, told } of this.watches.values()) cell.unwatch(told)
    this.watches.clear()
  }
}
