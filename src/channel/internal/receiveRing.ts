/**
 * Where a receiver of a channel between threads reads: a ring of `memory`, and for a broadcast what was missed.
 */
import { NONE, type RingReader } from "../../memory/Ring.ts"

/** Answer of {@link ReceiveRing} `next`: messages were overwritten before they were read; `missed` counts them. */
export const MISSED = -3

/** Where a receiver reads. */
export interface ReceiveRing extends RingReader {
  /** Messages that were overwritten and not reported yet. */
  missed?(): number
  /** Gives the place of this end up; the number behind which another goes on. */
  leaveAfter?(): number
}

/** The offset of the next message that is there, or why there is none. */
export const nextIn = (ring: ReceiveRing): number => {
  const offset = ring.next()
  return offset === NONE && ring.poll() ? ring.next() : offset
}
