/** The jobs that nobody answers any more, and whether they had been begun. */
import type { Begun } from "../../actor/ActorError.ts"
import type { ExitReason } from "../../actor/ExitReason.ts"
import { type JobTable, QUEUED } from "../../memory/JobTable.ts"
import type { Job } from "./job.ts"

export interface Left {
  readonly job: Job
  readonly begun: Begun
}

type Pending = ReadonlyArray<Job | undefined>

/** By the end of the pool: of a thread that may still run nobody knows what it begins. */
export const byEnd = (table: JobTable, pending: Pending, { _tag }: ExitReason): ReadonlyArray<Left> =>
  left(
    pending,
    (slot) => table.stageOf(slot) !== QUEUED || table.begunOf(slot) > 0 || _tag === "ThreadLost" && "unknown"
  )

/** By the leave of a thread: workers go on meanwhile, and what waits now may be begun before it is taken back. */
export const byLeave = (table: JobTable, pending: Pending): ReadonlyArray<Left> =>
  left(pending, (slot) => table.stageOf(slot) !== QUEUED || "unknown")

const left = (pending: Pending, begunOf: (slot: number) => Begun): ReadonlyArray<Left> =>
  pending.flatMap((job) => job === undefined ? [] : [{ job, begun: job.slot >= 0 && begunOf(job.slot) }])
