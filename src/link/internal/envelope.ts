/**
 * What surrounds a message on its way between two threads.
 *
 * A record of a ring has a type and a payload. The type says what the record is, which message of the protocol it
 * carries, and for which slot; a slot is a number that the sender has bound to one actor with an `OPEN` record, so that
 * an address is sent once and not with every message.
 *
 * ```text
 *  type   bit 30                12 11           4 3      0
 *         | slot (19 bits)        | index (8)    | kind  |      kind REPLY: index is the outcome, slot 1 for a lane
 *
 *  in the ring for data, in the order in which they were sent:
 *  TELL          | payload …                                              a plain tell is its payload and nothing else
 *  TELL_TRACED   | trace context (32 B) | payload …
 *  ASK           | number u32 | timeout ms u32 | serial u32 | window u32 | payload …        timeout 0xffffffff: none; where no stream answers, a window asks for the time
 *  ASK_TRACED    | number u32 | timeout ms u32 | serial u32 | window u32 | trace context (32 B) | payload …
 *  ELEMENT       | element …                                              of the stream that answers an ask; its number stands above the kind
 *  REPLY         | number u32 | word u32 | success, error, cause, reason or text …        of an answer the word is how long its handler took, in µs, where that is asked for
 *  OPEN          | actor u32 | epoch u32 | layout hash u32 | lane bytes u32
 *  DOWN          | watch u32 | 0 | exit reason …                          the actor has ended, or is not known
 *  COMMAND       | number u32 | actor u32 | epoch u32 | within ms u32          to end in order; the index is what is asked for
 *
 *  in the ring for control, which is looked at first:
 *  INTERRUPT     | number u32 | serial u32                                may come before its ASK
 *  CLOSED        | layout hash u32 | drains u32 | exit reason …           slot is the sender's; nothing goes there any more; the index says that layouts follow instead
 *  CREDIT        | messages u32 | 0                                       so many messages of the slot have left the mailbox
 *  GRANT         | number u32 | serial u32                                so many elements more may come, which stands above the kind
 *  LANE nudge    | actor u32 | 0                                          there is something in the lane of this thread (`lane.ts`)
 *       withdraw | actor u32 | serial u32                                 an ask in that lane is taken back
 *       resumed  | actor u32 | messages u32                               the actor is on another thread now; so many of the lane are done with
 *  WATCH         | watch u32 | actor u32 | epoch u32 | 0                  answered once, by DOWN
 *  UNWATCH       | watch u32 | 0                                          its DOWN may be on its way
 *  COMMAND       | number u32 | actor u32 | epoch u32 | 0                 every other command; one about a link says of whom
 *  REPLY         | number u32 | word u32 | exit reason, or words …        to a command
 *
 *  in a lane: TELL, TELL_TRACED, ASK, ASK_TRACED, which have no slot, and an ask nothing but its serial in front of it
 *  HOLE          |                                                        a message that could not be written
 * ```
 *
 * The number of an ask is where its asker remembers it, and is used again; the serial is never used again, so an interruption
 * or a grant, that comes too early or too late cannot reach another ask. Nor is the number of a watch. All numbers are of the machine's byte order; records do not leave
 * the process.
 */
import type { Address } from "../../actor/kernel/Address.ts"
import { type Command, isOfLink, type Kind, names } from "../../actor/kernel/Command.ts"
import type { Region } from "../../memory/Region.ts"

export const TELL = 0
export const TELL_TRACED = 1
export const ASK = 2
export const ASK_TRACED = 3
export const REPLY = 4
export const INTERRUPT = 5
export const OPEN = 6
export const CLOSED = 7
export const CREDIT = 8
export const WATCH = 9
export const UNWATCH = 10
export const DOWN = 11
export const COMMAND = 14
export const LANE = 12
export const ELEMENT = 13
export const GRANT = 15
/** What is said of a lane, in place of the index of a message. */
export const NUDGE = 0
export const WITHDRAW = 1
export const RESUMED = 2
/** In a lane only. */
export const HOLE = 4

/** In place of the index of a message: the reason why a slot is closed follows. */
export const ENDED = 0
/** How the messages of the actor are laid out there follows, in words: they are not as its sender has them. */
export const OTHER_LAYOUT = 1

/** The slot of a reply whose number belongs to the link. */
export const OF_LINK = 0
/** That of a reply to an ask in a lane, whose number belongs to the asker's thread. */
export const LASTING = 1

/** Outcome of an ask: the success value follows. */
export const REPLIED = 0
/** The declared error follows. */
export const FAILED = 1
/** A cause follows: a defect, an interruption, or several reasons. */
export const CAUSE = 2
/** The actor has stopped; the reason follows. */
export const NOT_HANDLED_STOPPED = 3
/** The word of that answer where the handler had been called; 0 where it had not. */
export const BEGUN = 1
/** The actor is restarting; nothing follows. */
export const NOT_HANDLED_RESTARTING = 4
/** The protocols differ; the word is the layout hash of the other side. */
export const NOT_HANDLED_LAYOUT = 5
/** The asker had gone: the answer that lets it forget the ask. */
export const WITHDRAWN = 6
/** The reply could not be sent; what was wrong follows as text. */
export const REPLY_UNSENDABLE = 7
/** The actor has done what a command says. */
export const OBEYED = 8
/** How the actor is: the word is its status; messages that wait, restarts, of those that wait the high and the low ones, and messages that are put off, follow. */
export const PONG = 9
/** What the actor shows follows, or what showing it has thrown. */
export const STATE = 10
export const STATE_DIED = 11
/** What the actor has done and has still to do follows. */
export const COUNTED = 15
/** Whose answers the handler of the actor waits for follows. */
export const WAITING_FOR = 16
/** The stream has come to its end. */
export const STREAM_ENDED = 12
/** The stream has ended before its end, and its actor has not: the word is 0 after a restart, 1 when it was not read. */
export const STREAM_BROKEN = 13
/** The next element of the stream could not be sent; what was wrong follows as text. */
export const ELEMENT_UNSENDABLE = 14
/** The actor has handed the message on to another one, which has not answered it; why follows. */
export const UNANSWERED = 15

