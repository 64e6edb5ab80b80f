/**
 * The query's behaviour: refs of partitions arrive in the message and are asked from here, on whatever thread this is.
 */
import * as Effect from "effect/Effect"
import * as Aggregate from "./aggregate.ts"
import { PartitionUnavailable, Query } from "./protocol.ts"

export const QueryLive = Query.toLayer(
  Effect.succeed(
    Query.of({
      DelaysByHour: Effect.fnUntraced(function*({ partitions }) {
        const answers = yield* Effect.forEach(
          partitions,
          (partition) =>
            Effect.mapError(
              partition.ask.Checkpoint(),
              (error) => new PartitionUnavailable({ partition: partition.key, reason: error._tag })
            ),
          { concurrency: "unbounded" }
        )
        const merged = Aggregate.empty()
        for (const answer of answers) Aggregate.addCells(merged, answer.cells, answer.checksum)
        return Aggregate.summarize(merged)
      })
    })
  ),
  { mailbox: { capacity: 64, overflow: "suspend" } }
)
