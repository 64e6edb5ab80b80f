/**
 * How a pool grows past what can be run here: a simulation of its scheduler for 2 to 128 workers, and what a job costs, measured, of which it is made up.
 *
 * ```sh
 * node --conditions=source bench/scaling.ts             # tables for docs/design/scaling.md
 * node --conditions=source bench/scaling.ts --measure   # what a job costs on this machine, for who submits and for the workers
 * ```
 *
 * What is simulated is the rule of `src/pool/kernel/NextJob.ts` and `src/memory/IdleSet.ts`: own deque, injector, half of what a random other one has; a wake for whoever makes work
 * while nobody searches; who finds work by searching wakes the next; at most half search. Time is what the caller says it is: cores are shared evenly among the threads that have something to do.
 */
import { parseArgs } from "node:util"
import { open } from "./ours/pool.ts"
import { measureLoad } from "./peers/jobs.ts"

/** What things cost, in nanoseconds of one thread. */
interface Costs {
  /** To submit a job, and to take its reply. */
  readonly submit: number
  readonly settle: number
  /** To take a job and to answer it, besides what it computes. */
  readonly handle: number
  /** To take one out of the injector: for each thread that does so at the same moment once more. */
  readonly inject: number
  /** To look into the deque of another worker, and to carry one job over. */
  readonly look: number
  readonly carry: number
  /** From the ring of a doorbell to the first look of who was asleep, and what the ring costs. */
  readonly wake: number
  readonly ring: number
}

/** What one run looks like. */
interface Setup {
  readonly workers: number
  /** Cores that all threads share; as many as there are threads unless told. */
  readonly cores?: number
  readonly jobs: number
  readonly micros: number
  readonly costs: Costs
  /** Jobs of one submitter that are under way at once; or a tree of jobs, each of which submits two until there are so many. */
  readonly shape: { readonly inFlight: number } | "tree"
}

/** What came of it. */
interface Outcome {
  /** The part of the time of all workers in which they computed. */
  readonly efficiency: number
  readonly steals: number
  readonly wakes: number
  readonly nanos: number
}

interface Activity {
  left: number
  /** A clock runs on while its thread has no core. */
  readonly isClock: boolean
  readonly done: () => void
}

/** Threads that share cores evenly. */
class Machine {
  now = 0
  private readonly cores: number
  private readonly active = new Set<Activity>()
  constructor(cores: number) {
    this.cores = cores
  }

  begin(nanos: number, done: () => void, isClock = false): void {
    this.active.add({ left: nanos, isClock, done })
  }

  get size(): number {
    return this.active.size
  }

  /** Goes on to the next end of an activity; answers whether there was one. */
  step(): boolean {
    const { active, cores } = this
    if (active.size === 0) return false
    const speed = Math.min(1, cores / active.size)
    let next: Activity | undefined
    let after = Infinity
    for (const one of active) {
      const time = one.isClock ? one.left : one.left / speed
      if (time >= after) continue
      after = time
      next = one
    }
    for (const one of active) one.left -= one.isClock ? after : after * speed
    this.now += after
    active.delete(next!)
    next!.done()
    return true
  }
}

// Marsaglia's xorshift: the same run each time.
const randoms = (seed: number) => (below: number): number => {
  seed ^= seed << 13
  seed ^= seed >>> 17
  seed ^= seed << 5
  return (seed >>> 0) % below
}

const simulate = ({ cores, costs, jobs, micros, shape, workers }: Setup): Outcome => {
  const machine = new Machine(cores ?? workers + 1)
  const random = randoms(7)
  const deques = Array.from({ length: workers }, (): Array<number> => [])
  const injector: Array<number> = []
  const sleeping: Array<number> = []
  const searching = new Set<number>()
  let atInjector = 0
  let steals = 0
  let wakes = 0
  let returned = 0
  let made = 0
  let computed = 0

  /** Whoever has made work: wakes one, unless somebody searches. Answers what that costs. */
  const wake = (): number => {
    if (searching.size > 0 || sleeping.length === 0) return 0
    const worker = sleeping.pop()!
    searching.add(worker)
    wakes++
    machine.begin(costs.wake, () => next(worker), true)
    return costs.ring
  }
  const hasWork = () => injector.length > 0 || deques.some((deque) => deque.length > 0)
  const found = (worker: number): number => {
    const was = searching.delete(worker)
    return was && searching.size === 0 && hasWork() ? wake() : 0
  }
  const run = (worker: number, depth: number, before: number): void =>
    machine.begin(before + found(worker) + costs.handle, () => {
      const nanos = micros * 1e3
      computed += nanos
      machine.begin(nanos, () => ended(worker, depth), true)
    })
  const ended = (worker: number, depth: number): void => {
    returned++
    let cost = 0
    if (shape === "tree") {
      for (let child = 0; child < 2 && made < jobs; child++) {
        made++
        deques[worker]!.push(depth + 1)
        cost += costs.submit + wake()
      }
    }
    if (cost === 0) next(worker)
    else machine.begin(cost, () => next(worker))
  }
  const next = (worker: number): void => {
    const own = deques[worker]!.pop()
    if (own !== undefined) return run(worker, own, 0)
    if (injector.length > 0) {
      const depth = injector.shift()!
      atInjector++
      return machine.begin(costs.inject * atInjector, () => {
        atInjector--
        run(worker, depth, 0)
      })
    }
    if (!searching.has(worker) && searching.size >= Math.ceil(workers / 2)) return sleep(worker, 0)
    searching.add(worker)
    machine.begin(costs.look, () => steal(worker, random(workers), 1))
  }
  const steal = (worker: number, first: number, looks: number): void => {
    for (let i = 0; i < workers; i++) {
      const victim = deques[(first + i) % workers]!
      if (victim.length === 0) continue
      const taken = victim.splice(0, Math.ceil(victim.length / 2))
      steals++
      const depth = taken.shift()!
      deques[worker]!.push(...taken)
      return run(worker, depth, costs.look * (looks + i) + costs.carry * (taken.length + 1))
    }
    sleep(worker, costs.look * workers)
  }
  const sleep = (worker: number, before: number): void => {
    if (before > 0) return machine.begin(before, () => sleep(worker, 0))
    searching.delete(worker)
    // It announces itself and looks once more.
    if (hasWork() && searching.size < Math.ceil(workers / 2)) return next(worker)
    sleeping.push(worker)
  }

  for (let worker = 0; worker < workers; worker++) sleeping.push(worker)
  if (shape === "tree") {
    made = 1
    injector.push(0)
    wake()
  } else {
    let settled = 0
    const submitter = (): void => {
      if (settled < returned) {
        return machine.begin(costs.settle, () => {
          settled++
          submitter()
        })
      }
      if (made < jobs && made - settled < shape.inFlight) {
        return machine.begin(costs.submit, () => {
          made++
          injector.push(0)
          const ring = wake()
          if (ring === 0) submitter()
          else machine.begin(ring, submitter)
        })
      }
      // It looks again when there is something: it spins for that long.
      if (settled < jobs) machine.begin(1_000, submitter)
    }
    submitter()
  }
  const isDone = () => returned >= jobs
  while (!isDone() && machine.step());
  return { efficiency: computed / (machine.now * workers), steals, wakes, nanos: machine.now }
}

