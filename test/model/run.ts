/**
 * Explores every program and every broken variant; prints a line for each structure, and one that says whether all is as
 * it must be.
 *
 * `node test/model/run.ts [structure …]`: `-v` tells the schedules of each program and how each variant was caught,
 * `--deep` allows one preemption more, `--quick` one less for the programs that must hold.
 */
import { availableParallelism } from "node:os"
import { parentPort, Worker } from "node:worker_threads"
import { explore, type Outcome } from "./explore.ts"
import { loader } from "./gate.ts"
import type { Broken, Model } from "./programs/program.ts"

// The programs must be loaded after the gate's hook is in place.
const { broken, models } = await import("./programs/index.ts")

interface Job {
  /** The place of the model, or of the broken variant. */
  readonly index: number
  readonly isBroken: boolean
  readonly preemptions: number
}

interface Result extends Outcome {
  readonly seconds: number
}

const explored = async (model: Model, variant: Broken | undefined, preemptions: number): Promise<Result> => {
  const started = performance.now()
  const outcome = explore(await model.prepare(loader(variant?.mutations)), preemptions)
  return { ...outcome, seconds: (performance.now() - started) / 1000 }
}

const work = async ({ index, isBroken, preemptions }: Job): Promise<Result | string> => {
  const variant = isBroken ? broken[index]! : undefined
  const model = variant?.model ?? models[index]!
  try {
    return await explored(model, variant, preemptions)
  } catch (error) {
    return `${variant?.name ?? model.scenario}: ${error instanceof Error ? error.stack : String(error)}`
  }
}

/** Runs the jobs on as many threads as there are processors, the long ones first. */
const runAll = async (jobs: ReadonlyArray<Job>): Promise<ReadonlyMap<Job, Result | string>> => {
  const results = new Map<Job, Result | string>()
  const queue = [...jobs]
  const serve = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url))
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
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, serve))
  return results
}

const nameOf = ({ protocol, scenario, structure }: Model): string =>
  `${structure}, ${scenario}${protocol === undefined ? "" : ` (${protocol})`}`

const main = async (args: ReadonlyArray<string>): Promise<void> => {
  const verbose = args.includes("-v")
  const more = args.includes("--deep") ? 1 : args.includes("--quick") ? -1 : 0
  const asked = args.filter((arg) => !arg.startsWith("-"))
  const all = [...new Set(models.map((model) => model.structure))]
  const unknown = asked.filter((name) => !all.includes(name))
  if (unknown.length > 0) throw new Error(`no structure ${unknown.join(", ")}; there are ${all.join(", ")}`)
  const structures = asked.length === 0 ? all : all.filter((name) => asked.includes(name))

  const jobs: Array<Job> = [
    ...models.map((model, index) => ({ index, isBroken: false, preemptions: Math.max(0, model.preemptions + more) })),
    ...broken.map(({ model }, index) => ({ index, isBroken: true, preemptions: model.preemptions }))
  ].filter((job) => structures.includes((job.isBroken ? broken[job.index]!.model : models[job.index]!).structure))
  const results = await runAll(jobs)

  const failures: Array<string> = []
  let schedules = 0
  let caught = 0
  let variants = 0
  for (const structure of structures) {
    const own = { schedules: 0, depth: 0, seconds: 0, caught: 0, variants: 0 }
    const details: Array<string> = []
    for (const job of jobs) {
      const variant = job.isBroken ? broken[job.index]! : undefined
      const model = variant?.model ?? models[job.index]!
      if (model.structure !== structure) continue
      const result = results.get(job)!
      const name = variant === undefined ? nameOf(model) : `${nameOf(model)}; ${variant.name}`
      if (variant !== undefined) own.variants++
      if (typeof result === "string") {
        failures.push(`${structure}, ${result}`)
        continue
      }
      own.seconds += result.seconds
      if (variant !== undefined) {
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
      if (result.waited && model.protocol === undefined) failures.push(`${name}: waits, and names no protocol`)
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
