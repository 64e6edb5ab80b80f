/**
 * The kinds of asks between threads: answered with a value, or with a stream; and those whose asker is told how long the handler has taken, on the side of the
 * asker and on that of the actor.
 */
import type * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import type { Message } from "../../actor/kernel/Protocol.ts"
import type { Asker } from "../../actor/kernel/Recipient.ts"
import { TimedAsker } from "../../actor/kernel/TimedAsker.ts"
import type { Region } from "../../memory/Region.ts"
import * as Envelope from "./envelope.ts"
import type { Home } from "./home.ts"
import { InboundAsk } from "./inboundAsk.ts"
import { InboundStreamAsk } from "./inboundStreamAsk.ts"
import { type Asked, RemoteAsk } from "./remoteAsk.ts"
import { RemoteStreamAsk } from "./remoteStreamAsk.ts"

/** What stands in the place of the window of a stream. */
const TIMED = 1

class RemoteTimedAsk extends RemoteAsk {
  declare private readonly asker: TimedAsker
  constructor(
    home: Home,
    recipient: Asked,
    index: number,
    payload: unknown,
    timeoutMillis: number,
    asker: TimedAsker
  ) {
    super(home, recipient, index, payload, asker.span, timeoutMillis, (exit) => asker.end(exit), TIMED)
    this.asker = asker
  }

  protected override read(
    outcome: number,
    word: number,
    region: Region,
    offset: number,
    end: number
  ): Exit.Exit<unknown, unknown> {
    if (outcome === Envelope.REPLIED) this.asker.handlingMillis = word / 1000
    return super.read(outcome, word, region, offset, end)
  }
}

class InboundTimedAsk extends InboundAsk {
  declare private begunMillis: number

  override isOver(): boolean {
    const isOver = super.isOver()
    if (!isOver) this.begunMillis = this.home.host.deadlines.now()
    return isOver
  }

  protected override handlingMicros(): number {
    return this.microsSince(this.begunMillis)
  }
}

/** An ask on the side of the asker. */
export const outgoing = (
  home: Home,
  recipient: Asked,
  index: number,
  payload: unknown,
  span: Tracer.AnySpan | undefined,
  timeoutMillis: number,
  asker: Asker
): RemoteAsk => {
  if (typeof asker === "function") return new RemoteAsk(home, recipient, index, payload, span, timeoutMillis, asker)
  const ask = asker instanceof TimedAsker
    ? new RemoteTimedAsk(home, recipient, index, payload, timeoutMillis, asker)
    : new RemoteStreamAsk(home, recipient, index, payload, timeoutMillis, asker)
  void ask.waitedForBy(asker.fiber)
  return ask
}

/** The class of an ask on the side of the actor. */
export const incoming = (message: Message | undefined, window: number): typeof InboundAsk =>
  message?.isStream === true ? InboundStreamAsk : window > 0 ? InboundTimedAsk : InboundAsk
