/**
 * Why an actor has ended, as it stands in a record: behind eight bytes that say what it answers.
 */
import * as ExitReason from "../../actor/ExitReason.ts"
import type { Region } from "../../memory/Region.ts"
import type { Outbound } from "./outbound.ts"
import type { OutRing } from "./outRing.ts"

/** Sends a record of `type` whose words are `first` and `second`. A reason that the ring is too small for leaves its stacks behind. */
export const send = (
  outbound: Outbound,
  ring: OutRing,
  type: number,
  first: number,
  second: number,
  reason: ExitReason.ExitReason
): void => {
  const codec = ExitReason.codec()
  if (outbound.coded(ring, type, first, second, codec, ExitReason.portable(reason))) return
  if (outbound.coded(ring, type, first, second, codec, ExitReason.portable(reason, "brief"))) return
  outbound.coded(ring, type, first, second, codec, ExitReason.forgotten)
}

/** Reads the reason that begins at `offset`. */
export const read = (region: Region, offset: number, end: number): ExitReason.ExitReason =>
  ExitReason.codec().read(region, offset, end)