/** What a job costs here, by the processor time of the threads: who else uses the machine hardly matters. */
const measure = async (): Promise<void> => {
  const count = 400_000
  const jobs = await open("callbacks")()
  const load = { inFlight: 1_000, micros: () => 0, unit: "jobs/s" } as const
  const keep = async () => jobs
  await measureLoad(async () => ({ ...jobs, close: async () => {} }), { count, samples: 2, warmups: 1 }, load)
  const main = process.threadCpuUsage()
  const all = process.cpuUsage()
  await measureLoad(keep, { count, samples: 4, warmups: 0 }, load)
  const mainUsed = process.threadCpuUsage(main)
  const used = process.cpuUsage(all)
  const each = ({ system, user }: NodeJS.CpuUsage) => (system + user) * 1e3 / (4 * count)
  console.log(
    `who submits: ${each(mainUsed).toFixed(0)} ns a job; two workers together: ${
      (each(used) - each(mainUsed)).toFixed(0)
    } ns a job`
  )
}

/** `submit`, `settle`, `handle` and `inject` add up to what `--measure` printed on two EPYC cores; how they divide, and what is below `inject`, is assumed. */
const COSTS: Costs = {
  submit: 230,
  settle: 120,
  handle: 390,
  inject: 90,
  look: 30,
  carry: 60,
  wake: 25_000,
  ring: 6_000
}

const WORKERS = [2, 4, 8, 16, 32, 64, 128]

const table = (title: string, micros: ReadonlyArray<number>, cell: (workers: number, micros: number) => string) => {
  console.log(`\n${title}`)
  console.log(["workers", ...micros.map((one) => `${one} µs`)].join("\t"))
  for (const workers of WORKERS) console.log([workers, ...micros.map((one) => cell(workers, one))].join("\t"))
}

const report = (): void => {
  const lengths = [1, 10, 100, 1_000]
  const jobsOf = (workers: number) => Math.max(4_000, workers * 200)
  table(
    "one thread submits, 1,000 under way: part of the workers' time that computes",
    lengths,
    (workers, micros) =>
      simulate({ workers, jobs: jobsOf(workers), micros, costs: COSTS, shape: { inFlight: 1_000 } }).efficiency.toFixed(
        2
      )
  )
  table(
    "jobs submit jobs, a binary tree: part of the workers' time that computes",
    lengths,
    (workers, micros) =>
      simulate({ workers, jobs: jobsOf(workers), micros, costs: COSTS, shape: "tree" }).efficiency.toFixed(2)
  )
  table("the same: steals and wakes for 1,000 jobs", lengths, (workers, micros) => {
    const jobs = jobsOf(workers)
    const { steals, wakes } = simulate({ workers, jobs, micros, costs: COSTS, shape: "tree" })
    return `${(steals / jobs * 1e3).toFixed(0)}, ${(wakes / jobs * 1e3).toFixed(0)}`
  })
  console.log("\ntwo workers and who submits on two cores, to be held against pool/10us, pool/100us, pool/1ms")
  for (const micros of [10, 100, 1_000]) {
    const { efficiency } = simulate({
      workers: 2,
      cores: 2,
      jobs: 4_000,
      micros,
      costs: COSTS,
      shape: { inFlight: 1_000 }
    })
    console.log(`${micros} µs\t${efficiency.toFixed(2)}`)
  }
}

const { values } = parseArgs({ options: { measure: { type: "boolean", default: false } } })
if (values.measure) await measure()
else report()
