/**
 * The sender's side of a mailbox that survives its thread: the lane from here, and the asks in it.
 *
 * Both outlive the link to the incarnation that is up: what lies in the lane is for the next one, and its asks wait for that.
 */
import type * as Tracer from "effect/Tracer"
import { type ExitReason, forgotten } from "../../actor/ExitReason.ts"
import type { Address } from "../../actor/kernel/Address.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { NO_ROOM } from "../../actor/kernel/Recipient.ts"
import * as Envelope from "./envelope.ts"
import type { Home, Starving } from "./home.ts"
import { type LaneWriter, settle } from "./lane.ts"
import { type Outbound, WRITTEN, type Written } from "./outbound.ts"
import type { RemoteAsk } from "./remoteAsk.ts"

/** See the module. */
export class Lasting implements Starving {
  declare readonly address: Address
  declare private readonly home: Home
  declare private readonly lane: LaneWriter
  /** Messages that may be on their way. */
  declare private readonly window: number
  /** Lets in who waits for room. */
  declare readonly admit: () => void
  /** The link to the incarnation that is up. */
  declare private outbound: Outbound | undefined
  constructor(home: Home, address: Address, window: number, admit: () => void) {
    this.home = home
    this.address = address
    this.lane = home.laneTo(address)
    this.window = window
    this.admit = admit
    this.outbound = undefined
  }

  get inFlight(): number {
    return this.lane.inFlight
  }

  get maxRecordBytes(): number {
    return this.lane.maxRecordBytes
  }

  get refusedBytes(): number {
    return this.lane.refusedBytes
  }

  /** Whether the main thread knows the lane: it will in a moment. */
  get isKnown(): boolean {
    return this.lane.isKnown
  }

  get hasCredit(): boolean {
    return this.lane.hasCredit(this.window)
  }

  // ---- the link

  /** An incarnation can be reached. It looks at what lies in the lane, and is told which asks were taken back. */
  goOn(outbound: Outbound): void {
    this.outbound = outbound
    this.nudge(outbound)
    for (const [serial, { ask, recipient }] of this.home.lasting) {
      if (recipient === this && !ask.isAwaited) this.withdraw(serial)
    }
  }

  /** It has gone. */
  linkLost(): void {
    this.outbound = undefined
  }

  private nudge(outbound: Outbound): void {
    outbound.control.words(Envelope.typeOf(Envelope.LANE, Envelope.NUDGE, 0), this.address.actor, 0, true)
  }

  private withdraw(serial: number): void {
    this.outbound?.control.words(Envelope.typeOf(Envelope.LANE, Envelope.WITHDRAW, 0), this.address.actor, serial, true)
  }

  // ---- messages

  /** Writes a message; from then on it is accepted, and an ask waits for its answer. */
  write(
    outbound: Outbound,
    message: Message,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    ask: RemoteAsk | undefined
  ): Written {
    const { home, lane } = this
    if (ask !== undefined) ask.serial = home.nextSerial()
    const written = lane.write(home.scratch, message, payload, span, ask?.serial)
    if (written !== WRITTEN) return written
    if (ask !== undefined) {
      ask.withdrawing = () => this.withdraw(ask.serial)
      home.lasting.set(ask.serial, { ask, recipient: this, number: lane.lastNumber })
      home.signals.expect()
    }
    if (lane.takeNudge()) this.nudge(outbound)
    return written
  }

  /** Somebody waits for room: it is looked for. */
  starve(): typeof NO_ROOM {
    this.lane.requestRoom()
    this.home.starved.add(this)
    return NO_ROOM
  }

  hasRoom(): boolean {
    this.lane.requestRoom()
    return this.isKnown && this.hasCredit
  }

  /** The actor has ended: what has no answer by now will have none. */
  end(reason: ExitReason = forgotten): void {
    const { home, lane } = this
    home.starved.delete(this)
    home.lanes.delete(this.address.actor)
    let left = lane.inFlight
    for (const [serial, { ask, recipient }] of home.lasting) {
      if (recipient !== this) continue
      home.lasting.delete(serial)
      left--
      home.runtime.detached(() => ask.stopped(reason))
    }
    if (left > 0) home.host.dropped(left)
    settle(lane.memory)
  }
}
