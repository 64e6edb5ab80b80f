/**
 * What becomes of a job, as its slot says it, and how values get into a slot and out of it: into its room, or beside it into the arena.
 */
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { BROKEN, checked } from "../../actor/kernel/Payload.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { ARENA_FULL, type ArenaEnd, handleInTransit } from "../../memory/Arena.ts"
import { OUTCOME } from "../../memory/JobTable.ts"
import { Region } from "../../memory/Region.ts"
import { messageOf } from "../../runtime/Text.ts"
import * as Carriage from "../../wire/Carriage.ts"
import * as Codec from "../../wire/Codec.ts"
import * as Arrival from "../../wire/kernel/Arrival.ts"
import { discard as discardValue } from "../../wire/kernel/Packed.ts"
import type { Access } from "./memory.ts"

/** Nobody waited for it any more when a worker came to it, or its time was over. */
export const DISCARDED = OUTCOME
/** The handler has succeeded. */
export const SUCCEEDED = OUTCOME + 1
/** The handler has failed with a declared error. */
export const FAILED = OUTCOME + 2
/** The handler has ended otherwise. */
export const CAUSE = OUTCOME + 3
/** What the handler has answered, or was asked, cannot be read or written; the text says why. */
export const WRONG = OUTCOME + 4

/** No handle: the value lies in the slot. */
export const INSIDE = -1

/** The codec of why something is {@link WRONG}. */
export const wrong: Codec.Codec<string> = Codec.compile(Schema.String)

/** Longest such text. */
const MAX_TEXT = 140

/** Cut so that it fits into any slot. */
export const cut = (text: string): string => text.slice(0, MAX_TEXT)

/** Encodes a payload into the scratch: its bytes, or -1 when it is none of the schema. */
export const encode = ({ scratch }: Access, message: Message, payload: unknown): number => {
  const bytes = message.payload.encode(payload, scratch)
  if (bytes >= 0) return bytes
  const made = checked(message, payload)
  return made === BROKEN || made === payload ? -1 : message.payload.encode(made, scratch)
}

/** What of an arena is left to replies: a payload waits for a worker, and that may have a reply that waits for room. */
export const replyBytes = ({ capacityBytes }: ArenaEnd): number => Math.floor(capacityBytes / 4)

// One that needs more than payloads should take is in nobody's way where there is room for it at all.
const payloadBytes = (arena: ArenaEnd, bytes: number): number => {
  const most = arena.capacityBytes - replyBytes(arena)
  return bytes <= most ? most : arena.capacityBytes
}

/** Puts bytes into the first part of an arena, those that were encoded last or others; answers their handle in transit, or what `allocate` answered. */
export const store = ({ arena, scratch }: Access, bytes: number | Uint8Array, within: number): number => {
  const handle = arena.allocate(typeof bytes === "number" ? bytes : bytes.length, within)
  if (handle < 0) return handle
  const view = arena.view(handle)
  if (typeof bytes === "number") scratch.copyTo(new Region(view.buffer, view.byteOffset, view.byteLength), 0)
  else view.set(bytes)
  arena.detach(handle)
  return handleInTransit(handle)
}

/** Frees what lies in the arena for a slot; nothing for one that lies inside, or was freed. */
export const drop = ({ arena }: Access, handle: number): void => {
  if (handle !== INSIDE && arena.adopt(handle) === handle) arena.release(handle)
}

/** Puts what was encoded last where a payload of so many bytes belongs, of a slot with so much room; what `allocate` has answered when there is none. */
export const place = (access: Access, slot: number, bytes: number, roomBytes: number): number => {
  const { scratch, table } = access
  if (bytes <= roomBytes) {
    table.setPayload(slot, INSIDE)
    scratch.copyTo(table.region, table.roomOf(slot))
    return 0
  }
  const handle = store(access, bytes, payloadBytes(access.arena, bytes))
  if (handle >= 0) table.setPayload(slot, handle)
  return handle
}

/** Reads a value of a slot, wherever it lies; what moves with it stays where it is. */
export const read = <A>(access: Access, codec: Codec.Codec<A>, slot: number, handle: number): A => {
  const { arena, scratch: { carriage }, table } = access
  const bytes = table.bytesOf(slot)
  if (handle === INSIDE) {
    const offset = table.roomOf(slot)
    return codec.read(table.region, offset, offset + Math.min(bytes, table.roomBytes), carriage)
  }
  const { buffer, byteLength, byteOffset } = arena.peek(handle)
  return codec.read(new Region(buffer, byteOffset, byteLength), 0, Math.min(bytes, byteLength), carriage)
}

// What has moved with a reply is its asker's.
const receive = <A>(access: Access, codec: Codec.Codec<A>, slot: number, handle: number): A => {
  const { scratch: { carriage } } = access
  if (!codec.carries) return read(access, codec, slot, handle)
  return Arrival.receive(carriage, () => read(access, codec, slot, handle))
}

/** Releases what has moved with a reply that nobody has. */
export const discardReply = (access: Access, message: Message | undefined, slot: number, outcome: number): void => {
  if (message === undefined || outcome === WRONG) return
  const { error, success } = message
  // The codec of causes is compiled when there is one to be read.
  if (!(outcome === SUCCEEDED ? success : error).carries) return
  const codec = outcome === SUCCEEDED ? success : outcome === FAILED ? error : message.cause as Codec.Codec<unknown>
  try {
    receive(access, codec, slot, access.table.replyOf(slot))
    Carriage.drop(access.scratch.carriage.arrived)
  } catch {
    // What could be taken of it has been released.
  }
}

