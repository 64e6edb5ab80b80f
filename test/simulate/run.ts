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
let failures = 0
const all = { seeds: 0, steps: 0, millis: 0 }
for (const scenario of chosen) {
  const { isPlanted: _, program, ...options } = scenario
  const began = process.cpuUsage()
  const exit = await Effect.runPromiseExit(Simulation.check({
    faults: "swarm",
    ...options,
    seeds: Number(values.seeds),
    seed
  }, program))
  const { system, user } = process.cpuUsage(began)
  if (Exit.isFailure(exit)) {
    failures++
    const [reason] = exit.cause.reasons
    console.log(reason?._tag === "Fail" ? reason.error.message : String(exit.cause))
    continue
  }
  const { millis, realMillis, seeds, steps } = exit.value
  all.seeds += seeds
  all.steps += steps
  all.millis += realMillis
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
