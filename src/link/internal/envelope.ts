/**
 * What surrounds a message on its way between two threads.
 *
 * A record of a ring has a type and a payload. The type says what the record is, which message of the protocol it
 * carries, and for which slot; a slot is a number that the sender has bound to one actor with an `OPEN` record, so that
 * an address is sent once and not with every message.
 *
 * ```text
 *  type   bit 30                12 11           4 3      0
 *         | slot (19 bits)        | index (8)    | kind  |      kind REPLY: index is the outcome, slot unused
 *
 *  TELL          | payload …                                              a plain tell is its payload and nothing else
 *  TELL_TRACED   | trace context (32 B) | payload …
 *  ASK           | id u32 | timeout ms u32 | payload …                    timeout 0xffffffff: none
 *  ASK_TRACED    | id u32 | timeout ms u32 | trace context (32 B) | payload …
 *  REPLY         | id u32 | 0 u32 | success, error or cause …
 *  INTERRUPT     | id u32 | 0 u32
 *  OPEN          | actor u32 | epoch u32 | layout hash u32 | 0
 *  CLOSED        | layout hash u32 | 0 | exit reason …                    slot is the sender's; nothing goes there any more
 *  CREDIT        | messages u32 | 0                                       so many messages of the slot have left the mailbox
 * ```
 *
 * All numbers are of the machine's byte order; records do not leave the process.
 */
import type { Region } from "../../memory/Region.ts"
import { TRACE_BYTES } from "./traceContext.ts"

export const TELL = 0
export const TELL_TRACED = 1
export const ASK = 2
export const ASK_TRACED = 3
export const REPLY = 4
export const INTERRUPT = 5
export const OPEN = 6
export const CLOSED = 7
export const CREDIT = 8

/** Outcome of an ask: the success value follows. */
export const REPLIED = 0
/** The declared error follows. */
export const FAILED = 1
/** A cause follows: a defect, an interruption, or several reasons. */
export const CAUSE = 2
/** The actor has stopped; the reason follows. */
export const NOT_HANDLED_STOPPED = 3
/** The actor is restarting; nothing follows. */
export const NOT_HANDLED_RESTARTING = 4
/** The protocols differ; the layout hash of the other side follows. */
export const NOT_HANDLED_LAYOUT = 5
/** The asker had gone: the answer that lets it forget the ask. */
export const WITHDRAWN = 6
/** The reply could not be sent; what was wrong follows as text. */
export const REPLY_UNSENDABLE = 7

/** How many actors one thread may address on another. */
export const MAX_SLOTS = 1 << 19

/** The id and the deadline in front of an ask, the id in front of a reply. */
export const ASK_BYTES = 8
/** The size of an `OPEN` record. */
export const OPEN_BYTES = 16
/** A timeout that is none. */
export const NO_TIMEOUT = 0xffffffff

/** The size of what stands in front of the payload of a message. */
export const prefixBytes = (isAsk: boolean, isTraced: boolean): number =>
  (isAsk ? ASK_BYTES : 0) + (isTraced ? TRACE_BYTES : 0)

/** The type word of a record. */
export const typeOf = (kind: number, index: number, slot: number): number => kind | (index << 4) | (slot << 12)

/** The kind in a type word. */
export const kindOf = (type: number): number => type & 0xf

/** The message index in a type word. */
export const indexOf = (type: number): number => (type >>> 4) & 0xff

/** The slot in a type word. */
export const slotOf = (type: number): number => type >>> 12

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The size of a text record in bytes, at most. */
export const textBytes = (text: string): number => text.length * 3

/** Writes UTF-8 text and answers where it ends. */
export const writeText = (region: Region, offset: number, text: string): number => // TextEncoder refuses shared memory, so the bytes are made outside of it; texts are rare.
{
  const bytes = encoder.encode(text)
  region.u8.set(bytes, offset)
  return offset + bytes.length
}

/** Reads the UTF-8 text between two offsets. */
export const readText = (region: Region, offset: number, end: number): string =>
  decoder.decode(region.u8.slice(offset, end))
