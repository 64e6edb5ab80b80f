/**
 * What becomes of a job, as its slot says it, and how values get into a slot and out of it: into its room, or beside it into the arena.
 */
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { BROKEN, checked } from "../../actor/kernel/Payload.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { ARENA_FULL, handleInTransit } from "../../memory/Arena.ts"
import { OUTCOME } from "../../memory/JobTable.ts"
import { Region } from "../../memory/Region.ts"
import { messageOf } from "../../runtime/Text.ts"
import * as Codec from "../../wire/Codec.ts"
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
const MAX_TEXT = 100

/** Cut so that it fits into any slot. */
export const cut = (text: string): string => text.slice(0, MAX_TEXT)

/** Encodes a payload into the scratch: its bytes, or -1 when it is none of the schema. */
export const encode = ({ scratch }: Access, message: Message, payload: unknown): number => {
  const bytes = message.payload.encode(payload, scratch)
  if (bytes >= 0) return bytes
  const made = checked(message, payload)
  return made === BROKEN || made === payload ? -1 : message.payload.encode(made, scratch)
}

/** Puts what was encoded last into an arena; answers its handle in transit, or what `allocate` answered. */
export const store = ({ arena, scratch }: Access, bytes: number): number => {
  const handle = arena.allocate(bytes)
  if (handle < 0) return handle
  const { buffer, byteLength, byteOffset } = arena.view(handle)
  scratch.copyTo(new Region(buffer, byteOffset, byteLength), 0)
  arena.detach(handle)
  return handleInTransit(handle)
}

/** Frees what lies in the arena for a slot; nothing for one that lies inside, or was freed. */
export const drop = ({ arena }: Access, handle: number): void => {
  if (handle !== INSIDE && arena.adopt(handle) === handle) arena.release(handle)
}

/** Reads a value of a slot, wherever it lies. */
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

/** The outcome of a job as its asker gets it; `undefined` when its worker found that nobody waits. */
export const exitOf = (
  access: Access,
  { cause, error, success, tag }: Message,
  actor: string,
  slot: number,
  outcome: number
): Exit.Exit<unknown, unknown> | undefined => {
  const handle = access.table.replyOf(slot)
  try {
    switch (outcome) {
      case DISCARDED:
        return undefined
      case SUCCEEDED:
        return Exit.succeed(read(access, success, slot, handle))
      case FAILED:
        return Exit.fail(read(access, error, slot, handle))
      case CAUSE:
        return Exit.failCause(read(access, cause, slot, handle))
      case WRONG:
        return Exit.die(new Error(`${actor}: ${tag} ${read(access, wrong, slot, handle)}`))
      default:
        throw new Error(`an outcome of the unknown kind ${outcome}`)
    }
  } catch (thrown) {
    return Exit.die(new Error(`${actor}: the reply to ${tag} cannot be read: ${messageOf(thrown)}`))
  }
}

/** Ends a job of the caller's and gives its slot back; the submitter has to be told. `false` when it is condemned, and no more the caller's. */
export const settle = (
  access: Access,
  slot: number,
  outcome: number,
  codec: Codec.Codec<unknown>,
  value: unknown
): boolean => {
  const { scratch, table } = access
  let bytes: number
  // User code runs in here: the payload is whole until it has.
  try {
    bytes = codec.encode(value, scratch)
    if (bytes < 0) return refuse(access, slot, `was answered by what breaks its schema: ${codec.explain(value)}`)
  } catch (thrown) {
    return refuse(access, slot, `was answered by what cannot be encoded: ${messageOf(thrown)}`)
  }
  if (!table.write(slot)) return false
  dropPayload(access, slot)
  table.setReply(slot, INSIDE)
  if (bytes <= table.roomBytes) scratch.copyTo(table.region, table.roomOf(slot))
  else {
    const handle = store(access, bytes)
    if (handle < 0) {
      const room = handle === ARENA_FULL ? "has no room now" : "has no room"
      writeText(access, slot, `was answered by ${bytes} bytes, for which the pool ${room}`)
      return true
    }
    table.setReply(slot, handle)
  }
  table.settle(slot, outcome, bytes)
  return true
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
  // Nothing is read of it, and what may lie beside it is its submitter's to free.
  table.settle(slot, DISCARDED, 0)
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
