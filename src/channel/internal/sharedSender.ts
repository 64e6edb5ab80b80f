/**
 * The sending end of a channel between threads.
 *
 * A value is written by its codec straight into the ring. What was written becomes visible at the end of each send, and after
 * {@link PUBLISH_RECORDS} messages or at the end of the task that wrote it for sends without an effect; then the receivers that sleep are woken. Of kinds with a window
 * (spsc, mpsc) a sender has at most `capacity` messages on their way: it counts what it has sent, the receiver counts
 * what it has received, and neither writes the other's word.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { RECORD_TOO_LARGE } from "../../memory/Ring.ts"
import { CLOSED, type End, RECEIVERS_GONE, ROSTER_FULL, SENDER } from "../../memory/Roster.ts"
import * as Poller from "../../thread/Poller.ts"
import { INVALID } from "../../wire/Codec.ts"
import {
  ChannelClosed,
  EndMoved,
  type EndTaken,
  InvalidMessage,
  MessageTooLong,
  type SendError
} from "../ChannelError.ts"
import { FAILED, FULL, type Offered, type Sender, SenderBase, SENT } from "../Sender.ts"
import { Deque } from "./deque.ts"
import { EndWait } from "./endWait.ts"
import { taken } from "./localChannel.ts"
import {
  type Access,
  dropMessage,
  type Handle,
  handleOf,
  type LocalEnd,
  rowOf,
  waitingIn,
  wakeAll
} from "./sharedMemory.ts"
import { type ReceiveRing, receiveRingOf, type SendRing, sendRingOf } from "./sharedRings.ts"

/** Messages after which what was written is made visible at once. */
const PUBLISH_RECORDS = 64

/** See the module. */
export class SharedSender<A> extends SenderBase<A> implements LocalEnd {
  readonly side = "sender"
  private readonly access: Access<A>
  private readonly ring: SendRing
  private readonly end: End
  private readonly row: number
  /** Most messages on their way; `Infinity` where the ring itself is the bound. */
  private readonly window: number
  private state: "open" | "closed" | "handed over" = "open"
  private sent: number
  private received: number
  private unpublished = 0
  private isFlushScheduled = false
  /** Messages of an unbounded sender that the ring has no room for. */
  private readonly backlog = new Deque<A>()
  /** The receiving side of the ring, for dropping the oldest message. */
  private dropper: ReceiveRing | undefined = undefined
  private readonly drained: Array<() => void> = []
  private readonly roomWait: EndWait

  constructor(access: Access<A>, end: End) {
    const { settings } = access
    super(settings.name, settings.capacity, settings.kind === "broadcast" ? "dropOldest" : settings.overflow)
    this.access = access
    this.end = end
    this.row = rowOf(end)
    this.window = settings.kind === "spsc" || settings.kind === "mpsc" ? settings.capacity : Infinity
    this.ring = sendRingOf(settings.kind, access.memory.ring, this.row + 1)
    const poll = () => this.poll()
    this.roomWait = new EndWait(access.room, this.row, { poll, isReady: poll })
    this.received = access.roster.received(this.row)
    // What an end before this one had sent and nobody has received yet counts for the window.
    const sent = access.roster.sent(this.row)
    // In the rows of other kinds a receiver may have counted what it has received itself.
    const countsReceived = settings.kind === "spsc" || settings.kind === "mpsc"
    this.sent = countsReceived && ((sent - this.received) | 0) < 0 ? this.received : sent
    access.ends.add(this)
  }

  protected offer(value: A): Offered {
    const flags = this.access.roster.flags()
    if (this.state !== "open" || (flags & (CLOSED | RECEIVERS_GONE)) !== 0) return this.refuseEnd(value, flags)
    if (this.backlog.length > 0) return this.postpone(value)
    const isFull = ((this.sent - this.received) | 0) >= this.window && !this.hasWindow()
    const offered = isFull ? FULL : this.write(value)
    return offered === FULL ? this.refuseFull(value) : offered
  }

  private hasWindow(): boolean {
    this.received = this.access.roster.received(this.row)
    return ((this.sent - this.received) | 0) < this.window
  }

