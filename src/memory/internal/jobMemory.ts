/** The memory of a `JobTable`: what shapes it can have, and how it is made. */
import { JOB_ROW_BYTES, JOB_RUN_BYTES, jobTable as layout } from "../JobLayouts.ts"
import { inscribe } from "../Layout.ts"
import { InvalidCapacity } from "../MemoryError.ts"

/** Most workers of a table: their places have six bits in a number. */
export const MAX_WORKERS = 64

const WORKER_BITS = 6
const EPOCHS = 1023

/** The number of an incarnation, from 1 on, of the worker at a place. */
export const numberOf = (worker: number, incarnation: number): number =>
  worker | ((incarnation - 1) % EPOCHS + 1) << WORKER_BITS

/** The place of the worker that a number is of. */
export const workerOf = (number: number): number => number & (MAX_WORKERS - 1)

/** The part of `membership` that says how many workers are given jobs; what is above it counts changes. */
export const MEMBERS = 0xff
/** What a change adds. */
export const RESIZED = MEMBERS + 1

/** How many workers are given jobs, as `JobTable.membership` says it. */
export const membersIn = (membership: number): number => membership & MEMBERS

/** How often that was another number. */
export const resizesIn = (membership: number): number => membership >>> 8

/** What the death of an incarnation adds to `changes`: the starts are below it. */
export const DEATH = 1 << 16

/** Whether an incarnation has ended between two answers of `JobTable.changes`: what it had is to be looked for. */
export const haveDied = (before: number, after: number): boolean => (before ^ after) >>> 16 !== 0

/** Most slots of one submitter. */
const MAX_JOBS = 1 << 16

/** How a table is made. */
export interface Shape {
  /** Threads that can submit. */
  readonly submitters: number
  /** Slots of each, a power of two. */
  readonly jobs: number
  /** Bytes of a slot, a multiple of 128; all but 64 are for the payload. */
  readonly slotBytes: number
  /** Workers, 1 to {@link MAX_WORKERS}. */
  readonly workers: number
}

/** Where the rows begin. */
export const rowsOffset = (workers: number): number => layout.descriptorBytes + Math.ceil(workers / 32) * 128

/** Where the slots begin. */
export const slotsOffset = ({ submitters, workers }: Pick<Shape, "submitters" | "workers">): number =>
  rowsOffset(workers) + submitters * JOB_ROW_BYTES

/** Where it is said how long their jobs may run. */
export const runsOffset = (shape: Shape): number => slotsOffset(shape) + shape.submitters * shape.jobs * shape.slotBytes

/** Bytes of a table. */
export const bytesOf = (shape: Shape): number => runsOffset(shape) + shape.submitters * shape.jobs * JOB_RUN_BYTES

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most

/** The part of a shape that cannot be, and what is expected of it. */
export const wrongPart = (
  { jobs, slotBytes, submitters, workers }: Shape
): readonly [keyof Shape, string] | undefined => {
  if (!isWithin(workers, 1, MAX_WORKERS)) return ["workers", `a whole number from 1 to ${MAX_WORKERS}`]
  if (!isWithin(submitters, 1, 255)) return ["submitters", "a whole number from 1 to 255"]
  if (!isWithin(jobs, 1, MAX_JOBS) || (jobs & (jobs - 1)) !== 0) return ["jobs", `a power of two from 1 to ${MAX_JOBS}`]
  if (!isWithin(slotBytes, 128, 65_536) || slotBytes % 128 !== 0) return ["slotBytes", "a multiple of 128 up to 65,536"]
  return undefined
}

/** Most slots of each submitter that one buffer has room for. */
export const mostJobs = ({ slotBytes, submitters, workers }: Omit<Shape, "jobs">): number =>
  Math.floor((2 ** 31 - 1 - slotsOffset({ submitters, workers })) / (submitters * (slotBytes + JOB_RUN_BYTES)))

/**
 * Makes the shared memory of a table in which every slot is free, and so many workers, or all, are given jobs.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (shape: Shape, members = shape.workers): SharedArrayBuffer => {
  const wrong = wrongPart(shape)
  if (wrong !== undefined) throw new InvalidCapacity(layout.name, wrong[0], shape[wrong[0]], wrong[1])
  const most = mostJobs(shape)
  if (shape.jobs > most) {
    throw new InvalidCapacity(layout.name, "jobs", shape.jobs, `at most ${most} of ${shape.slotBytes} bytes each`)
  }
  const sab = new SharedArrayBuffer(bytesOf(shape))
  const cells = inscribe(layout, sab)
  const words = layout.cells
  cells[words.submitters] = shape.submitters
  cells[words.jobs] = shape.jobs
  cells[words.slotBytes] = shape.slotBytes
  cells[words.workers] = shape.workers
  cells[words.membership] = members
  return sab
}
