/**
 * Reads what a ring holds record by record and lets the handler decide after each how to go on.
 *
 * Promises: every record that the handler has seen and not put back is consumed, also when the handler throws: a record
 * that makes it throw is not met again. Never does: wait, or read past `limit` records.
 *
 * Source: `controlledRead` of Agrona's ring buffers.
 */
import { CORRUPT, type RingReader } from "./Ring.ts"

/** Go on with the next record. */
export const CONTINUE = 0
/** Free everything up to and including this record for the writers now, and go on. */
export const COMMIT = 1
/** Consume this record and stop. */
export const BREAK = 2
/** Do not consume this record and stop: it will be met again. */
export const ABORT = 3

/** What to do after a record. */
export type Action = typeof CONTINUE | typeof COMMIT | typeof BREAK | typeof ABORT

/** Takes one record: its payload lies in the reader's region from `offset` to `end`, until this returns. */
export type Handler = (type: number, offset: number, end: number) => Action

/**
 * Handles up to `limit` records of what the ring holds now and returns how many were consumed; -2 ({@link CORRUPT}) when
 * the first thing met is damage. Damage behind other records ends the drain and is met first by the next one.
 *
 * **Example** (Stopping in front of a record that cannot be handled yet)
 * ```ts
 * import * as Drain from "shared-nothing/memory/Drain"
 * import type { SpscReader } from "shared-nothing/memory/SpscRing"
 *
 * const take = (reader: SpscReader, room: () => boolean, put: (offset: number, end: number) => void) =>
 *   Drain.drain(reader, (_, offset, end) => {
 *     if (!room()) return Drain.ABORT
 *     put(offset, end)
 *     return Drain.CONTINUE
 *   })
 * ```
 */
export const drain = (reader: RingReader, handle: Handler, limit = Infinity): number => {
  let consumed = 0
  if (!reader.poll()) return 0
  try {
    while (consumed < limit) {
      const offset = reader.next()
      if (offset < 0) {
        if (offset === CORRUPT && consumed === 0) return CORRUPT
        break
      }
      consumed++
      const action = handle(reader.type, offset, reader.end)
      if (action === CONTINUE) continue
      if (action === ABORT) {
        consumed--
        reader.back(offset)
        break
      }
      if (action === BREAK) break
      reader.release()
    }
  } finally {
    reader.release()
  }
  return consumed
}
