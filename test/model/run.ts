/**
 * Explores every program and every broken variant; prints a line for each structure, and one that says whether all is as
 * it must be.
 *
 * `node test/model/run.ts [structure …]`: `-v` tells the schedules of each program and how each variant was caught,
 * `--deep` allows one preemption more, `--quick` one less for the programs that must hold.
 */
import { availableParallelism } from "node:os"
import { parentPort, Worker } from "node:worker_threads"
import { explore } from "./explore.ts"
import { loader } from "./gate.ts"
import type { Model } from "./programs/program.ts"
import { Conductor } from "./threads/conductor.ts"
import type { Program } from "./threads/program.ts"
import * as played from "./threads/programs.ts"

// The programs must be loaded after the gate's hook is in place.
const { broken, models } = await import("./programs/index.ts")

/** What there is to explore: a program, or a broken variant of one. */
interface Job {
  /** Its place in the list that it is from. */
  readonly index: number
  readonly isBroken: boolean
  /** Whether its threads are real ones, which a conductor lets play. */
  readonly isPlayed: boolean
  readonly preemptions: number
}

/** A job in words. */
interface Entry {
  readonly job: Job
  readonly structure: string
  /** The program, and how it is broken. */
  readonly name: string
  readonly isNamedByProtocol: boolean
}

interface Result {
  readonly schedules: number
  readonly depth: number
  readonly waited: boolean
  readonly failure: string | undefined
  readonly seconds: number
}

const nameOf = ({ protocol, scenario, structure }: Model): string =>
  `${structure}, ${scenario}${protocol === undefined ? "" : ` (${protocol})`}`

const entries = (more: number): ReadonlyArray<Entry> => {
  const atLeast = (preemptions: number): number => Math.max(0, preemptions + more)
  const of = (
    { name, structure }: { readonly name: string; readonly structure: string },
    job: Job,
    isNamedByProtocol = true
  ): Entry => ({ job, structure, name, isNamedByProtocol })
  const told = ({ scenario, structure }: Program) => ({ name: `${structure}, ${scenario}`, structure })
  return [
    ...models.map((model, index) => {
      const job = { index, isBroken: false, isPlayed: false, preemptions: atLeast(model.preemptions) }
      return of({ name: nameOf(model), structure: model.structure }, job, model.protocol !== undefined)
    }),
    ...broken.map(({ model, name }, index) =>
      of({ name: `${nameOf(model)}; ${name}`, structure: model.structure }, {
        index,
        isBroken: true,
        isPlayed: false,
        preemptions: model.preemptions
      })
    ),
    ...played.programs.map((program, index) =>
      of(told(program), { index, isBroken: false, isPlayed: true, preemptions: atLeast(program.preemptions) })
    ),
    ...played.broken.map(({ name, program }, index) =>
      of({ ...told(program), name: `${told(program).name}; ${name}` }, {
        index,
        isBroken: true,
        isPlayed: true,
        preemptions: program.preemptions
      })
    )
  ]
}

const explored = async ({ index, isBroken, preemptions }: Job): Promise<Omit<Result, "seconds">> => {
  const variant = isBroken ? broken[index]! : undefined
  const model = variant?.model ?? models[index]!
  return explore(await model.prepare(loader(variant?.mutations)), preemptions)
}

let conductor: Promise<Conductor> | undefined

const conducted = async ({ index, isBroken, preemptions }: Job): Promise<Omit<Result, "seconds">> => {
  conductor ??= Conductor.open()
  const variant = isBroken ? played.broken[index]! : undefined
  const program = variant?.program ?? played.programs[index]!
  const outcome = await (await conductor)
    .explore(program, played.programs.indexOf(program), preemptions, variant?.mutations)
  return { ...outcome, waited: true }
}

const work = async (job: Job): Promise<Result | string> => {
  const started = performance.now()
  try {
    const outcome = await (job.isPlayed ? conducted(job) : explored(job))
    return { ...outcome, seconds: (performance.now() - started) / 1000 }
  } catch (error) {
    return error instanceof Error ? error.stack ?? error.message : String(error)
  }
}

