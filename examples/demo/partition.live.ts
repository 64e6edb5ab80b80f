/**
 * The partition's behaviour. Its state belongs to one incarnation and dies with the thread; it accepts only the record
 * that follows the last one, so whatever was lost on the way shows as a gap and is never counted around.
 */
import * as Effect from "effect/Effect"
import { Actor } from "shared-nothing"
import * as Aggregate from "./aggregate.ts"
import { Partition } from "./protocol.ts"

/** The handlers of one incarnation, which starts with nothing. */
export const partition = Effect.gen(function*() {
  const { incarnation } = yield* Actor.CurrentActor
  let counted = Aggregate.empty()
  let sequence = 0
  let ignored = 0
  let refused = 0

  return Partition.of({
    Record: (record) => {
      if (record.sequence === sequence + 1) {
        Aggregate.add(counted, record.row, record.hour, record.delay)
        sequence = record.sequence
      } else if (record.sequence <= sequence) ignored++
      else refused++
      return Effect.void
    },
    Checkpoint: () =>
      Effect.sync(() => ({
        incarnation,
        sequence,
        cells: Aggregate.toCells(counted),
        checksum: counted.checksum,
        ignored,
        refused
      })),
    Restore: ({ checkpoint }) =>
      Effect.sync(() => {
        counted = Aggregate.empty()
        Aggregate.addCells(counted, checkpoint.cells, checkpoint.checksum)
        sequence = checkpoint.sequence
      })
  })
})

export const PartitionLive = Partition.toLayer(partition, {
  mailbox: { capacity: 4096, overflow: "suspend" },
  supervision: { restart: "permanent" }
})
