/**
 * The actors at the other end of a link that are watched from here, by a number that no other watch of the link has had: an
 * answer that comes after the watch was given up finds nobody.
 */
import type { ExitReason } from "../../actor/ExitReason.ts"
import * as Envelope from "./envelope.ts"
import type { OutRing } from "./outRing.ts"

/** The way to the other end. */
interface Way {
  readonly isDown: boolean
  readonly control: OutRing
}

/** One that is watched, as the link knows it. */
export interface Watchee {
  /** It has ended, or is not known there. */
  down(reason: ExitReason): void
  /** The link has gone. */
  linkLost(): void
}

/** See the module. */
export class Watched {
  declare private readonly way: Way
  declare private readonly watchees: Map<number, Watchee>
  declare private last: number
  constructor(way: Way) {
    this.way = way
    this.watchees = new Map()
    this.last = 0
  }

  /** How many are watched. */
  get size(): number {
    return this.watchees.size
  }

  /** Asks the other side to say when an actor has ended; answers the number of the watch. */
  add(watchee: Watchee, actor: number, epoch: number): number {
    this.last = (this.last + 1) >>> 0
    const number = this.last
    this.watchees.set(number, watchee)
    const words = Uint32Array.of(number, actor, epoch, 0)
    this.way.control.record(Envelope.typeOf(Envelope.WATCH, 0, 0), new Uint8Array(words.buffer), true)
    return number
  }

  /** Gives a watch up. */
  remove(number: number): void {
    if (!this.watchees.delete(number) || this.way.isDown) return
    this.way.control.words(Envelope.typeOf(Envelope.UNWATCH, 0, 0), number, 0, false)
  }

  /** Ends a watch whose answer has come. */
  take(number: number): Watchee | undefined {
    const watchee = this.watchees.get(number)
    this.watchees.delete(number)
    return watchee
  }

  /** The link has gone. */
  lost(): void {
    const watchees = Array.from(this.watchees.values())
    this.watchees.clear()
    for (const watchee of watchees) watchee.linkLost()
  }
}
