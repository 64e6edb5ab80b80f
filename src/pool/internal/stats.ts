/** Reads what a pool does and has done. */
import { type Counted, pairsOf } from "../../actor/kernel/Counted.ts"
import { JobMeters } from "../../memory/JobMeters.ts"
import { membersIn, resizesIn } from "../../memory/JobTable.ts"
import type { PoolStats, WorkerStats } from "../PoolStats.ts"
import type { Access } from "./memory.ts"

const stateOf = ({ idle, table }: Access, place: number, isUp: boolean, running: number): WorkerStats["state"] => {
  if (!isUp) return place < membersIn(table.membership()) ? "down" : "vacant"
  if (running > 0) return "busy"
  return idle.isSleeping(place) ? "asleep" : "searching"
}

/** What the pool of a thread does and has done, at this time of the pool in milliseconds. */
export const statsOf = (access: Access, depth: number, dropped: number, nowMillis: number): PoolStats => {
  const { memory, table } = access
  const meters = new JobMeters(memory.meters)
  const living = new Int32Array(table.workers)
  table.living(living)
  const workers = Array.from(living, (number, place): WorkerStats => {
    const { incarnation, starts, ...meter } = meters.read(place, nowMillis)
    return {
      place,
      state: stateOf(access, place, number !== 0 && number === incarnation, meter.running),
      restarts: Math.max(0, starts - 1),
      ...meter
    }
  })
  const sum = (of: (worker: WorkerStats) => number) => workers.reduce((total, worker) => total + of(worker), 0)
  return {
    depth,
    dropped,
    size: membersIn(table.membership()),
    resizes: resizesIn(table.membership()),
    running: sum(({ running }) => running),
    jobs: sum(({ jobs }) => jobs),
    workers,
    queueTime: meters.waited(),
    runTime: meters.ran()
  }
}

/** The same, as an actor counts it: what a pool does not know of its jobs is 0. */
export const countedOf = ({ depth, jobs, queueTime, runTime, workers }: PoolStats): Counted => ({
  actors: workers.filter(({ state }) => state !== "vacant").length,
  processed: jobs,
  failed: 0,
  dropped: 0,
  restarts: workers.reduce((total, { restarts }) => total + restarts, 0),
  pending: depth,
  waitingSenders: 0,
  oldestMillis: -1,
  waits: pairsOf(queueTime.counts),
  handlings: pairsOf(runTime.counts)
})
