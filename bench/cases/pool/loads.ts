/**
 * Jobs on two workers: small ones, all at once, and such that take a while.
 */
import * as Java from "../../peers/java/java.ts"
import type { Jobs, Load } from "../../peers/jobs.ts"
import type { Case, Measured, Params, Subject } from "../../runner/Case.ts"

type Open = () => Promise<() => Promise<Jobs>>

/** The pools that take part, loaded when they run. */
const opens: { readonly [subject: string]: Open } = {
  "shared-nothing": async () => (await import("../../ours/pool.ts")).open("fibers"),
  "shared-nothing-unsafe": async () => (await import("../../ours/pool.ts")).open("callbacks"),
  piscina: async () => (await import("../../peers/piscina/piscina.ts")).open("default"),
  "piscina-tuned": async () => (await import("../../peers/piscina/piscina.ts")).open("tuned"),
  "piscina-ports": async () => (await import("../../peers/piscina/piscina.ts")).open("ports"),
  "piscina-6": async () => (await import("../../peers/piscina/piscina.ts")).openNext("tuned"),
  tinypool: async () => (await import("../../peers/tinypool/tinypool.ts")).open,
  poolifier: async () => (await import("../../peers/poolifier/poolifier.ts")).open,
  workerpool: async () => (await import("../../peers/workerpool/workerpool.ts")).open,
  postMessage: async () => (await import("../../peers/post-message/jobs.ts")).open
}

/** What a job takes repeats after so many. */
const PERIOD = 100

/** Every pool on one case, and Java's: `run` measures one of those that are opened here. */
const subjects = (
  run: (open: () => Promise<Jobs>, params: Params) => Promise<Measured>,
  java: (params: Params) => Promise<Measured>,
  peers?: Pick<Subject, "count" | "samples" | "warmups">
): { readonly [name: string]: Subject } => ({
  ...Object.fromEntries(
    Object.entries(opens).map(([name, open]): [string, Subject] => [name, {
      ...(name.startsWith("shared-nothing") ? {} : peers),
      run: async (params) => run(await open(), params)
    }])
  ),
  java: { missing: Java.missing, run: java }
})

const loaded = (
  load: Load,
  peers: Pick<Subject, "count" | "samples" | "warmups">
): { readonly [name: string]: Subject } =>
  subjects(
    async (open, params) => (await import("../../peers/jobs.ts")).measureLoad(open, params, load),
    (params) => Java.load(params, load, PERIOD),
    peers
  )

/** See the module. */
export const trivial: Case = {
  name: "pool/trivial",
  about: "jobs that answer at once, 1,000 in flight, two workers",
  unit: "jobs/s",
  betterIs: "higher",
  count: 200_000,
  quickCount: 5_000,
  subjects: loaded({ inFlight: 1_000, micros: () => 0, unit: "jobs/s" }, { count: 30_000 })
}

/** See the module. */
export const burst: Case = {
  name: "pool/trivial-burst",
  about: "100,000 jobs that answer at once, all submitted at once, two workers",
  unit: "jobs/s",
  betterIs: "higher",
  count: 100_000,
  quickCount: 5_000,
  subjects: loaded({ micros: () => 0, unit: "jobs/s" }, { samples: 2, warmups: 1 })
}

const computing = (name: string, micros: number, count: number): Case => ({
  name,
  about: `jobs that compute for ${micros} us, 1,000 in flight, two workers: part of what perfect parallelism would do`,
  unit: "fraction",
  betterIs: "higher",
  count,
  quickCount: Math.ceil(count / 20),
  subjects: loaded({ inFlight: 1_000, micros: () => micros, unit: "fraction" }, { count })
})

/** See the module. */
export const computings: ReadonlyArray<Case> = [
  computing("pool/10us", 10, 40_000),
  computing("pool/100us", 100, 10_000),
  computing("pool/1ms", 1000, 1_000)
]

/** One of a hundred jobs takes that many times as long as the others. */
const SKEW = 200

/** See the module. */
export const skewed: Case = {
  name: "pool/skew",
  about:
    "jobs that compute for 10 us, each hundredth for 2 ms, 1,000 in flight, two workers: part of what perfect parallelism would do",
  unit: "fraction",
  betterIs: "higher",
  count: 20_000,
  quickCount: 1_000,
  subjects: loaded(
    { inFlight: 1_000, micros: (value) => value % PERIOD === 0 ? 10 * SKEW : 10, unit: "fraction" },
    { count: 20_000 }
  )
}

const FORK = { depth: 8, micros: 100 }

/** See the module. */
export const forks: Case = {
  name: "pool/fork-join",
  about:
    "a job that halves itself until there are 256 of 100 us, two workers: part of what perfect parallelism would do",
  unit: "fraction",
  betterIs: "higher",
  count: 40,
  quickCount: 4,
  subjects: subjects(
    async (open, params) => (await import("../../peers/jobs.ts")).measureForks(open, params, FORK),
    (params) => Java.forks(params, FORK)
  )
}

/** Long enough for both sides to sleep. */
const PAUSE_MILLIS = 20

const tripped = (pauseMillis: number): { readonly [name: string]: Subject } =>
  subjects(
    async (open, params) => (await import("../../peers/jobs.ts")).measureTrips(open, params, pauseMillis),
    (params) => Java.trips(params, pauseMillis)
  )

/** See the module. */
export const trips: Case = {
  name: "pool/rtt",
  about: "one job at a time, back to back, two workers",
  unit: "us",
  betterIs: "lower",
  count: 5_000,
  quickCount: 500,
  subjects: tripped(0)
}

/** See the module. */
export const tripsAsleep: Case = {
  name: "pool/rtt-asleep",
  about: "one job at a time, each after both sides have been idle for 20 ms, two workers",
  unit: "us",
  betterIs: "lower",
  count: 40,
  quickCount: 15,
  subjects: tripped(PAUSE_MILLIS)
}
