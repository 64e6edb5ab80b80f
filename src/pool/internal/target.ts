/**
 * Where a job may run, as the word of its message says it: on any worker, or on one; and of which key it is, so that its worker runs no two of a key
 * at once.
 */
import { UNAWAITED } from "../../memory/JobTable.ts"

/** Where a job goes, and how it is begun, as far as its sender says that. */
export interface Aim {
  /** A target, or {@link BY_ROUTE}. */
  readonly target: number
  /** The key that its sender has given it, in place of the one that its route says, and as it is not looked at yet; `undefined` for none. */
  readonly key: unknown
  /** The level that its sender has given it, in place of that of its message; -1 for none. */
  readonly level: number
  /** How long its run may take, in milliseconds, in place of what its pool says: 0 for any time, -1 for what that says. */
  readonly runMillis: number
}

/** As its key says, or the route of its message; no word says that. */
export const BY_ROUTE = -1

/** Its sender says nothing. */
export const ROUTED: Aim = { target: BY_ROUTE, key: undefined, level: -1, runMillis: -1 }

/** Any worker may run it, and it has no key. */
export const ANYWHERE = 0

/** No worker but the one that it is for may run it. */
const PINNED = 1 << 30
// Above what the table says of a job.
const PLACE_SHIFT = 32 - Math.clz32(UNAWAITED)
const PLACES = 127
const KEY_SHIFT = 16
const KEYS = 0x3fff

/** How many keys are told apart. */
export const TOLD_APART = KEYS + 1
/** Added to the word of a job whose slot has the span of who has submitted it (`jobSpan.ts`). */
export const TRACED = 1 << 31

/** Of a job for one worker. `hash` is that of its key, none for 0: of two keys with the same part of it one waits for the other. */
export const targetOf = (place: number, hash: number): number =>
  (place + 1) << PLACE_SHIFT | (hash === 0 ? 0 : (hash & KEYS) || 1) << KEY_SHIFT

/** Of a job that is for this worker, whatever comes of it. */
export const pinnedTo = (place: number): number => targetOf(place, 0) | PINNED

/** What is for this worker and no other. */
export const aimedAt = (place: number): Aim => ({ ...ROUTED, target: pinnedTo(place) })

/** Whether a job is for its worker and no other, also when that has left the pool; of the word of its message. */
export const isPinned = (word: number): boolean => (word & PINNED) !== 0

/** Whom the table is told that a job is for: the place of a worker + 1, 0 for any; of the word of its message. */
export const whomOf = (word: number): number => (word >>> PLACE_SHIFT) & PLACES

/** The word of the message of a job that is for another worker from now on. */
export const redirected = (word: number, place: number): number =>
  (word & ~(PLACES << PLACE_SHIFT)) | (place + 1) << PLACE_SHIFT

/** The place of the worker that a job is for, -1 for any; of the word of its message. */
export const placeOf = (word: number): number => ((word >>> PLACE_SHIFT) & PLACES) - 1

/** The same of all jobs with one key, 0 without one. */
export const keyOf = (word: number): number => (word >>> KEY_SHIFT) & KEYS
