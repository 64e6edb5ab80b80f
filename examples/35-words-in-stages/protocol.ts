/** Two stages: texts become counts for each partition, and the counts of a partition become one. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, Pool } from "shared-nothing"

export const Counts = Schema.Record(Schema.String, Schema.Int)
export type Counts = typeof Counts.Type

export const Words = Actor.make("Words", [
  /** Counts the words of a text, by the partition of each. */
  Rpc.make("Count", { payload: { text: Schema.String, partitions: Schema.Int }, success: Schema.Array(Counts) })
    .annotate(Pool.Attempts, 3),
  /** Adds what several texts have counted. */
  Rpc.make("Merge", { payload: { counts: Schema.Array(Counts) }, success: Counts }).annotate(Pool.Attempts, 3)
])