/** The outcome of a job as its asker gets it, with what has arrived in the carriage; `undefined` when its worker found that nobody waits. */
export const exitOf = (
  access: Access,
  message: Message,
  actor: string,
  slot: number,
  outcome: number
): Exit.Exit<unknown, unknown> | undefined => {
  const { error, success, tag } = message
  const handle = access.table.replyOf(slot)
  access.scratch.carriage.arrived = Carriage.empty
  try {
    switch (outcome) {
      case DISCARDED:
        return undefined
      case SUCCEEDED:
        return Exit.succeed(receive(access, success, slot, handle))
      case FAILED:
        return Exit.fail(receive(access, error, slot, handle))
      case CAUSE:
        return Exit.failCause(receive(access, message.cause, slot, handle))
      case WRONG:
        return Exit.die(new Error(`${actor}: ${tag} ${read(access, wrong, slot, handle)}`))
      default:
        throw new Error(`an outcome of the unknown kind ${outcome}`)
    }
  } catch (thrown) {
    return Exit.die(new Error(`${actor}: the reply to ${tag} cannot be read: ${messageOf(thrown)}`))
  }
}

/** Who keeps a reply until there is room for it. */
export interface Keep {
  keep(slot: number, outcome: number, bytes: Uint8Array, cargo: Carriage.Cargo): void
}

/**
 * Ends a job of the caller's and gives its slot back, or has the reply kept until there is room for it; the submitter has to be told. `false` when it is condemned, and no more the
 * caller's.
 */
export const settle = (
  access: Access,
  slot: number,
  outcome: number,
  codec: Codec.Codec<unknown>,
  value: unknown,
  late: Keep
): boolean => {
  const { scratch, table } = access
  let bytes: number
  // User code runs in here: the payload is whole until it has.
  try {
    bytes = codec.encode(value, scratch)
    if (bytes < 0) return unsendable(access, slot, codec, value, `breaks its schema: ${codec.explain(value)}`)
  } catch (thrown) {
    return unsendable(access, slot, codec, value, `cannot be encoded: ${messageOf(thrown)}`)
  }
  const cargo = codec.carries ? scratch.cargo : Carriage.empty
  // Its thread is replaced, and with it goes what the reply would have moved.
  if (!table.write(slot)) return false
  dropPayload(access, slot)
  table.setReply(slot, INSIDE)
  if (bytes <= table.roomBytes) {
    scratch.copyTo(table.region, table.roomOf(slot))
    deliver(access, slot, outcome, INSIDE, bytes, cargo)
    return true
  }
  const handle = store(access, bytes, access.arena.capacityBytes)
  if (handle >= 0) deliver(access, slot, outcome, handle, bytes, cargo)
  else if (handle === ARENA_FULL) late.keep(slot, outcome, scratch.take(), cargo)
  else {
    Carriage.drop(cargo)
    giveUp(access, slot, bytes, "has no room")
  }
  return true
}

/** Ends a job that is being written with a reply that lies where its handle says. */
export const deliver = (
  access: Access,
  slot: number,
  outcome: number,
  handle: number,
  bytes: number,
  cargo: Carriage.Cargo
): void => {
  const { table } = access
  table.setReply(slot, handle)
  if (cargo.length > 0) {
    table.setDraft(slot, outcome, bytes)
    if (!leaves(access, slot, cargo)) return
  }
  table.settle(slot, outcome, bytes)
}

/** Ends a job that is being written without the reply that it has, since that is too large. */
export const giveUp = (access: Access, slot: number, bytes: number, why: string): void =>
  writeText(access, slot, `was answered by ${bytes} bytes, for which the pool ${why}`)

// Nobody has what would have moved with it.
const unsendable = (access: Access, slot: number, codec: Codec.Codec<unknown>, value: unknown, wrong: string) => {
  if (codec.carries) discardValue(codec, value, access.scratch)
  return refuse(access, slot, `was answered by what ${wrong}`)
}

// What moves with a reply leaves last: from here on who has asked can take it.
const leaves = (access: Access, slot: number, cargo: Carriage.Cargo): boolean => {
  const { table } = access
  try {
    Carriage.send(cargo, slot)
    return true
  } catch (error) {
    Carriage.drop(cargo)
    drop(access, table.replyOf(slot))
    table.setReply(slot, INSIDE)
    writeText(access, slot, `was answered by what cannot be sent: ${messageOf(error)}`)
    return false
  }
}

/** Ends a job of the caller's with a text; `false` as {@link settle} says it. */
export const refuse = (access: Access, slot: number, text: string): boolean => {
  const { table } = access
  if (!table.write(slot)) return false
  dropPayload(access, slot)
  table.setReply(slot, INSIDE)
  writeText(access, slot, text)
  return true
}

const writeText = ({ scratch, table }: Access, slot: number, text: string): void => {
  const bytes = wrong.encode(cut(text), scratch)
  scratch.copyTo(table.region, table.roomOf(slot))
  table.settle(slot, WRONG, bytes)
}

/** Ends a job of the caller's without an answer; `false` as {@link settle} says it. */
export const discard = ({ table }: Access, slot: number): boolean => {
  if (!table.write(slot)) return false
  // What may lie beside it, and what moves with it, is its submitter's to free.
  table.settle(slot, DISCARDED, table.bytesOf(slot))
  return true
}

// Its room may be what the reply needs.
const dropPayload = (access: Access, slot: number): void => {
  const { table } = access
  const handle = table.payloadOf(slot)
  if (handle === INSIDE) return
  table.setPayload(slot, INSIDE)
  drop(access, handle)
}
