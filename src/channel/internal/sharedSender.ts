/**
 * The sending end of a channel between threads.
 *
 * A value is encoded aside, where its getters, checks and encoders may do what they like, then copied into room of exactly its size.
 * What was written becomes visible at the end of each send, and after {@link PUBLISH_RECORDS} messages or at the end of the task that
 * wrote it for sends without an effect; then the receivers that sleep are woken. Of kinds with a window a sender has at most
 * `capacity` messages on their way: it counts what it has sent, the receiver counts what it has received, and neither writes the
 * other's word.
 */
import * as Effect from "effect/Effect"
import type { RingWriter } from "../../memory/Ring.ts"
import { CLOSED, type End, RECEIVERS_GONE } from "../../memory/Roster.ts"
import { messageOf } from "../../runtime/Text.ts"
import * as Poller from "../../thread/Poller.ts"
import * as Carriage from "../../wire/Carriage.ts"
import { INVALID } from "../../wire/Codec.ts"
import { ChannelClosed, InvalidPayload, MessageTooLarge, type SendError } from "../ChannelError.ts"
import type { Sender } from "../Sender.ts"
import { Deque } from "./deque.ts"
import { EndLife, type Living } from "./endLife.ts"
import { EndWait } from "./endWait.ts"
import { kinds } from "./kinds.ts"
import { nextIn, type ReceiveRing } from "./receiveRing.ts"
import { FAILED, FULL, type Offered, SenderBase, SENT } from "./senderBase.ts"
import { type Access, dropMessage, type Handle, loseRest, rowOf, waitingIn } from "./sharedMemory.ts"

/** Messages after which what was written is made visible at once. */
const PUBLISH_RECORDS = 64

/** A message that waits in front of the ring, written, with what moves with it. */
class Parked<A> {
  readonly value: A
  readonly record: Uint8Array
  readonly cargo: Carriage.Cargo
  constructor(value: A, record: Uint8Array, cargo: Carriage.Cargo) {
    this.value = value
    this.record = record
    this.cargo = cargo
  }
}

/** See the module. */
export class SharedSender<A> extends SenderBase<A> implements Living {
  readonly side = "sender"
  private readonly access: Access<A>
  declare private ring: RingWriter
  private readonly row: number
  readonly life: EndLife<A>
  /** Most messages on their way; `Infinity` where the ring itself is the bound. */
  private readonly window: number
  private sent = 0
  /** What had been sent before this end was there. */
  private sentBefore = 0
  private received = 0
  private unpublished = 0
  private isFlushScheduled = false
  /** Messages of an unbounded sender that the ring has no room for. */
  private readonly backlog = new Deque<A | Parked<A>>()
  /** The receiving side of the ring, for dropping the oldest message. */
  private dropper: ReceiveRing | undefined = undefined
  private readonly drained: Array<() => void> = []
  private readonly roomWait: EndWait
  private readonly poller: Poller.Poller

  constructor(access: Access<A>, end: End, state?: "arrived") {
    const { settings, thread } = access
    const kind = kinds[settings.kind]
    super(thread, settings.name, settings.capacity, kind.isBroadcast ? "dropOldest" : settings.overflow)
    this.access = access
    this.row = rowOf(end)
    this.window = kind.hasWindow ? settings.capacity : Infinity
    this.poller = Poller.of(thread)
    const poll = () => this.poll()
    this.roomWait = new EndWait(access.room, this.row, { poll, isReady: poll })
    this.begin()
    this.life = new EndLife(access, end, this, state)
  }

  begin(): void {
    const { memory, roster, settings } = this.access
    const kind = kinds[settings.kind]
    this.ring = kind.writer(memory.ring, this.row + 1)
    this.received = roster.received(this.row)
    // What an end before this one had sent and nobody has received yet counts for the window.
    const sent = roster.sent(this.row)
    // In the rows of other kinds a receiver may have counted what it has received itself.
    this.sent = kind.hasWindow && ((sent - this.received) | 0) < 0 ? this.received : sent
    this.sentBefore = this.sent
  }

  protected offer(value: A): Offered {
    const flags = this.access.roster.flags()
    if (!this.life.isOpen || (flags & (CLOSED | RECEIVERS_GONE)) !== 0) return this.refuseEnd(value, flags)
    if (this.backlog.length > 0) return this.postpone(value)
    const offered = this.isFull() ? this.couldFit(value) : this.write(value)
    if (offered !== FULL) return offered
    if (this.capacity === Infinity) return this.postpone(value)
    this.publish()
    return FULL
  }

  /** Whether as many messages are on their way as may be. */
  private isFull(): boolean {
    if (((this.sent - this.received) | 0) < this.window) return false
    this.received = this.access.roster.received(this.row)
    return ((this.sent - this.received) | 0) >= this.window
  }

