/** The memory of `Inboxes`: what shapes it can have. */
import { INBOX_HOMES, INBOX_LANE_BYTES, INBOX_ROW_BYTES, inboxes as layout } from "../JobLayouts.ts"

/** Cells of what says where a lane is. */
export const laneCells = INBOX_LANE_BYTES / 4

/** How inboxes are made. */
export interface Shape {
  /** Threads that can submit. */
  readonly submitters: number
  /** Jobs of each, a power of two. */
  readonly jobs: number
  readonly workers: number
  /** Lanes that each thread has for a worker; 1 unless told. */
  readonly levels?: number | undefined
}

/** Cells of the slots of a lane. */
export const slotCells = (jobs: number): number => Math.ceil(jobs / 32) * 32

/** Cells of all lanes of a thread for a worker: what says where they are stands before all slots, so that of a level at which nothing comes nobody touches a page. */
export const groupCells = (jobs: number, levels: number): number => levels * (laneCells + slotCells(jobs))

/** Bytes of all. */
export const bytesOf = ({ jobs, levels = 1, submitters, workers }: Shape): number =>
  layout.descriptorBytes + INBOX_HOMES * 4 + workers * (INBOX_ROW_BYTES + submitters * groupCells(jobs, levels) * 4)

/** Most jobs of each thread that submits for which one buffer has room. */
export const mostJobs = ({ levels = 1, submitters, workers }: Omit<Shape, "jobs">): number => {
  const room = 2 ** 31 - 1 - bytesOf({ jobs: 0, levels, submitters, workers })
  return 32 * Math.floor(room / (workers * submitters * levels * 128))
}

const isPowerOfTwo = (value: number): boolean => Number.isInteger(value) && value > 0 && (value & (value - 1)) === 0

/** The part of a shape that cannot be, and what is expected of it. */
export const wrongPart = (shape: Shape): readonly [keyof Shape, string] | undefined => {
  if (!Number.isInteger(shape.workers) || shape.workers < 1) return ["workers", "a whole number from 1 on"]
  if (!Number.isInteger(shape.submitters) || shape.submitters < 1) return ["submitters", "a whole number from 1 on"]
  if (!isPowerOfTwo(shape.jobs)) return ["jobs", "a power of two"]
  const { levels = 1 } = shape
  if (!Number.isInteger(levels) || levels < 1) return ["levels", "a whole number from 1 on"]
  if (bytesOf(shape) >= 2 ** 31) return ["jobs", "fewer, so that all inboxes fit into 2 GiB"]
  return undefined
}
