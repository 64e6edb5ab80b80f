/**
 * The last word about a slot, except for credit: that nothing is taken by it any more, and why; as it is said, and as it is heard.
 *
 * It goes beside the messages, so that a sender hears of it soon.
 */
import { type ExitReason, forgotten } from "../../actor/ExitReason.ts"
import * as Layouts from "../../actor/kernel/Layouts.ts"
import type { Protocol } from "../../actor/kernel/Protocol.ts"
import type { Resident } from "../../actor/kernel/Resident.ts"
import type { SpscReader } from "../../memory/SpscRing.ts"
import { wrong as text } from "./answeredAsk.ts"
import * as Envelope from "./envelope.ts"
import * as ExitRecord from "./exitRecord.ts"
import type { Home } from "./home.ts"
import type { Outbound } from "./outbound.ts"
import type { OutRing } from "./outRing.ts"

/** Says of an actor whose messages lie in a lane that it takes nothing more, and still handles what it has. */
const DRAINS = 1

/** Says why a slot takes nothing any more. */
export const say = (
  outbound: Outbound,
  slot: number,
  reason: ExitReason,
  layoutHash = 0,
  ring: OutRing = outbound.control
): void => {
  if (outbound.isDown) return
  ExitRecord.send(outbound, ring, Envelope.typeOf(Envelope.CLOSED, Envelope.ENDED, slot), layoutHash, 0, reason)
}

/** Says that its messages are laid out otherwise here: in words, from which who knows both finds where they part, or as a hash where those do not fit. */
export const sayOther = (outbound: Outbound, slot: number, protocol: Protocol): void => {
  const { layoutHash, layouts } = Layouts.of(protocol)
  const type = Envelope.typeOf(Envelope.CLOSED, Envelope.OTHER_LAYOUT, slot)
  if (outbound.isDown || outbound.coded(outbound.control, type, layoutHash, 0, text, layouts)) return
  say(outbound, slot, forgotten, layoutHash)
}

/** Of one whose messages lie in a lane the last word comes behind its replies: what has none by then gets none. */
export const sayLasting = (
  home: Home,
  outbound: Outbound,
  slot: number,
  { hasStopped }: Pick<Resident, "hasStopped">,
  reason: ExitReason
): void => {
  if (outbound.isDown) return
  const type = Envelope.typeOf(Envelope.CLOSED, Envelope.ENDED, slot)
  if (!hasStopped) return ExitRecord.send(outbound, outbound.control, type, 0, DRAINS, reason)
  // A handler that ends its actor by failing has its asker told after that.
  home.runtime.microtask(() => say(outbound, slot, reason, 0, outbound.data))
}

/** Hears it, at `offset`. */
export const hear = (outbound: Outbound, { end, region, type }: SpscReader, offset: number): void => {
  const addressee = outbound.slots[Envelope.slotOf(type)]
  const layoutHash = region.u32[offset >> 2]!
  const isOther = Envelope.indexOf(type) === Envelope.OTHER_LAYOUT
  const body = offset + Envelope.REPLY_BYTES
  const reason = isOther ? forgotten : ExitRecord.read(region, body, end)
  const layouts = isOther ? text.read(region, body, end) : undefined
  addressee?.closed(reason, layoutHash === 0 ? undefined : layoutHash, layouts)
  if (region.u32[(offset >> 2) + 1] !== DRAINS) addressee?.retire()
}
