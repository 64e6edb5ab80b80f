/**
 * Runs a case: every subject once a round, in turn, each time in a fresh process.
 *
 * Interleaving spreads the noise of a shared machine over all subjects, and a fresh process keeps the heap, the optimised code and the
 * threads of one from the next. Never does: retry. A subject that fails, times out or cannot prove its work is invalid.
 */
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { type Case, invalid, type Measured, type Params, paramsOf } from "./Case.ts"

/** What became of one subject over all rounds. */
export type Outcome =
  | { readonly _tag: "Measured"; readonly rounds: ReadonlyArray<ReadonlyArray<number>> }
  | { readonly _tag: "Skipped"; readonly reason: string }
  | { readonly _tag: "Invalid"; readonly reason: string }

/** What a child process sends before it ends. */
export type Report =
  | { readonly measured: Measured }
  | { readonly failed: string }

const childUrl = new URL("./child.ts", import.meta.url)
const timeoutMillis = 120_000

/** Where only results count, what children have compiled is kept for the next one: loading the library is most of what they do. */
const compileCache = fileURLToPath(new URL("../../node_modules/.cache/compile", import.meta.url))

/** So many things run at a time, and the others wait in line. */
export type Lanes = <A>(task: () => Promise<A>) => Promise<A>

export const lanes = (count: number): Lanes => {
  const line: Array<() => void> = []
  let free = count
  return async (task) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => line.push(resolve))
    try {
      return await task()
    } finally {
      const next = line.shift()
      if (next === undefined) free++
      else next()
    }
  }
}

const runChild = (name: string, subject: string, params: Params, quick: boolean): Promise<Report> =>
  new Promise((resolve) => {
    const child = fork(fileURLToPath(childUrl), [name, subject, JSON.stringify(params)], {
      execArgv: ["--conditions=source", "--expose-gc"],
      env: quick ? { NODE_COMPILE_CACHE: compileCache, ...process.env } : process.env,
      stdio: ["ignore", "inherit", "pipe", "ipc"]
    })
    let report: Report | undefined
    let errors = ""
    const timer = setTimeout(() => {
      report = { failed: `took longer than ${timeoutMillis / 1000} s` }
      child.kill("SIGKILL")
    }, timeoutMillis)
    child.stderr!.on("data", (chunk) => {
      errors = (errors + chunk).slice(-2_000)
    })
    child.on("message", (message) => {
      report = message as Report
    })
    child.on("close", (code, signal) => {
      clearTimeout(timer)
      resolve(report ?? { failed: `ended with ${signal ?? code} before it reported\n${errors}` })
    })
  })

/** How a case is run. */
export interface RunOptions {
  readonly rounds: number
  readonly quick: boolean
  /** Shared by all cases that run at the same time. */
  readonly lanes: Lanes
  readonly progress: (text: string) => void
}

/** Runs every subject of a case that is there `rounds` times. */
export const runCase = async (benchmark: Case, options: RunOptions): Promise<Map<string, Outcome>> => {
  const outcomes = new Map<string, Outcome>()
  const samples = new Map<string, Array<ReadonlyArray<number>>>()
  for (const [name, subject] of Object.entries(benchmark.subjects)) {
    const reason = subject.missing?.()
    if (reason !== undefined) outcomes.set(name, { _tag: "Skipped", reason })
    else samples.set(name, [])
  }
  const runSubject = async (name: string): Promise<void> => {
    const report = await runChild(
      benchmark.name,
      name,
      paramsOf(benchmark, benchmark.subjects[name]!, options.quick),
      options.quick
    )
    const reason = "failed" in report ? report.failed : invalid(report.measured)
    if (reason !== undefined) {
      outcomes.set(name, { _tag: "Invalid", reason })
      samples.delete(name)
    } else if ("measured" in report) {
      samples.get(name)!.push(report.measured.samples)
    }
  }
  for (let round = 0; round < options.rounds; round++) {
    options.progress(`${benchmark.name}  round ${round + 1} of ${options.rounds}`)
    // The order turns with the round: no subject always runs in the wake of the same other one.
    const names = [...samples.keys()]
    const turned = names.map((_, index) => names[(index + round) % names.length]!)
    if (benchmark.together === true) await options.lanes(() => Promise.all(turned.map(runSubject)))
    else await Promise.all(turned.map((name) => options.lanes(() => runSubject(name))))
  }
  for (const [name, rounds] of samples) outcomes.set(name, { _tag: "Measured", rounds })
  return new Map(Object.keys(benchmark.subjects).map((name) => [name, outcomes.get(name)!]))
}
