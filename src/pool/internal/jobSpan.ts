/**
 * The spans of a job: that of who has submitted it travels in its slot, and both sides say in theirs what has become of it.
 *
 * ```text
 *  room of a slot   | payload, or nothing where that lies in the arena …                  | trace context (32 B) |
 * ```
 *
 * The context lies at the end of the room, out of the way of the payload, until the outcome is written over both: who begins a job again finds it.
 * Only a job below a sampled span has one; all others have the whole room, and nobody looks.
 */
import type * as Tracer from "effect/Tracer"
import { type JobTable, UNAWAITED, WITHDRAWN, workerOf } from "../../memory/JobTable.ts"
import * as TraceContext from "../../observe/kernel/TraceContext.ts"
import type * as Trace from "../../observe/Trace.ts"
import { rowOf } from "./memory.ts"
import { DISCARDED } from "./outcome.ts"
import { placeOf, TRACED } from "./target.ts"

/** Bytes of a payload that fit into a slot. */
export const roomFor = ({ roomBytes }: JobTable, span: Tracer.AnySpan | undefined): number =>
  span === undefined ? roomBytes : roomBytes - TraceContext.TRACE_BYTES

const contextOf = (table: JobTable, slot: number): number =>
  table.roomOf(slot) + table.roomBytes - TraceContext.TRACE_BYTES

/** Puts a span into a slot that the caller has free; answers what the word of the job says of it. */
export const write = (table: JobTable, slot: number, span: Tracer.AnySpan | undefined): number => {
  if (span === undefined) return 0
  TraceContext.write(span, table.region, contextOf(table, slot))
  return TRACED
}

/** The span in a slot, for the handler of its job; nothing where there is none. */
export const read = (table: JobTable, slot: number, word: number): Tracer.AnySpan | undefined =>
  (word & TRACED) === 0 ? undefined : TraceContext.read(table.region, contextOf(table, slot))

/** What became of a job, as far as its submitter knows. */
export interface Story {
  /** How often it was begun; `undefined` where only its worker knows. */
  readonly attempts: number | undefined
  /** The place of the worker that had it last; -1 when none has begun it. */
  readonly worker: number
  /** Whether that had taken it from another one. */
  readonly isStolen: boolean
}

/** No worker has begun it. */
export const NOT_BEGUN: Story = { attempts: 0, worker: -1, isStolen: false }

/** What any worker may run lies with the worker that has submitted it until another one takes it. */
export const isStolen = (table: JobTable, slot: number, worker: number): boolean => {
  const row = table.submitterOf(slot)
  return row !== rowOf(worker) && row >= rowOf(0) && row < rowOf(table.workers) && placeOf(table.messageOf(slot)) < 0
}

/** Of a job that has come back, or whose worker has gone. */
export const storyOf = (table: JobTable, slot: number): Story => {
  const begun = table.begunOf(slot)
  // It was taken, and found to be too late.
  const attempts = table.stageOf(slot) === DISCARDED ? begun - 1 : begun
  if (attempts === 0) return NOT_BEGUN
  const worker = workerOf(table.takerOf(slot))
  return { attempts, worker, isStolen: isStolen(table, slot, worker) }
}

/** Of a job that was just withdrawn; `worker` has it, none for -1. */
export const storyOfWithdrawn = (table: JobTable, slot: number, worker: number): Story => {
  // How often it was begun is a word of its worker's until it comes back.
  if (worker >= 0) return { attempts: undefined, worker, isStolen: isStolen(table, slot, worker) }
  const stage = table.stageOf(slot)
  if (stage === WITHDRAWN) return { attempts: table.begunOf(slot), worker: -1, isStolen: false }
  return stage === DISCARDED ? NOT_BEGUN : storyOfWithdrawn(table, slot, workerOf(table.takerOf(slot)))
}

/** What a worker is called. */
export const nameOf = (worker: number): string => `worker-${worker}`

/** Says in the span of who has asked what became of the job. */
export const tell = (span: Tracer.AnySpan, { attempts, isStolen, worker }: Story): void => {
  if (span._tag !== "Span") return
  if (attempts !== undefined) span.attribute("pool.attempts", attempts)
  if (worker >= 0) span.attribute("pool.worker", nameOf(worker))
  if (isStolen) span.attribute("pool.stolen", true)
}

/** What the span of its handler says, where the worker at a place has begun a job. */
export const handledBy = (
  table: JobTable,
  slot: number,
  worker: number,
  pool: string,
  queueTimeMillis: number
): Trace.Handled => {
  const attributes: Record<string, unknown> = {
    "actor.key": pool,
    "pool.worker": nameOf(worker),
    "pool.attempt": table.begunOf(slot)
  }
  // The clocks of two threads may differ, and then nobody knows.
  if (queueTimeMillis >= 0) attributes["pool.queue_time_ms"] = queueTimeMillis
  if (isStolen(table, slot, worker)) attributes["pool.stolen"] = true
  return { kind: (table.messageOf(slot) & UNAWAITED) === 0 ? "server" : "consumer", attributes }
}
