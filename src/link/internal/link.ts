/**
 * The link between this thread and one incarnation of another: both directions, and all that is counted on it.
 *
 * ```text
 *  here                                    there
 *  Outbound  slots, asks ──── data ─────►  Inbound   bindings, asks
 *                        ──── control ──►
 *  Inbound   bindings    ◄─── data ──────  Outbound
 *                        ◄─── control ───
 * ```
 *
 * It ends with the incarnation. Its state says so before anybody is told: whoever goes on then finds that the thread is down.
 */
import type { Doorbell } from "../../memory/Doorbell.ts"
import type { Home, Peer } from "./home.ts"
import { Inbound } from "./inbound.ts"
import { Outbound, type OutboundOptions } from "./outbound.ts"

/** See the module. */
export class Link {
  declare readonly thread: number
  declare readonly outbound: Outbound
  declare readonly inbound: Inbound
  /** Whether the next pass looks at it: see `Reading`. */
  declare isInReading: boolean
  declare private readonly peer: Peer
  constructor(home: Home, thread: number, bell: Doorbell, options: OutboundOptions) {
    const peer = home.peers[thread]!
    this.thread = thread
    this.peer = peer
    this.isInReading = false
    this.outbound = new Outbound(thread, peer.epoch, bell, options)
    this.inbound = new Inbound(home, this.outbound)
  }

  /** Settles everything that waits for the other side, which has gone; answers how many records it had not read. */
  end(): number {
    const { inbound, outbound, peer } = this
    const unread = outbound.countUnread()
    outbound.isDown = true
    // Those who send from now on must not find this link.
    for (const recipient of outbound.slots) recipient?.linkLost()
    inbound.drainRest()
    outbound.slots.length = 0
    for (let number = 0; number < outbound.pending.length; number++) {
      outbound.discharge(number)?.lost(peer.name, peer.reason)
    }
    // What its thread had said of it comes before what becomes of it now.
    outbound.watched.lost()
    inbound.end()
    outbound.underway.loseAll()
    return unread
  }
}
