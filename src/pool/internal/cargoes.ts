/**
 * What moves with the jobs of one thread, from their submission until a handler has it: the owner of that account.
 *
 * ```text
 *  submitter: send ─► the job waits, is begun, is put back, is begun by another one: it stays on its way
 *  worker:    a handler is about to be called ─► take
 *  submitter: nobody waits any more, or the slot has come back ─► release what nobody has taken
 * ```
 *
 * So whoever had begun a job and died, or did not come to call its handler, had nothing of it in its hands. Of two that reach for it one gets it,
 * and who comes second finds that out: a worker whose job has nothing to take does not call the handler.
 *
 * Who moves something away notes in the slot what it has written there first (`draft`), and shows the slot last. A thread that dies in between has left the note to who
 * finds that out. A thread that takes a slot over reads what lies there: what is on its way is taken by one, however often it is read.
 */
import type { Message } from "../../actor/kernel/Protocol.ts"
import { INVALID, NO_ROOM, type Outcome, TAKEN, TOO_LARGE } from "../../actor/kernel/Recipient.ts"
import { ARENA_FULL } from "../../memory/Arena.ts"
import { FREE, LAST_OUTCOME, OUTCOME, UNAWAITED, WRITING } from "../../memory/JobTable.ts"
import { messageOf } from "../../runtime/Text.ts"
import * as Carriage from "../../wire/Carriage.ts"
import { discard } from "../../wire/kernel/Packed.ts"
import type { Access } from "./memory.ts"
import { discardReply, drop, INSIDE, place, read } from "./outcome.ts"

/** In a draft: the payload of the message of this index, behind the outcomes. */
const PAYLOAD = LAST_OUTCOME + 1

const TWICE = "one and the same value would move to two places of the message"

const letGo = (cargo: Carriage.Cargo): void => {
  for (const carried of cargo) {
    // What was taken stays what it is, so that who sent it learns where it has gone.
    if (carried.isUnderway()) carried.restore()
    carried.drop()
  }
}

/** See the module. */
export class Cargoes {
  /** Why what was to move with the last message could not. */
  issue: string | undefined = undefined
  private readonly access: Access
  private readonly messages: ReadonlyArray<Message>
  /** By slot. Most jobs have none. */
  private readonly sent = new Map<number, Carriage.Cargo>()

  constructor(access: Access, messages: ReadonlyArray<Message>) {
    this.access = access
    this.messages = messages
  }

  /** Whether a payload can leave that was encoded last, in so many bytes: it is one of its schema, and what moves with it is there once. */
  canLeave(message: Message, bytes: number): boolean {
    this.issue = undefined
    if (bytes < 0 || !message.carries) return bytes >= 0
    const { cargo } = this.access.scratch
    if (new Set(cargo).size < cargo.length) this.issue = TWICE
    return this.issue === undefined
  }

  /** What would become of a payload that was encoded last, in so many bytes, if there were room: {@link TAKEN}, or why it is none. */
  check(message: Message, bytes: number): Outcome {
    if (!this.canLeave(message, bytes)) return INVALID
    return bytes > this.access.arena.capacityBytes ? TOO_LARGE : TAKEN
  }

  /**
   * Puts the payload that was encoded last into a slot that nobody sees yet, with so much room, and moves away what moves with it; {@link TAKEN}, or why
   * that is not possible.
   */
  load(slot: number, message: Message, bytes: number, roomBytes: number): Outcome {
    const placed = place(this.access, slot, bytes, roomBytes)
    if (placed < 0) return placed === ARENA_FULL ? NO_ROOM : TOO_LARGE
    if (!message.carries || this.send(slot, message, bytes)) return TAKEN
    drop(this.access, this.access.table.payloadOf(slot))
    return INVALID
  }

  private send(slot: number, message: Message, bytes: number): boolean {
    const { scratch: { cargo }, table } = this.access
    if (cargo.length === 0) return true
    table.setDraft(slot, PAYLOAD + message.index, bytes)
    try {
      Carriage.send(cargo, slot)
    } catch (error) {
      table.setDraft(slot, 0, 0)
      this.issue = messageOf(error)
      return false
    }
    this.sent.set(slot, cargo)
    return true
  }

  /** What moves with the job of a slot, and nobody has taken, is released: nobody is going to. */
  release(slot: number): void {
    if (this.sent.size === 0) return
    const cargo = this.sent.get(slot)
    if (cargo === undefined) return
    this.sent.delete(slot)
    letGo(cargo)
  }

  /** Frees the payload in a slot that has come back, and what nobody has taken of what moves with it. */
  unload(slot: number): void {
    const { access } = this
    drop(access, access.table.payloadOf(slot))
    access.table.setPayload(slot, INSIDE)
    this.release(slot)
  }

  /** The slot is this thread's from now on, which another one has had. */
  inherit(slot: number): void {
    const { access, messages } = this
    const { table } = access
    if (table.stageOf(slot) === FREE) {
      if (table.draftOf(slot) >= PAYLOAD) {
        letGo(onItsWay(access, messages, slot))
        table.free(slot)
      }
      return
    }
    const cargo = onItsWay(access, messages, slot)
    if (cargo.length > 0) this.sent.set(slot, cargo)
  }

  /** The jobs that are left are another's from now on. */
  leave(): void {
    this.sent.clear()
  }

  /** Frees the reply in a slot that nobody reads, also one that was being written when its worker died, and what has moved with it. */
  discardReply(slot: number): void {
    const { access, messages } = this
    discardReplyOf(access, messages, slot)
    drop(access, access.table.replyOf(slot))
  }

  /** Releases what would have moved with a payload that is dropped. */
  discard(message: Message, payload: unknown): void {
    discard(message.payload, payload, this.access.scratch)
  }
}

// What moves with the payload in a slot and nobody has taken, also with one that cannot be read to its end.
const onItsWay = (access: Access, messages: ReadonlyArray<Message>, slot: number): Carriage.Cargo => {
  const { scratch: { carriage }, table } = access
  const stage = table.stageOf(slot)
  const draft = table.draftOf(slot)
  if (stage === FREE ? draft < PAYLOAD : stage > OUTCOME) return Carriage.empty
  const message = messages[stage === FREE ? draft - PAYLOAD : indexOf(access, slot)]
  if (message === undefined || !message.carries) return Carriage.empty
  carriage.arrived = Carriage.empty
  try {
    read(access, message.payload, slot, table.payloadOf(slot))
  } catch {
    // Its worker may be writing the reply over it.
  }
  return carriage.arrived
}

const indexOf = ({ table }: Pick<Access, "table">, slot: number): number => table.messageOf(slot) & (UNAWAITED - 1)

const discardReplyOf = (access: Access, messages: ReadonlyArray<Message>, slot: number): void => {
  const { table } = access
  const stage = table.stageOf(slot)
  const outcome = stage === WRITING ? table.draftOf(slot) : stage
  if (outcome > OUTCOME && outcome < PAYLOAD) discardReply(access, messages[indexOf(access, slot)], slot, outcome)
}

/** Releases what is on its way in a row that nobody will look at any more: payloads, and replies. */
export const discardRow = (access: Access, messages: ReadonlyArray<Message>, row: number): void => {
  const { table } = access
  for (let slot = row * table.jobs; slot < (row + 1) * table.jobs; slot++) {
    letGo(onItsWay(access, messages, slot))
    discardReplyOf(access, messages, slot)
  }
}
