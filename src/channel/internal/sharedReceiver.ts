/**
 * The receiving end of a channel between threads: reads each message with its codec straight from the ring.
 *
 * It gives room back to the senders after each receive, once for all messages of a batch.
 */
import * as Effect from "effect/Effect"
import { CORRUPT } from "../../memory/Ring.ts"
import { CLOSED, type End, SENDERS_GONE } from "../../memory/Roster.ts"
import * as Poller from "../../thread/Poller.ts"
import * as Carriage from "../../wire/Carriage.ts"
import { MalformedRecord } from "../../wire/WireError.ts"
import { MalformedMessage, MessagesMissed } from "../ChannelError.ts"
import type { Receiver } from "../Receiver.ts"
import { EndLife, type Living } from "./endLife.ts"
import { EndWait } from "./endWait.ts"
import { kinds } from "./kinds.ts"
import { offersOf } from "./offers.ts"
import { closed, EMPTY, FAILED, ReceiverBase, type Taken } from "./receiverBase.ts"
import { MISSED, nextIn, type ReceiveRing } from "./receiveRing.ts"
import { type Access, dropAll, dropMessage, type Handle, loseRest, rowOf, sentIn, waitingIn } from "./sharedMemory.ts"

const CARGO_GONE = "what moves with the message was taken before, or recovered with its thread"

/** See the field. */
interface Awaited {
  readonly channels: ReadonlySet<number>
  readonly offset: number
}

/** See the module. */
export class SharedReceiver<A> extends ReceiverBase<A> implements Living {
  readonly side = "receiver"
  private readonly access: Access<A>
  declare private ring: ReceiveRing
  private readonly row: number
  readonly life: EndLife<A>
  private readonly poller: Poller.Poller
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
  private isReading = false
  /** A message that waits for the memory of channels: ends of those are in it. */
  private awaited: Awaited | undefined = undefined
  /** Whether messages were skipped in a damaged place that are not counted yet. */
  private hasSkipped = false
  private readonly itemsWait: EndWait

  constructor(
    access: Access<A>,
    end: End,
    { after, untold }: Pick<Handle, "after" | "untold"> = {},
    state?: "arrived"
  ) {
    super(access.thread, access.settings.name)
    if (untold !== undefined) this.hold(untold)
    const kind = kinds[access.settings.kind]
    this.access = access
    this.row = rowOf(end)
    this.poller = Poller.of(access.thread)
    this.ring = kind.reader(access.memory.ring, this.row + 1, after)
    this.countsSenders = kind.hasWindow
    this.counts = new Int32Array(access.roster.rows)
    this.isDirty = new Uint8Array(access.roster.rows)
    this.recount()
    this.sentBefore = after === undefined ? sentIn(access) : (after + 1) | 0
    this.itemsWait = new EndWait(access.items, this.row, { poll: () => this.poll(), isReady: () => this.isReady() })
    this.life = new EndLife(access, end, this, state)
  }

  begin(): void {
    this.ring = kinds[this.access.settings.kind].reader(this.access.memory.ring, this.row + 1)
    this.recount()
  }

  private recount(): void {
    const { roster } = this.access
    for (let row = 0; row < roster.rows; row++) this.counts[row] = roster.received(row)
  }

  protected get carries(): boolean {
    return this.access.codec.carries
  }

  protected fetch(): Taken<A> {
    if (!this.life.isOpen) {
      this.failure = this.life.moved()
      return FAILED
    }
    // A decoder of the user asks for more in the middle of a message, which must stay where it is until it is read.
    if (this.isReading) return EMPTY
    if (this.awaited !== undefined) return this.readAwaited(this.awaited)
    const offset = nextIn(this.ring)
    return offset >= 0 ? this.read(offset) : this.fetchUnusual(offset)
  }

  private readAwaited({ channels, offset }: Awaited): Taken<A> {
    if (offersOf(this.access.thread).isWanted(channels)) return EMPTY
    this.awaited = undefined
    return this.readCarrying(offset, true)
  }

  private read(offset: number): Taken<A> {
    const { carriage, codec } = this.access
    if (codec.carries) return this.readCarrying(offset, false)
    const { ring } = this
    let isSound = false
    this.isReading = true
    try {
      const message = codec.read(ring.region, offset, ring.end, carriage)
      isSound = true
      return message
    } catch (error) {
      return this.unreadable(error)
    } finally {
      this.passed(isSound)
    }
  }

