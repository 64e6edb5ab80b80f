/**
 * An ask that lies in a lane, on the side of the actor. It outlives the thread that has it: whoever takes it next answers, as long as
 * its asker waits.
 */
import type * as Tracer from "effect/Tracer"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { AnsweredAsk } from "./answeredAsk.ts"
import * as Envelope from "./envelope.ts"
import type { Home } from "./home.ts"
import type { LaneReader } from "./lane.ts"
import type { Outbound } from "./outbound.ts"

/** See the module. */
export class LaneAsk extends AnsweredAsk {
  declare readonly lane: LaneReader
  declare readonly serial: number
  declare private isAnswered: boolean
  declare private begunMillis: number
  constructor(home: Home, lane: LaneReader, message: Message, serial: number, span: Tracer.AnySpan | undefined) {
    super(home, message, { number: serial, slot: Envelope.LASTING }, message.index, span)
    this.lane = lane
    this.serial = serial
    this.isAnswered = false
    this.begunMillis = NaN
  }

  // A lane does not say whether the asker wants to know how long it takes.
  override isOver(): boolean {
    this.begunMillis = this.home.host.deadlines.now()
    return false
  }

  protected override handlingMicros(): number {
    return this.microsSince(this.begunMillis)
  }

  protected override claim(): Outbound | undefined {
    if (this.isAnswered) return undefined
    this.isAnswered = true
    const { epoch, from } = this.lane
    return this.home.isUp(from, epoch) ? this.home.outboundTo(from) : undefined
  }
}
