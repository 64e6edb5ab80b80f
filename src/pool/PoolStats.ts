/**
 * What a pool does and has done, as its workers have counted it in shared memory: cheap enough to be read many times a second, from any thread that
 * has a reference to the pool.
 */
import type { Times } from "../runtime/Times.ts"

/** What one worker does and has done, all its incarnations together. */
export interface WorkerStats {
  /** Its place, from 0 on. */
  readonly place: number
  /**
   * `"busy"` with jobs, `"searching"` for some or about to sleep, `"asleep"`, or `"down"`: not up yet, or being started again; `"vacant"` where the pool has no worker
   * now and may have one (`threads.max`).
   */
  readonly state: "busy" | "searching" | "asleep" | "down" | "vacant"
  /** Jobs that it has begun and that have not ended; more than one where `concurrency` says so, or where they wait for jobs of their own. */
  readonly running: number
  /** Jobs that have ended on it. */
  readonly jobs: number
  /** How often it has taken jobs out of the queue of another worker. */
  readonly stolen: number
  /** How often it has gone to sleep. */
  readonly sleeps: number
  /** How often it has been started again, also when it had left the pool and came back. */
  readonly restarts: number
  /** How long it has had a job, in milliseconds: the difference of two by the time in between is how far it is used. */
  readonly busyMillis: number
  /**
   * How long its event loop was not idle, in milliseconds, as it has said when it looked for jobs last: with jobs, with looking for some, with whatever else runs on its thread; not while it
   * slept with its thread. The difference of two by the time in between is the utilisation of its event loop. Much less than `busyMillis`: its jobs wait for something, and more of them could run at once (`concurrency`).
   * 0 in a simulation, whose threads have no event loop of their own.
   */
  readonly loopMillis: number
  /**
   * How long it has had no job while its event loop was busy with something else, in milliseconds: timers, and what its layer runs. A job that comes meanwhile waits for that. 0 in a simulation.
   */
  readonly elsewhereMillis: number
}

/** See the module. */
export interface PoolStats {
  /** Jobs of this thread that are under way or wait for room. */
  readonly depth: number
  /** What this thread has told and was dropped, because there was no room (`queue.overflow`). */
  readonly dropped: number
  /** How many workers the pool has, without those that are about to leave it. */
  readonly size: number
  /** How often that was another number. */
  readonly resizes: number
  /** Jobs that run on all workers. */
  readonly running: number
  /** Jobs that have ended on all workers. */
  readonly jobs: number
  /** As many as the pool may have. */
  readonly workers: ReadonlyArray<WorkerStats>
  /**
   * How long jobs have waited from the ask to their begin, each time that a worker took them: `queueTime.quantile(0.99)` is in milliseconds. Asks with the timeout `"Infinity"` and tells are not
   * counted here, since nobody looks at a clock for them.
   */
  readonly queueTime: Times
  /** How long jobs have run; not of those that their worker has ended in the turn in which it died. */
  readonly runTime: Times
}
