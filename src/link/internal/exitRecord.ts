/**
 * Why an actor has ended, as it stands in a record: behind eight bytes that say what it answers.
 */
import * as ExitReason from "../../actor/ExitReason.ts"
import type { Region } from "../../memory/Region.ts"
import * as Envelope from "./envelope.ts"
import type { Outbound } from "./outbound.ts"

/** Sends a record of `type` whose first word is `word`. A reason that the ring is too small for leaves its stacks behind. */
export const send = (outbound: Outbound, type: number, word: number, reason: ExitReason.ExitReason): void => {
  const codec = ExitReason.codec()
  const { maxRecordBytes, region } = outbound.writer
  const full = ExitReason.portable(reason)
  const fits = Envelope.ASK_BYTES + codec.boundBytes(full) <= maxRecordBytes
  const value = fits ? full : ExitReason.portable(reason, "brief")
  outbound.system(type, Envelope.ASK_BYTES + codec.boundBytes(value), (offset) => {
    region.u32[offset >> 2] = word
    return codec.write(value, region, offset + Envelope.ASK_BYTES)
  }, true)
}

/** Reads the reason that begins at `offset`. */
export const read = (region: Region, offset: number, end: number): ExitReason.ExitReason =>
  ExitReason.codec().read(region, offset, end)