  private write(value: A): Offered {
    const { codec, scratch } = this.access
    const bytes = codec.encode(value, scratch)
    if (bytes === INVALID) return this.refuseInvalid(value)
    if (bytes > this.ring.maxRecordBytes) return this.refuseLarge(value, bytes)
    // The code of the user that encoded it may have closed the end, or sent what there was room for.
    if (!this.life.isOpen) return this.refuseEnd(value, 0)
    if (this.isFull()) return FULL
    const offset = this.ring.claim(bytes)
    if (offset < 0) return FULL
    const cargo = codec.carries ? scratch.cargo : Carriage.empty
    if (cargo.length > 0 && !this.leaves(cargo, value, value)) return FAILED
    scratch.copyTo(this.ring.region, offset)
    this.commit(bytes)
    return cargo.length > 0 ? this.departed(cargo, value) : SENT
  }

  /** Writes a message that has waited: what moves with it is out of the hands of this thread's code since then. */
  private writeParked(parked: Parked<A>): Offered {
    const { cargo, record, value } = parked
    if (this.isFull()) return FULL
    const offset = this.ring.claim(record.length)
    if (offset < 0) return FULL
    if (!this.leaves(cargo, parked, value)) return FAILED
    this.ring.region.u8.set(record, offset)
    this.commit(record.length)
    return this.departed(cargo, value)
  }

  /** A message with cargo that the last receiver may have left while it was sent comes back to its sender, or goes with the rest. */
  private departed(cargo: Carriage.Cargo, value: A): Offered {
    this.publish()
    if ((this.access.roster.flags() & RECEIVERS_GONE) === 0) return SENT
    if (Carriage.reclaim(cargo)) return this.refuseEnd(value, RECEIVERS_GONE)
    return SENT
  }

  /**
   * Moves what a message carries, once there is room for it: its record names what it carries as it is after one move, so it is not
   * moved for nothing. `false`, with the reason and the room given back, when it is not all there.
   */
  private leaves(cargo: Carriage.Cargo, message: unknown, undelivered: A): boolean {
    if (this.departs(Carriage.send, cargo, message, undelivered)) return true
    this.ring.abort()
    // Somebody may have looked in front of it, and sleep while there is more behind.
    if (this.ring.publish()) this.access.items.wake()
    return false
  }

  /** Takes what moves with a message out of the hands of this thread's code; `false`, with the reason, when it is not all there. */
  private departs(how: typeof Carriage.send, cargo: Carriage.Cargo, message: unknown, undelivered: A): boolean {
    try {
      how(cargo, message)
      return true
    } catch (error) {
      this.refuse(new InvalidPayload({ channel: this.channel, issue: messageOf(error), undelivered }))
      return false
    }
  }

  private commit(bytes: number): void {
    this.ring.commit(bytes, this.row)
    this.sent = (this.sent + 1) | 0
    if (++this.unpublished >= PUBLISH_RECORDS) this.publish()
    else if (!this.isFlushScheduled) this.scheduleFlush()
  }

  /** A value that could never be sent does not wait for room. */
  private couldFit(value: A): Offered {
    const bytes = this.access.codec.encode(value, this.access.scratch)
    if (bytes === INVALID) return this.refuseInvalid(value)
    return bytes > this.ring.maxRecordBytes ? this.refuseLarge(value, bytes) : FULL
  }

  private scheduleFlush(): void {
    this.isFlushScheduled = true
    this.thread.runtime.microtask(this.flush)
  }

  private readonly flush = (): void => {
    this.isFlushScheduled = false
    this.publish()
  }

  /** Makes visible what was written, and wakes who waits for it. */
  protected publish(): void {
    if (this.unpublished === 0) return
    this.unpublished = 0
    this.ring.publish()
    this.access.roster.setSent(this.row, this.sent)
    this.access.items.wake()
    // Counted before the look: the last receiver leaves first, and counts what it leaves after that.
    if ((this.access.roster.flags() & RECEIVERS_GONE) !== 0) loseRest(this.access)
  }

  private refuse(failure: { readonly _tag: string }): typeof FAILED {
    this.failure = failure as SendError<A>
    return FAILED
  }

  private refuseEnd(undelivered: A, flags: number): Offered {
    if (!this.life.isOpen) return this.refuse(this.life.moved(undelivered))
    const by = (flags & CLOSED) !== 0 ? "channel" : "receivers"
    return this.refuse(new ChannelClosed({ channel: this.channel, by, undelivered }))
  }

  private refuseInvalid(undelivered: A): Offered {
    const issue = this.access.codec.explain(undelivered, this.access.carriage)
    return this.refuse(new InvalidPayload({ channel: this.channel, issue, undelivered }))
  }

  private refuseLarge(undelivered: A, sizeBytes: number): Offered {
    const limitBytes = this.ring.maxRecordBytes
    return this.refuse(new MessageTooLarge({ channel: this.channel, sizeBytes, limitBytes, undelivered }))
  }

