/**
 * Replies of a worker for which the arena has no room yet.
 *
 * Their handlers have ended, and their jobs cannot be begun again: the worker keeps the bytes, and takes no other job until they have left. Room comes with each reply that is
 * read. Payloads leave a part of the arena to replies (`payloadBytes`), so that what waits in the queue never keeps out what would make room for it.
 */
import { ARENA_FULL } from "../../memory/Arena.ts"
import type { Cargo } from "../../wire/Carriage.ts"
import * as Carriage from "../../wire/Carriage.ts"
import type { Access } from "./memory.ts"
import * as Outcome from "./outcome.ts"

/** How long a worker with a late reply sleeps until it tries again. */
export const RETRY_MILLIS = 1

/** A reply too large for the part that is kept for replies is given up after so long: it may wait for what waits for it. */
const PATIENCE_MILLIS = 5000

interface Late {
  readonly slot: number
  readonly outcome: number
  readonly bytes: Uint8Array
  readonly cargo: Cargo
  readonly sinceMillis: number
}

/** See the module. */
export class LateReplies implements Outcome.Keep {
  private readonly access: Access
  private readonly waiting: Array<Late> = []

  constructor(access: Access) {
    this.access = access
  }

  /** How many wait. */
  get size(): number {
    return this.waiting.length
  }

  keep(slot: number, outcome: number, bytes: Uint8Array, cargo: Cargo): void {
    this.waiting.push({ slot, outcome, bytes, cargo, sinceMillis: this.access.thread.runtime.nowMillis() })
  }

  /** Sends those for which there is room by now, in order, and says for which jobs; answers whether there was one. */
  send(sent: (slot: number) => void): boolean {
    const { access, waiting } = this
    let did = false
    for (let late = waiting[0]; late !== undefined; late = waiting[0]) {
      const handle = Outcome.store(access, late.bytes, access.arena.capacityBytes)
      if (handle === ARENA_FULL) {
        if (!this.isHopeless(late)) return did
        Carriage.drop(late.cargo)
        Outcome.giveUp(access, late.slot, late.bytes.length, `has had no room for ${PATIENCE_MILLIS / 1000} seconds`)
      } else Outcome.deliver(access, late.slot, late.outcome, handle, late.bytes.length, late.cargo)
      waiting.shift()
      did = true
      sent(late.slot)
    }
    return did
  }

  private isHopeless({ bytes, sinceMillis }: Late): boolean {
    const { arena, thread: { runtime } } = this.access
    return bytes.length > Outcome.replyBytes(arena) && runtime.nowMillis() - sinceMillis >= PATIENCE_MILLIS
  }
}