  private write(value: A, isHeld = false): Offered {
    if (!this.ring.abortTakesRoom) return this.put(value)
    // What can be refused is refused before the claim.
    const { carrier, codec } = this.access
    if (!codec.isValid(value)) return this.refuseInvalid(value)
    if (carrier === undefined || isHeld) return this.put(value)
    if (!this.moves(value, "hold")) return FAILED
    let offered: Offered = FULL
    try {
      offered = this.put(value)
    } finally {
      if (offered !== SENT) carrier.restore(value)
    }
    return offered
  }

  private put(value: A): Offered {
    const { ring } = this
    const { carrier, codec, scratch } = this.access
    const bytes = codec.encode(value, scratch)
    if (bytes === INVALID) return this.refuseInvalid(value)
    const offset = ring.claim(bytes)
    if (offset < 0) return offset === RECORD_TOO_LARGE ? this.refuseLong(value, bytes) : FULL
    if (carrier !== undefined && !this.moves(value)) {
      ring.abort()
      return FAILED
    }
    scratch.copyTo(ring.region, offset)
    ring.commit(bytes, this.row)
    this.sent = (this.sent + 1) | 0
    if (++this.unpublished >= PUBLISH_RECORDS) this.publish()
    else if (!this.isFlushScheduled) this.scheduleFlush()
    return SENT
  }

  /** Takes the parcels of a value out of the hands of this thread's code; `false`, with the reason, when one is not there. */
  private moves(value: A, how: "send" | "hold" = "send"): boolean {
    try {
      this.access.carrier![how](value)
      return true
    } catch (error) {
      const issue = error instanceof Error ? error.message : String(error)
      this.failure = new InvalidMessage({ channel: this.channel, issue, unsent: value }) as SendError<A>
      return false
    }
  }

  private scheduleFlush(): void {
    this.isFlushScheduled = true
    queueMicrotask(() => {
      this.isFlushScheduled = false
      this.publish()
    })
  }

  /** Makes visible what was written, and wakes who waits for it. */
  protected publish(): void {
    if (this.unpublished === 0) return
    this.unpublished = 0
    this.ring.publish()
    this.access.roster.setSent(this.row, this.sent)
    this.access.items.wake()
  }

  private refuseEnd(value: A, flags: number): Offered {
    const channel = this.channel
    this.failure = (this.state !== "open"
      ? new EndMoved({ channel, end: "sender", how: this.state, unsent: value })
      : new ChannelClosed({
        channel,
        by: (flags & CLOSED) !== 0 ? "channel" : "receivers",
        unsent: value
      })) as SendError<A>
    return FAILED
  }

  private refuseInvalid(value: A): Offered {
    const issue = this.access.codec.explain(value)
    this.failure = new InvalidMessage({ channel: this.channel, issue, unsent: value }) as SendError<A>
    return FAILED
  }

  private refuseLong(value: A, sizeBytes: number): Offered {
    if (!this.access.codec.isValid(value)) return this.refuseInvalid(value)
    const limitBytes = this.ring.limitBytes
    this.failure = new MessageTooLong({ channel: this.channel, sizeBytes, limitBytes, unsent: value }) as SendError<A>
    return FAILED
  }

  /** A value that could never be sent does not wait for room. */
  private refuseFull(value: A): Offered {
    if (!this.access.codec.isValid(value)) return this.refuseInvalid(value)
    const sizeBytes = this.access.codec.encode(value, this.access.scratch)
    if (sizeBytes > this.ring.limitBytes) return this.refuseLong(value, sizeBytes)
    if (this.capacity === Infinity) return this.postpone(value)
    this.publish()
    return FULL
  }

  /** Keeps a value of an unbounded sender until the ring has room. */
  private postpone(value: A): Offered {
    if (!this.access.codec.isValid(value)) return this.refuseInvalid(value)
    if (this.access.carrier !== undefined && !this.moves(value, "hold")) return FAILED
    this.backlog.push(value)
    if (this.backlog.length === 1) {
      this.publish()
      Poller.add(this.roomWait)
    }
    return SENT
  }

  protected dropOldest(): void {
    this.publish()
    // Of kind mpmc, where a sender may take what any receiver may take.
    this.dropper ??= receiveRingOf(this.access.settings.kind, this.access.memory.ring, this.row + 1)
    const offset = this.dropper.next()
    if (offset < 0) return
    dropMessage(this.access, this.dropper, offset)
    this.dropper.done()
    this.countDropped()
  }

