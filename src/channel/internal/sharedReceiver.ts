/**
 * The receiving end of a channel between threads: reads each message with its codec straight from the ring.
 *
 * It gives room back to the senders after each receive, once for all messages of a batch.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { CORRUPT } from "../../memory/Ring.ts"
import { CLOSED, type End, RECEIVER, ROSTER_FULL, SENDERS_GONE } from "../../memory/Roster.ts"
import * as Poller from "../../thread/Poller.ts"
import { MalformedRecord } from "../../wire/WireError.ts"
import { EndMoved, type EndTaken, MalformedMessage, MessagesMissed } from "../ChannelError.ts"
import { closed, EMPTY, FAILED, type Receiver, ReceiverBase, type Taken } from "../Receiver.ts"
import { EndWait } from "./endWait.ts"
import { taken } from "./localChannel.ts"
import {
  type Access,
  dropAll,
  type Handle,
  handleOf,
  type LocalEnd,
  loseRest,
  rowOf,
  sentIn,
  waitingIn,
  wakeAll
} from "./sharedMemory.ts"
import { MISSED, type ReceiveRing, receiveRingOf } from "./sharedRings.ts"

const PARCEL_GONE = "a parcel of the message was taken before, or recovered with its thread"

/** See the module. */
export class SharedReceiver<A> extends ReceiverBase<A> implements LocalEnd {
  readonly side = "receiver"
  private readonly access: Access<A>
  private readonly ring: ReceiveRing
  private readonly end: End
  private readonly row: number
  private state: "open" | "closed" | "handed over" = "open"
  /** Whether the only receiver: it counts for each sender, whose window this opens again. Others count for themselves. */
  private readonly countsSenders: boolean
  /** Messages received, by row. */
  private readonly counts: Int32Array
  /** Rows whose count is newer than the roster's. */
  private readonly dirty: Array<number> = []
  private readonly isDirty: Uint8Array
  /** Messages of a broadcast that were sent before this end joined, and those that it has received or missed. */
  private readonly sentBefore: number
  private got = 0
  /** Whether messages were skipped in a damaged place that are not counted yet. */
  private hasSkipped = false
  private readonly itemsWait: EndWait

  constructor(access: Access<A>, end: End, { after, untold }: Pick<Handle, "after" | "untold"> = {}) {
    super(access.settings.name)
    if (untold !== undefined) this.hold(untold)
    this.access = access
    this.end = end
    this.row = rowOf(end)
    this.ring = receiveRingOf(access.settings.kind, access.memory.ring, this.row + 1, after)
    this.countsSenders = access.settings.kind === "spsc" || access.settings.kind === "mpsc"
    this.counts = new Int32Array(access.roster.rows)
    this.isDirty = new Uint8Array(access.roster.rows)
    for (let row = 0; row < access.roster.rows; row++) this.counts[row] = access.roster.received(row)
    this.sentBefore = after === undefined ? sentIn(access) : (after + 1) | 0
    access.ends.add(this)
    this.itemsWait = new EndWait(access.items, this.row, { poll: () => this.poll(), isReady: () => this.isReady() })
  }

  protected fetch(): Taken<A> {
    if (this.state !== "open") {
      this.failure = this.moved()
      return FAILED
    }
    const offset = this.ring.next()
    if (offset >= 0) return this.read(offset)
    return this.fetchUnusual(offset)
  }

  private read(offset: number): Taken<A> {
    const { carrier, codec } = this.access
    const { ring } = this
    let isSound = false
    try {
      const message = codec.read(ring.region, offset, ring.end)
      if (carrier !== undefined && !carrier.take(message)) return this.malformed(PARCEL_GONE)
      isSound = true
      return message
    } catch (error) {
      if (!(error instanceof MalformedRecord)) throw error
      return this.malformed(error.message)
    } finally {
      this.count(ring.type)
      ring.done()
      // Nobody gives the room of a failure back.
      if (!isSound) this.release()
    }
  }

  private malformed(reason: string, lostBytes = 0): typeof FAILED {
    this.failure = new MalformedMessage({ channel: this.channel, reason, lostBytes })
    return FAILED
  }

  private count(sender: number): void {
    this.got++
    const row = this.countsSenders ? sender : this.row
    // The sender's row was read from shared memory.
    if (!(row >= 0 && row < this.counts.length)) return
    this.counts[row]!++
    if (this.isDirty[row] !== 0) return
    this.isDirty[row] = 1
    this.dirty.push(row)
  }

  private fetchUnusual(answer: number): Taken<A> {
    if (answer === CORRUPT) {
      const lostBytes = this.ring.resync()
      this.hasSkipped = this.countsSenders
      this.release()
      return this.malformed("a record makes no sense", lostBytes)
    }
    if (answer === MISSED) {
      const count = this.ring.missed()
      this.got += count
      this.access.roster.addMissed(count)
      this.failure = new MessagesMissed({ channel: this.channel, count })
      return FAILED
    }
    if (this.hasSkipped) return this.countSkipped()
    const flags = this.access.roster.flags()
    if ((flags & (CLOSED | SENDERS_GONE)) === 0) return EMPTY
    // The flag came after the last message: whoever sees the one sees the other.
    const offset = this.ring.next()
    if (offset >= 0) return this.read(offset)
    if (offset === CORRUPT || offset === MISSED) return this.fetchUnusual(offset)
    this.failure = closed(this.channel, (flags & CLOSED) !== 0 ? "channel" : "senders")
    return FAILED
  }