/** How many actors one thread may address on another. */
export const MAX_SLOTS = 1 << 19

/** How many asks one thread may have waiting on another. */
export const MAX_ASKS = 1 << 24

/** What stands in front of an ask. */
export const ASK_BYTES = 16
/** What stands in front of a reply, and of an exit reason. */
export const REPLY_BYTES = 8
/** All of a command, unless a key follows. */
export const COMMAND_BYTES = 16
/** A timeout that is none. */
export const NO_TIMEOUT = 0xffffffff

/** Whole milliseconds, and at least one: a timeout below that is still tried. */
export const timeoutWord = (millis: number): number =>
  millis >= NO_TIMEOUT ? NO_TIMEOUT : Math.max(1, Math.ceil(millis))

/** Writes what stands in front of an ask. */
export const writeAsk = (
  region: Region,
  offset: number,
  number: number,
  timeoutMillis: number,
  serial: number,
  window: number
): void => {
  const { u32 } = region
  const cell = offset >> 2
  u32[cell] = number
  u32[cell + 1] = timeoutWord(timeoutMillis)
  u32[cell + 2] = serial
  u32[cell + 3] = window
}

/** The type word of a record. */
export const typeOf = (kind: number, index: number, slot: number): number => kind | (index << 4) | (slot << 12)

/** The type word of a record that has a number, and no message or slot. */
export const numbered = (kind: number, number: number): number => kind | (number << 4)

/** The number in such a type word. */
export const numberOf = (type: number): number => type >>> 4

/** The kind in a type word. */
export const kindOf = (type: number): number => type & 0xf

/** Whether a record is told to an actor, or asks it. */
export const isMessage = (type: number): boolean => kindOf(type) <= ASK_TRACED

/** Whether it is told. */
export const isTell = (type: number): boolean => kindOf(type) <= TELL_TRACED

/** The message index in a type word. */
export const indexOf = (type: number): number => (type >>> 4) & 0xff

/** The slot in a type word. */
export const slotOf = (type: number): number => type >>> 12

/** A time that is what was agreed when the actor was spawned. */
const AS_AGREED = NO_TIMEOUT - 1

/** The body of a command. */
export const commandOf = (
  number: number,
  { actor, epoch, isKeyed, key }: Pick<Address, "actor" | "epoch" | "isKeyed" | "key">,
  { withinMillis }: Command,
  by?: Uint8Array
): Uint8Array => {
  const within = withinMillis === undefined
    ? AS_AGREED
    : withinMillis === Infinity
    ? NO_TIMEOUT
    : Math.min(Math.ceil(withinMillis), AS_AGREED - 1)
  const words = new Uint8Array(Uint32Array.of(number, actor, epoch, within).buffer)
  if (by !== undefined) return behind(words, by)
  return isKeyed ? withKey(words, key) : words
}

const behind = (words: Uint8Array, body: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(words.length + body.length)
  bytes.set(words)
  bytes.set(body, words.length)
  return bytes
}

// The code units of the key, so that it is the same there whatever is in it.
const withKey = (words: Uint8Array, key: string): Uint8Array => {
  const bytes = new Uint8Array(COMMAND_BYTES + ((4 + 2 * key.length + 7) & -8))
  bytes.set(words)
  const view = new DataView(bytes.buffer, COMMAND_BYTES)
  view.setUint32(0, key.length, true)
  for (let i = 0; i < key.length; i++) view.setUint16(4 + 2 * i, key.charCodeAt(i), true)
  return bytes
}

const keyOf = ({ u8 }: Region, offset: number, end: number): string | undefined => {
  if (end - offset < 8) return undefined
  const view = new DataView(u8.buffer, u8.byteOffset + offset, end - offset)
  const length = view.getUint32(0, true)
  if (4 + 2 * length > end - offset) throw new Error(`a command with a key of ${length} characters`)
  let key = ""
  for (let i = 0; i < length; i++) key += String.fromCharCode(view.getUint16(4 + 2 * i, true))
  return key
}

/** Reads a command and who is to obey it. */
export const readCommand = (region: Region, offset: number, end: number, type: number) => {
  const { u32 } = region
  const cell = offset >> 2
  const kind = indexOf(type)
  if (end - offset < COMMAND_BYTES) throw new Error(`a command of ${end - offset} bytes`)
  if (names[kind] === undefined) throw new Error(`a command of the unknown kind ${kind}`)
  const within = u32[cell + 3]!
  const command: Command = {
    kind: kind as Kind,
    withinMillis: within === AS_AGREED ? undefined : within === NO_TIMEOUT ? Infinity : within
  }
  const key = isOfLink(kind as Kind) ? undefined : keyOf(region, offset + COMMAND_BYTES, end)
  return { number: u32[cell]!, actor: u32[cell + 1]!, epoch: u32[cell + 2]!, key, command }
}
