/**
 * What the demo's actors can be told and asked. Schemas only: the main thread and every worker thread import this file.
 */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, Codec } from "shared-nothing"

// How many bytes a number takes in a message; without a width it takes what any integer needs.
const U32 = Schema.Int.pipe(Codec.width("u32"))
const I16 = Schema.Int.pipe(Codec.width("i16"))
const U8 = Schema.Int.pipe(Codec.width("u8"))

/**
 * A partition's state at a moment: which record it applied last and all it has counted up to there. With it a new
 * incarnation continues where the old one was.
 */
export const Checkpoint = Schema.Struct({
  /** Which build of the behaviour answered; it changes when the actor or its thread was restarted. */
  incarnation: Schema.Int,
  /** Sequence number of the last record applied; the records before it were all applied too, once each. */
  sequence: U32,
  /** The histogram: `cell, count, cell, count, ...` for the cells that are not zero. */
  cells: Schema.Array(U32),
  /** Order-independent fingerprint of the rows that were counted. */
  checksum: U32,
  /** Records that this incarnation had already applied and left out. */
  ignored: U32,
  /** Records that this incarnation refused because one before them was missing. */
  refused: U32
})
export type Checkpoint = typeof Checkpoint.Type

/** Counts the flights of some airports. It is told one record at a time, numbered from 1 without a gap. */
export const Partition = Actor.make("Partition", [
  Rpc.make("Record", {
    payload: { sequence: U32, row: U32, hour: U8, delay: I16 }
  }),
  Rpc.make("Checkpoint", { success: Checkpoint }),
  Rpc.make("Restore", { payload: { checkpoint: Checkpoint } })
])

/** One line of a query's answer, see `HourRow` in `aggregate.ts`. */
export const HourRow = Schema.Struct({
  hour: U8,
  flights: U32,
  meanDelay: Schema.Number,
  p50: I16,
  p90: I16,
  p99: I16
})

/** A query's answer, see `Summary` in `aggregate.ts`. */
export const Summary = Schema.Struct({
  rows: Schema.Array(HourRow),
  records: U32,
  checksum: U32
})

/** A partition did not answer the query; the query can be asked again. */
export class PartitionUnavailable extends Schema.TaggedError<PartitionUnavailable>("demo/PartitionUnavailable")(
  "PartitionUnavailable",
  { partition: Schema.String, reason: Schema.String }
) {
  override get message() {
    return `${this.partition} did not answer the query (${this.reason}); ask again when its thread is back`
  }
}

/** Asks all partitions at once, wherever they live, and merges what they counted. */
export const Query = Actor.make("Query", [
  Rpc.make("DelaysByHour", {
    payload: { partitions: Schema.Array(Partition.ref) },
    success: Summary,
    error: PartitionUnavailable
  })
])