  /** The ring is empty behind a damaged place: what senders have sent and nobody has received was there. */
  private countSkipped(): Taken<A> {
    const { roster } = this.access
    const sent = Array.from(this.counts, (_, row) => roster.sent(row))
    // A sender counts a message after it has shown it: what is still to come was counted, or will be.
    const offset = this.ring.next()
    if (offset >= 0) return this.read(offset)
    if (offset === CORRUPT) return this.fetchUnusual(offset)
    this.hasSkipped = false
    for (const [row, count] of sent.entries()) {
      const skipped = (count - this.counts[row]!) | 0
      if (skipped <= 0) continue
      this.counts[row] = count
      roster.setReceived(row, count)
      // Counted as received: the window of their sender opens by that.
      roster.addLost(skipped, 0)
    }
    this.release()
    return this.fetchUnusual(offset)
  }

  protected release(): void {
    if (this.state !== "open") return
    this.ring.release()
    for (let row = this.dirty.pop(); row !== undefined; row = this.dirty.pop()) {
      this.isDirty[row] = 0
      this.access.roster.setReceived(row, this.counts[row]!)
    }
    // Room comes before the wake-up.
    this.access.room.wake()
  }

  protected watch(): void {
    Poller.add(this.itemsWait)
  }

  protected unwatch(): void {
    Poller.remove(this.itemsWait)
  }

  /** Asked by the poller of this thread while somebody waits for a message. */
  private poll(): boolean {
    const waited = this.waiting
    this.serve()
    if (this.waiting === 0) return true
    if (this.waiting === waited) {
      // The look may have passed what a dead sender had claimed: there is room where it was.
      this.access.room.wake()
      return false
    }
    Poller.add(this.itemsWait)
    return true
  }

  private isReady(): boolean {
    return !this.ring.isEmpty() || this.state !== "open"
      || (this.access.roster.flags() & (CLOSED | SENDERS_GONE)) !== 0
  }

  // ---- the life of the end

  readonly clone = Effect.suspend((): Effect.Effect<Receiver<A>, EndTaken | EndMoved, Scope.Scope> => {
    const { kind } = this.access.settings
    if (kind === "spsc" || kind === "mpsc") return Effect.fail(taken(this.channel, "receiver", kind))
    if (this.state !== "open") return Effect.fail(this.moved())
    return Effect.acquireRelease(
      Effect.suspend(() => {
        const end = this.access.roster.join(RECEIVER, this.end)
        if (end === ROSTER_FULL) return Effect.fail(taken(this.channel, "receiver", kind, this.access.roster.rows))
        return Effect.succeed(new SharedReceiver(this.access, end))
      }),
      (receiver) => receiver.close
    )
  })

  private moved(): EndMoved {
    const how = this.state === "handed over" ? "handed over" : "closed"
    return new EndMoved({ channel: this.channel, end: "receiver", how, unsent: undefined })
  }

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    if (this.state !== "open") return
    this.retire("closed")
    if (this.access.carrier !== undefined && this.access.roster.count(RECEIVER) === 1) {
      dropAll(this.access, this.ring)
    }
    this.ring.leave()
    if (!this.access.roster.leave(this.end, RECEIVER)) return
    loseRest(this.access)
    wakeAll(this.access)
  })

  settle(): void {}

  lookAgain(): void {
    if (this.waiting > 0) this.poll()
  }

  /** Takes the end out of use on this thread. Fibers that wait fail with `EndMoved`. */
  private retire(how: "closed" | "handed over"): void {
    // Below a handler of `drainUnsafe`: what it was given is not there for the next one.
    this.release()
    this.access.ends.delete(this)
    this.state = how
    this.serve()
    Poller.remove(this.itemsWait)
  }

  /** Makes the end into what another thread opens; `keep` has the handle before an interruption can. */
  handOver(keep: (handle: Handle) => void): Effect.Effect<void, EndMoved> {
    return Effect.suspend((): Effect.Effect<void, EndMoved> => {
      const { access, end } = this
      if (this.state !== "open") return Effect.fail(this.moved())
      this.retire("handed over")
      const after = this.ring.leave()
      access.roster.handOver(end)
      keep(handleOf(access, "receiver", end, { after, untold: this.untold() }))
      return Effect.void
    })
  }

  pending(): number {
    return Math.max(0, (sentIn(this.access) - this.sentBefore - this.got) | 0)
  }

  readonly depth: Effect.Effect<number> = Effect.sync(() =>
    this.access.settings.kind === "broadcast" ? this.pending() : waitingIn(this.access)
  )
}