  protected countDropped(): void {
    this.access.roster.addDropped(this.row, 1)
  }

  protected watch(): void {
    this.publish()
    Poller.add(this.roomWait)
  }

  protected unwatch(): void {
    if (this.backlog.length === 0) Poller.remove(this.roomWait)
  }

  /** Asked by the poller of this thread while somebody waits for room. */
  private poll(): boolean {
    const waited = this.waiting
    const kept = this.backlog.length
    this.writeBacklog()
    this.admit()
    const isDone = this.waiting === 0 && this.backlog.length === 0
    const progress = this.waiting < waited || this.backlog.length < kept
    if (progress && !isDone) Poller.add(this.roomWait)
    return progress || isDone
  }

  private writeBacklog(): void {
    if (this.backlog.length === 0) return
    if ((this.access.roster.flags() & (CLOSED | RECEIVERS_GONE)) !== 0) {
      // Nobody will receive them.
      this.access.roster.addDropped(this.row, this.backlog.length)
      while (this.backlog.length > 0) {
        this.access.carrier?.drop(this.backlog.peek())
        this.backlog.shift()
      }
    }
    while (this.backlog.length > 0) {
      const offered = this.write(this.backlog.peek(), true)
      if (offered === FULL) break
      // A value that somebody has changed since it was sent, so that it is none any more.
      if (offered === FAILED) this.countDropped()
      this.backlog.shift()
    }
    this.publish()
    if (this.backlog.length === 0) { for (const done of this.drained.splice(0)) done() }
  }

  // ---- the life of the end

  readonly clone = Effect.suspend((): Effect.Effect<Sender<A>, EndTaken | EndMoved, Scope.Scope> => {
    const { kind } = this.access.settings
    if (kind === "spsc" || kind === "broadcast") return Effect.fail(taken(this.channel, "sender", kind))
    if (this.state !== "open") return Effect.fail(this.moved())
    return Effect.acquireRelease(
      Effect.suspend(() => {
        const end = this.access.roster.join(SENDER, this.end)
        if (end === ROSTER_FULL) return Effect.fail(taken(this.channel, "sender", kind, this.access.roster.rows))
        return Effect.succeed(new SharedSender(this.access, end))
      }),
      (sender) => sender.close
    )
  })

  private moved(): EndMoved {
    const how = this.state === "handed over" ? "handed over" : "closed"
    return new EndMoved({ channel: this.channel, end: "sender", how, unsent: undefined })
  }

  /** Waits until the ring has had everything that an unbounded sender holds. */
  private readonly settled: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (this.backlog.length === 0) return resume(Effect.void)
    this.drained.push(() => resume(Effect.void))
  })

  /** Does this once nothing is held any more: between the one and the other nobody sends. */
  private settledThen<B, E>(act: () => Effect.Effect<B, E>): Effect.Effect<B, E> {
    return Effect.suspend(() =>
      this.state === "open" && this.backlog.length > 0
        ? Effect.andThen(this.settled, this.settledThen(act))
        : act()
    )
  }

  readonly close: Effect.Effect<void> = this.settledThen(() => {
    if (this.state !== "open") return Effect.void
    this.retire("closed")
    if (this.access.roster.leave(this.end, SENDER)) wakeAll(this.access)
    return Effect.void
  })

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

  /** Takes the end out of use on this thread. What waits for room has its value back. */
  private retire(how: "closed" | "handed over"): void {
    this.access.ends.delete(this)
    this.state = how
    this.publish()
    this.admit()
    Poller.remove(this.roomWait)
  }

  /** Makes the end into what another thread opens; `keep` has the handle before an interruption can. */
  handOver(keep: (handle: Handle) => void): Effect.Effect<void, EndMoved> {
    return this.settledThen((): Effect.Effect<void, EndMoved> => {
      const { access, end } = this
      if (this.state !== "open") return Effect.fail(this.moved())
      this.retire("handed over")
      access.roster.handOver(end)
      keep(handleOf(access, "sender", end))
      return Effect.void
    })
  }

  readonly depth: Effect.Effect<number> = Effect.sync(() =>
    waitingIn(this.access) + this.unpublished + this.backlog.length
  )
}