  /** Keeps a value of an unbounded sender until the ring has room; one with cargo as it was written, so that it is looked at once. */
  private postpone(value: A): Offered {
    const offered = this.couldFit(value)
    if (offered !== FULL) return offered
    const { codec, scratch } = this.access
    if (codec.carries) {
      const parked = new Parked(value, scratch.take(), scratch.cargo)
      if (!this.departs(Carriage.hold, parked.cargo, parked, value)) return FAILED
      this.backlog.push(parked)
    } else this.backlog.push(value)
    if (this.backlog.length === 1) {
      this.publish()
      this.poller.add(this.roomWait)
    }
    return SENT
  }

  protected dropOldest(): void {
    this.publish()
    const { access, row } = this
    // A sender may take what any receiver may take.
    this.dropper ??= kinds[access.settings.kind].reader(access.memory.ring, row + 1)
    const offset = nextIn(this.dropper)
    if (offset < 0) return
    dropMessage(access, this.dropper, offset)
    this.dropper.release()
    this.countDropped()
  }

  protected countDropped(): void {
    this.access.roster.addDropped(this.row, 1)
  }

  protected watch(): void {
    this.publish()
    this.poller.add(this.roomWait)
  }

  protected unwatch(): void {
    if (this.backlog.length === 0) this.poller.remove(this.roomWait)
  }

  /** Asked by the poller of this thread while somebody waits for room. */
  private poll(): boolean {
    const waited = this.waiting
    const kept = this.backlog.length
    this.writeBacklog()
    this.admit()
    const isDone = this.waiting === 0 && this.backlog.length === 0
    const progress = this.waiting < waited || this.backlog.length < kept
    if (progress && !isDone) this.poller.add(this.roomWait)
    return progress || isDone
  }

  private writeBacklog(): void {
    if (this.backlog.length === 0) return
    if ((this.access.roster.flags() & (CLOSED | RECEIVERS_GONE)) !== 0) {
      // Nobody will receive them.
      this.access.roster.addDropped(this.row, this.backlog.length)
      while (this.backlog.length > 0) this.dropFirst()
    }
    while (this.backlog.length > 0) {
      const first = this.backlog.peek()
      const offered = first instanceof Parked ? this.writeParked(first) : this.write(first)
      if (offered === FULL) break
      // A value that somebody has changed since it was sent, so that it is none any more.
      if (offered === FAILED) {
        this.dropFirst()
        this.countDropped()
      } else this.backlog.shift()
    }
    this.publish()
    if (this.backlog.length === 0) { for (const done of this.drained.splice(0)) done() }
  }

  private dropFirst(): void {
    const first = this.backlog.shift()
    if (first instanceof Parked) Carriage.drop(first.cargo)
  }

  // ---- the life of the end

  get clone(): Sender<A>["clone"] {
    return this.life.clone((end) => new SharedSender(this.access, end))
  }

  /** Waits until the ring has had everything that an unbounded sender holds. */
  private readonly settled: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (this.backlog.length === 0) return resume(Effect.void)
    this.drained.push(() => resume(Effect.void))
  })

  /** Does this once nothing is held any more: between the one and the other nobody sends. */
  private settledThen<B, E>(act: () => Effect.Effect<B, E>): Effect.Effect<B, E> {
    return Effect.suspend(() =>
      this.life.isOpen && this.backlog.length > 0
        ? Effect.andThen(this.settled, this.settledThen(act))
        : act()
    )
  }

  readonly close: Effect.Effect<void> = this.settledThen(() => Effect.sync(() => this.life.close()))

  handOver(keep: (handle: Handle) => void): ReturnType<EndLife<A>["handOver"]> {
    return this.settledThen(() => this.life.handOver(keep))
  }

  retire(): void {
    this.publish()
    this.admit()
    this.poller.remove(this.roomWait)
  }

  get holdsBack(): string | undefined {
    return this.backlog.length > 0
      ? `this sender of channel "${this.channel}" still holds messages for which there was no room: send it later`
      : undefined
  }

  get isInUse(): boolean {
    return this.sent !== this.sentBefore || this.backlog.length > 0 || this.waiting > 0
  }

  depart(): void {
    this.publish()
    this.poller.remove(this.roomWait)
    this.admitSoon()
  }

  stay(): void {
    if (this.waiting > 0) this.poller.add(this.roomWait)
  }

  leaveRing(): {} {
    return {}
  }

  wasLast(): void {}

  pending(): number {
    return 0
  }

  settle(): void {
    this.writeBacklog()
    this.publish()
  }

  lookAgain(): void {
    if (this.waiting > 0 || this.backlog.length > 0) this.poll()
  }

  readonly depth: Effect.Effect<number> = Effect.sync(() =>
    waitingIn(this.access) + this.unpublished + this.backlog.length
  )
}
