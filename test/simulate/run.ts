/**
 * The scenarios of this project in simulations: `npm run simulate -- --seeds 1000 --seed <number or commit> --only storm`.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { execFileSync } from "node:child_process"
import { parseArgs } from "node:util"
import { Simulation } from "shared-nothing/testing"
import { planted, scenarios } from "./scenarios.ts"

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" }
  }
})

/** The commit that is checked out: each one looks at other runs, and the same one at the same. */
const commit = (): string => {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim()
  } catch {
    return "1"
  }
}

const seed = values.seed === "commit" ? commit() : values.seed
const chosen = [...scenarios, ...planted].filter(({ isPlanted, name }) =>
  isPlanted === true ? name === values.only : name.includes(values.only)
)
/** What is to come true sometimes is looked for in so many times the seeds: what comes true in one run of fifty does not in two hundred, now and then. */
const ROUNDS = 5

interface Total {
  seeds: number
  steps: number
  millis: number
  realMillis: number
  /** What never came true. */
  missed: ReadonlyArray<string>
}

/** Runs a scenario; fails with what is wrong with it. */
const run = ({ isPlanted: _, program, ...options }: typeof chosen[number]) =>
  Effect.gen(function*() {
    const total: Total = { seeds: 0, steps: 0, millis: 0, realMillis: 0, missed: [] }
    const held = new Set<string>()
    for (let round = 0; round < ROUNDS; round++) {
      const checked = yield* Simulation.check({
        faults: "swarm",
        ...options,
        seeds: Number(values.seeds),
        seed: round === 0 ? seed : `${seed} ${round}`,
        marks: "report"
      }, program)
      total.seeds += checked.seeds
      total.steps += checked.steps
      total.millis += checked.millis
      total.realMillis += checked.realMillis
      for (const [mark, isHeld] of checked.marks) if (isHeld) held.add(mark)
      total.missed = [...checked.marks].map(([mark]) => mark).filter((mark) => !held.has(mark))
      if (total.missed.length === 0 || checked.seeds === 1) return { ...total, missed: [] }
    }
    return total
  })

let failures = 0
const all = { seeds: 0, steps: 0, millis: 0 }
for (const scenario of chosen) {
  const began = process.cpuUsage()
  const exit = await Effect.runPromiseExit(run(scenario))
  const { system, user } = process.cpuUsage(began)
  if (Exit.isFailure(exit)) {
    failures++
    const [reason] = exit.cause.reasons
    console.log(reason?._tag === "Fail" ? reason.error.message : String(exit.cause))
    continue
  }
  const { millis, missed, realMillis, seeds, steps } = exit.value
  all.seeds += seeds
  all.steps += steps
  all.millis += realMillis
  if (missed.length > 0) failures++
  for (const mark of missed) console.log(`FAIL  ${scenario.name}: "${mark}" came true in none of ${seeds} runs`)
  console.log([
    scenario.name.padEnd(16),
    `${seeds} seeds`,
    `${steps} steps`,
    `${(millis / 1000).toFixed(0)} s simulated in ${(realMillis / 1000).toFixed(1)} s`,
    `${(realMillis / seeds).toFixed(1)} ms a run`,
    `(${((system + user) / 1000 / seeds).toFixed(1)} ms of processor)`
  ].join("  "))
}
const perSecond = (count: number): string => (1000 * count / Math.max(1, all.millis)).toFixed(0)
console.log(
  `all: ${all.seeds} seeds, ${all.steps} steps; ${perSecond(all.seeds)} seeds and ${
    perSecond(all.steps)
  } steps a second`
)
console.log(
  failures === 0 ? `simulate: ${chosen.length} scenarios ok` : `simulate: ${failures} of ${chosen.length} failed`
)
process.exitCode = failures === 0 ? 0 : 1
