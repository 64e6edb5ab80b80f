/**
 * An ask that came by a link and is answered with a stream: its elements are written into the ring as long as the reader has room, and so
 * has the ring.
 */
import * as Exit from "effect/Exit"
import type { StreamBroken } from "../../actor/ActorError.ts"
import type { Handover } from "../../actor/kernel/Forwarded.ts"
import { answered, NOBODY, type StreamAsk, type Streamer, Streaming } from "../../actor/kernel/Streaming.ts"
import { messageOf } from "../../runtime/Text.ts"
import type { Binding } from "./binding.ts"
import * as Envelope from "./envelope.ts"
import type { Home } from "./home.ts"
import { type Arrived, InboundAsk } from "./inboundAsk.ts"
import { FULL, type Outbound, TOO_LARGE, WRITTEN, type Written } from "./outbound.ts"
import { HELD } from "./outRing.ts"

/** See the module. */
export class InboundStreamAsk extends InboundAsk implements StreamAsk {
  declare private streaming: Streaming | undefined
  /** How many elements the reader still has room for. */
  declare private credit: number
  /**
   * Elements after which what is written becomes visible: half of what the reader has room for, so that it makes room for more while the other
   * half is written.
   */
  declare private readonly half: number
  /** Elements written since. */
  declare private unseen: number
  constructor(
    home: Home,
    outbound: Outbound,
    asks: Array<InboundAsk | undefined>,
    binding: Binding,
    arrived: Arrived
  ) {
    super(home, outbound, asks, binding, arrived)
    this.streaming = undefined
    this.credit = arrived.window
    this.half = (arrived.window + 1) >> 1
    this.unseen = 0
  }

  override settle(exit: Exit.Exit<unknown, unknown>): void {
    if (this.cancelled) {
      this.home.host.freight.dropUnused(this.given)
      return this.withdrawn()
    }
    // Whoever has it is an actor: nobody else answers.
    const cell = (this.taker ?? this.binding.cell) as unknown as Streamer
    const outcome = answered(cell, this, exit)
    if (!(outcome instanceof Streaming)) return super.settle(outcome)
    this.streaming = outcome
    outcome.begin()
  }

  // What it waits for is a stream, and this is none.
  override forward(handover: Handover): void {
    this.settle(Exit.succeed(handover))
  }

  send(elements: ReadonlyArray<unknown>, from: number): number {
    const { outbound } = this
    const type = Envelope.numbered(Envelope.ELEMENT, this.number)
    const codec = this.message!.success
    // What is held back goes first; the rings are made on first use.
    if (!outbound.isDown && outbound.data.state === HELD) {
      outbound.starve(this)
      return from
    }
    const { turn } = this.home
    for (let at = from; at < elements.length; at++) {
      if (at > from && turn.isOver()) return at
      if (this.isAnswered || outbound.isDown) return NOBODY
      if (this.credit === 0) return at
      let written: Written
      try {
        written = outbound.tell(type, codec, elements[at])
      } catch (error) {
        return this.spoilt(`cannot be encoded: ${messageOf(error)}`)
      }
      if (written === FULL) {
        outbound.starve(this)
        return at
      }
      if (written !== WRITTEN) return this.spoilt(this.issueOf(written, elements[at]))
      this.credit--
      if (++this.unseen >= this.half) {
        this.unseen = 0
        outbound.data.publish()
      }
    }
    return elements.length
  }

  private issueOf(written: Written, element: unknown): string {
    const { home: { carriage }, outbound } = this
    if (written === TOO_LARGE) {
      return `takes ${outbound.refusedBytes} bytes; the ring between the threads allows ${outbound.maxRecordBytes}`
    }
    try {
      return `breaks its schema: ${this.message!.success.explain(element, carriage)}`
    } catch (error) {
      return `cannot be encoded: ${messageOf(error)}`
    }
  }

  private spoilt(issue: string): typeof NOBODY {
    const outbound = this.claim()
    if (outbound !== undefined) this.unsendable(outbound, issue, Envelope.ELEMENT_UNSENDABLE)
    return NOBODY
  }

  /** There may be room in the ring: whoever asks has to learn whether there was. */
  admit(): void {
    this.streaming?.retry()
  }

  override granted(elements: number): void {
    this.credit += elements
    this.streaming?.wake()
  }

  ended(exit: Exit.Exit<unknown, unknown>): void {
    if (exit._tag === "Success") this.bare(Envelope.STREAM_ENDED, 0)
    else super.settle(exit)
  }

  broken(reason: StreamBroken["reason"]): void {
    this.bare(Envelope.STREAM_BROKEN, reason === "restarted" ? 0 : 1)
  }

  override withdraw(): void {
    const { streaming } = this
    if (streaming === undefined) return super.withdraw()
    this.withdrawn()
    streaming.interrupt()
  }
}