/** Runs jobs on a thread, one after the other, until there are none. */
const serve = (queue: Array<Job>, results: Map<Job, Result | string>): Promise<void> =>
  new Promise((resolve, reject) => {
    // Each schedule makes its memory anew, and drops it: little of it lives through a collection when these are rare.
    const worker = new Worker(new URL(import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: 128 } })
    let job: Job | undefined
    const next = (): void => {
      job = queue.shift()
      if (job !== undefined) return worker.postMessage(job)
      void worker.terminate()
      resolve()
    }
    worker.on("message", (result: Result | string) => {
      results.set(job!, result)
      next()
    })
    worker.on("error", reject)
    next()
  })

/** Runs the jobs on as many threads as there are processors; those with a conductor on one, since only one of its players runs at a time. */
const runAll = async (jobs: ReadonlyArray<Job>): Promise<ReadonlyMap<Job, Result | string>> => {
  const results = new Map<Job, Result | string>()
  const stepped = jobs.filter(({ isPlayed }) => !isPlayed)
  const conductors = jobs.filter(({ isPlayed }) => isPlayed)
  const threads = Math.min(availableParallelism(), stepped.length)
  await Promise.all([
    ...(conductors.length > 0 ? [serve(conductors, results)] : []),
    ...Array.from({ length: threads }, () => serve(stepped, results))
  ])
  return results
}

const main = async (args: ReadonlyArray<string>): Promise<void> => {
  const verbose = args.includes("-v")
  const more = args.includes("--deep") ? 1 : args.includes("--quick") ? -1 : 0
  const asked = args.filter((arg) => !arg.startsWith("-"))
  const all = entries(more)
  const known = [...new Set(all.map(({ structure }) => structure))]
  const unknown = asked.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`no structure ${unknown.join(", ")}; there are ${known.join(", ")}`)
  const structures = asked.length === 0 ? known : known.filter((name) => asked.includes(name))
  const chosen = all.filter(({ structure }) => structures.includes(structure))
  const results = await runAll(chosen.map(({ job }) => job))

  const failures: Array<string> = []
  let schedules = 0
  let caught = 0
  let variants = 0
  for (const structure of structures) {
    const own = { schedules: 0, depth: 0, seconds: 0, caught: 0, variants: 0 }
    const details: Array<string> = []
    for (const { isNamedByProtocol, job, name } of chosen.filter((entry) => entry.structure === structure)) {
      const result = results.get(job)!
      if (job.isBroken) own.variants++
      if (typeof result === "string") {
        failures.push(`${name}: ${result}`)
        continue
      }
      own.seconds += result.seconds
      if (job.isBroken) {
        if (result.failure === undefined) failures.push(`not caught: ${name}`)
        else own.caught++
        details.push(`  broken: ${name} (schedule ${result.schedules})\n    ${result.failure ?? "NOT CAUGHT"}`)
        continue
      }
      own.schedules += result.schedules
      own.depth = Math.max(own.depth, result.depth)
      details.push(
        `  ${name}: ${result.schedules} schedules with ${job.preemptions} preemptions, depth ${result.depth}, `
          + `${result.seconds.toFixed(1)} s`
      )
      if (result.failure !== undefined) failures.push(`${name}: ${result.failure}`)
      if (result.waited && !isNamedByProtocol) failures.push(`${name}: waits, and names no protocol`)
    }
    console.log(
      `${structure.padEnd(16)} ${String(own.schedules).padStart(8)} schedules  depth ${String(own.depth).padStart(3)}  `
        + `${own.seconds.toFixed(1).padStart(5)} s  broken caught ${own.caught}/${own.variants}`
    )
    if (verbose) console.log(details.join("\n"))
    schedules += own.schedules
    caught += own.caught
    variants += own.variants
  }
  for (const failure of failures) console.error(failure)
  const verdict = failures.length === 0 ? "ok" : "FAILED"
  console.log(
    `model: structures=${structures.length} schedules=${schedules} broken_caught=${caught}/${variants} ${verdict}`
  )
  if (failures.length > 0) process.exitCode = 1
}

if (parentPort === null) await main(process.argv.slice(2))
else parentPort.on("message", (job: Job) => void work(job).then((result) => parentPort!.postMessage(result)))
