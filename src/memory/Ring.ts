/**
 * The shape that all rings share: records are claimed, written in place, committed, published, and read in place.
 *
 * ```text
 *  writer   claim(bytes) ─► write into region at the offset ─► commit(bytes, type) | abort() ─► publish()
 *  reader   poll() ─► next() … next() ─► release()            what next() has answered lies there until it is called again
 * ```
 *
 * Expected outcomes are negative numbers, because a claim or a step of a drain is too short to pay for an error; the
 * layer above turns them into typed errors.
 */
import type { Region } from "./Region.ts"

/** Answer of `claim`: no room now; try again after the reader has released records. */
export const RING_FULL = -1
/** Answer of `claim`: the payload is negative or larger than `maxRecordBytes`; it will never fit. */
export const RECORD_TOO_LARGE = -2
/** Answer of `next`: no record left of what the last `poll` saw. */
export const NONE = -1
/** Answer of `next`: the shared memory is damaged; the reader stays here until `resync`. */
export const CORRUPT = -2

/** Largest type of a record. */
export const MAX_TYPE = 0x7fffffff

/** The writing end of a ring. */
export interface RingWriter {
  /** The data of the ring; payload offsets count from its start. */
  readonly region: Region
  /** Largest payload in bytes. */
  readonly maxRecordBytes: number
  /** Reserves room; the payload's offset, a multiple of 8, or {@link RING_FULL} or {@link RECORD_TOO_LARGE}. */
  claim(maxPayloadBytes: number): number
  /** Completes the claimed record with its real length, which may be shorter than claimed. */
  commit(payloadBytes: number, type: number): void
  /** Gives the current claim up; `publish` afterwards, since what it leaves may be for the reader to free. */
  abort(): void
  /** Makes all that is committed visible; `false` when there was nothing new that the reader has to know of. */
  publish(): boolean
}

/** The reading end of a ring. */
export interface RingReader {
  /** The data of the ring; payload offsets count from its start. */
  readonly region: Region
  /** Type of the record last returned by `next`. */
  readonly type: number
  /** Byte offset behind the payload of the record last returned by `next`. */
  readonly end: number
  /** Looks at what has been published; `false` when there is nothing, and neither `next` nor `release` would do anything. */
  poll(): boolean
  /** The offset of the next payload, or {@link NONE} or {@link CORRUPT}. */
  next(): number
  /** Frees everything read so far for the writers. */
  release(): void
  /** Whether nothing has been published that is not read. */
  isEmpty(): boolean
  /** Leaves a damaged place, once `next` has answered {@link CORRUPT}; the bytes that were skipped, if that is known. */
  resync(): number
}