  /** A message with which something moves; one that waits for a memory is read once more when that is there, or will not come. */
  private readCarrying(offset: number, isLast: boolean): Taken<A> {
    const { carriage, codec, thread } = this.access
    const { ring } = this
    const offers = offersOf(thread)
    let isSound = false
    this.isReading = true
    offers.takeMissing()
    try {
      const message = codec.read(ring.region, offset, ring.end, carriage)
      if (!Carriage.take(carriage.arrived)) return this.malformed(CARGO_GONE)
      isSound = true
      return message
    } catch (error) {
      const channels = isLast ? undefined : offers.takeMissing()
      if (channels === undefined) {
        Carriage.drop(carriage.arrived)
        return this.unreadable(error)
      }
      this.awaited = { channels, offset }
      offers.want(channels, () => this.lookAgain())
      return EMPTY
    } finally {
      this.isReading = false
      if (this.awaited === undefined) this.passed(isSound)
    }
  }

  private unreadable(error: unknown): typeof FAILED {
    if (!(error instanceof MalformedRecord)) throw error
    return this.malformed(error.message)
  }

  /** The message read last is out of the way. */
  private passed(isSound: boolean): void {
    this.isReading = false
    this.count(this.ring.type)
    // Nobody gives the room of a failure back.
    if (!isSound) this.release()
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
      const count = this.ring.missed!()
      this.got += count
      this.access.roster.addMissed(count)
      this.failure = new MessagesMissed({ channel: this.channel, count })
      return FAILED
    }
    if (this.hasSkipped) return this.countSkipped()
    const flags = this.access.roster.flags()
    if ((flags & (CLOSED | SENDERS_GONE)) === 0) return EMPTY
    // The flag came after the last message: whoever sees the one sees the other.
    const offset = nextIn(this.ring)
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
    const offset = nextIn(this.ring)
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
    if (!this.life.isOpen) return
    this.giveBack()
  }

  private giveBack(): void {
    this.ring.release()
    for (let row = this.dirty.pop(); row !== undefined; row = this.dirty.pop()) {
      this.isDirty[row] = 0
      this.access.roster.setReceived(row, this.counts[row]!)
    }
    // Room comes before the wake-up.
    this.access.room.wake()
  }

  protected watch(): void {
    this.poller.add(this.itemsWait)
  }

  protected unwatch(): void {
    this.poller.remove(this.itemsWait)
  }

  /** Asked by the poller of this thread while somebody waits for a message. */
  private poll(): boolean {
    const waited = this.waiting
    this.serve()
    if (this.waiting === 0) return true
    if (this.waiting === waited) return false
    this.poller.add(this.itemsWait)
    return true
  }

  private isReady(): boolean {
    if (this.awaited !== undefined) return !offersOf(this.access.thread).isWanted(this.awaited.channels)
    return !this.ring.isEmpty() || !this.life.isOpen
      || (this.access.roster.flags() & (CLOSED | SENDERS_GONE)) !== 0
  }

  // ---- the life of the end

  get clone(): Receiver<A>["clone"] {
    return this.life.clone((end) => new SharedReceiver(this.access, end))
  }

  readonly close: Effect.Effect<void> = Effect.sync(() => this.life.close())

  handOver(keep: (handle: Handle) => void): ReturnType<EndLife<A>["handOver"]> {
    return Effect.suspend(() => this.life.handOver(keep))
  }

  retire(): void {
    if (this.awaited !== undefined) {
      // It has left the ring, and no other receiver can have it.
      dropMessage(this.access, this.ring, this.awaited.offset)
      this.access.roster.addLost(1, 1)
      this.count(this.ring.type)
      this.awaited = undefined
    }
    // Below a handler of `drainUnsafe`: what it was given is not there for the next one.
    this.giveBack()
    this.serve()
    this.poller.remove(this.itemsWait)
  }

  get holdsBack(): string | undefined {
    const who = `this receiver of channel "${this.channel}"`
    return kinds[this.access.settings.kind].isBroadcast
      ? `${who} is of a broadcast, and those go to other threads by SharedChannel.handOver`
      : this.isReading || this.untold() !== undefined || this.awaited !== undefined
      ? `${who} is in the middle of a message: receive on it first`
      : undefined
  }

  get isInUse(): boolean {
    return this.got > 0 || this.isReading || this.awaited !== undefined || this.waiting > 0
  }

  depart(): void {
    this.giveBack()
    this.poller.remove(this.itemsWait)
    this.serveSoon()
  }

  stay(): void {
    if (this.waiting > 0) this.poller.add(this.itemsWait)
  }

  leaveRing(): Pick<Handle, "after" | "untold"> {
    return { after: this.ring.leaveAfter?.(), untold: this.untold() }
  }

  wasLast(): void {
    // What is still there will never be received. Who sends at the same time sees that nobody is left.
    loseRest(this.access)
    if (this.access.codec.carries) dropAll(this.access, this.ring)
  }

  settle(): void {}

  lookAgain(): void {
    if (this.waiting > 0) this.poll()
  }

  pending(): number {
    return Math.max(0, (sentIn(this.access) - this.sentBefore - this.got) | 0)
  }

  readonly depth: Effect.Effect<number> = Effect.sync(() =>
    kinds[this.access.settings.kind].isBroadcast ? this.pending() : waitingIn(this.access)
  )
}
