/**
 * Pools as the cases see them, and the loops over them: so many jobs in flight, until the last is back; or one after the other.
 */
import { setTimeout } from "node:timers/promises"
import type { Measured, Params } from "../runner/Case.ts"
import * as Sampling from "../runner/Sampling.ts"

/** Workers of every pool. */
export const WORKERS = 2

/** A pool of {@link WORKERS} workers that answer `value + 1`, after they have computed for so many microseconds. */
export interface Jobs {
  readonly run: (value: number, micros: number, done: (reply: number) => void) => void
  /**
   * Halves a job so often, and has each of the parts computed for so many microseconds: how many parts there were. Where a worker can submit jobs itself; otherwise
   * whoever asks does that.
   */
  readonly fork?: ((depth: number, micros: number) => Promise<number>) | undefined
  readonly close: () => Promise<void>
}

/** What a job does. */
export const work = (value: number, micros: number): number => {
  if (micros > 0) {
    const until = performance.now() + micros / 1000
    while (performance.now() < until);
  }
  return value + 1
}

/** How a case uses a pool. */
export interface Load {
  /** Jobs in flight; all at once unless told. */
  readonly inFlight?: number
  /** Microseconds of each job, by its number. */
  readonly micros: (value: number) => number
  /** Jobs a second, or the part of what perfect parallelism would do. */
  readonly unit: "jobs/s" | "fraction"
}

const runAll = (jobs: Jobs, count: number, load: Load, replies: Sampling.TallyCounter): Promise<void> =>
  new Promise((resolve) => {
    let sent = 0
    let answered = 0
    const next = (): void => {
      if (sent < count) jobs.run(sent, load.micros(sent++), done)
    }
    const done = (reply: number): void => {
      replies.addReply(reply)
      if (++answered === count) resolve()
      else next()
    }
    for (let i = Math.min(load.inFlight ?? count, count); i > 0; i--) next()
  })

/** What `samples` loads of `count` jobs should have added up to. */
const expectedOf = (count: number, samples: number) => ({
  count: count * samples,
  checksum: samples * (count * (count + 1) / 2)
})

/** Loads of jobs, each until the last one is back. */
export const measureLoad = async (open: () => Promise<Jobs>, params: Params, load: Load): Promise<Measured> => {
  const jobs = await open()
  const replies = new Sampling.TallyCounter()
  let micros = 0
  for (let value = 0; value < params.count; value++) micros += load.micros(value)
  const samples = await Sampling.sample(params, async () => {
    const before = performance.now()
    await runAll(jobs, params.count, load, replies)
    const millis = performance.now() - before
    return load.unit === "jobs/s"
      ? params.count * 1000 / millis
      : micros / 1000 / (WORKERS * millis)
  })
  await jobs.close()
  return { samples, received: replies.tally, expected: expectedOf(params.count, params.samples + params.warmups) }
}

const forkHere = async (jobs: Jobs, depth: number, micros: number): Promise<number> => {
  if (depth === 0) {
    await new Promise<number>((done) => jobs.run(0, micros, done))
    return 1
  }
  const [left, right] = await Promise.all([forkHere(jobs, depth - 1, micros), forkHere(jobs, depth - 1, micros)])
  return left + right
}

/** Jobs that halve themselves `depth` times, one after the other: the part of what perfect parallelism would do. */
export const measureForks = async (
  open: () => Promise<Jobs>,
  params: Params,
  { depth, micros }: { readonly depth: number; readonly micros: number }
): Promise<Measured> => {
  const jobs = await open()
  const fork = jobs.fork ?? ((levels: number, each: number) => forkHere(jobs, levels, each))
  const replies = new Sampling.TallyCounter()
  const parts = 2 ** depth
  const samples = await Sampling.sample(params, async () => {
    const before = performance.now()
    for (let i = 0; i < params.count; i++) replies.addReply(await fork(depth, micros))
    return params.count * parts * micros / 1000 / (WORKERS * (performance.now() - before))
  })
  await jobs.close()
  const count = params.count * (params.samples + params.warmups)
  return { samples, received: replies.tally, expected: { count, checksum: count * parts } }
}

/** One job at a time, back to back or with a pause before each. */
export const measureTrips = async (
  open: () => Promise<Jobs>,
  params: Params,
  pauseMillis: number
): Promise<Measured> => {
  const jobs = await open()
  const measured = await Sampling.measureLatencies(params, async (latencies, replies) => {
    for (let value = 0; value < latencies.length; value++) {
      if (pauseMillis > 0) await setTimeout(pauseMillis)
      const before = performance.now()
      const reply = await new Promise<number>((done) => jobs.run(value, 0, done))
      latencies[value] = performance.now() - before
      replies.addReply(reply)
    }
  })
  await jobs.close()
  return measured
}
