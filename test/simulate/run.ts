/**
 * The scenarios of this project in simulations: `npm run simulate -- --seeds 1000 --seed <number or commit> --only storm`.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { parseArgs } from "node:util"
import { Simulation } from "shared-nothing/testing"
import { scenarios } from "./scenarios.ts"

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    verbose: { type: "boolean", default: false }
  }
})

let failures = 0
for (const scenario of scenarios.filter(({ name }) => name.includes(values.only))) {
  const { program, ...options } = scenario
  const began = process.cpuUsage()
  const exit = await Effect.runPromiseExit(Simulation.check({
    faults: "swarm",
    ...options,
    seeds: Number(values.seeds),
    seed: values.seed
  }, program))
  const { system, user } = process.cpuUsage(began)
  if (Exit.isFailure(exit)) {
    failures++
    const [reason] = exit.cause.reasons
    console.log(reason?._tag === "Fail" ? reason.error.message : String(exit.cause))
    continue
  }
  const { millis, realMillis, seeds, steps } = exit.value
  console.log([
    scenario.name.padEnd(16),
    `${seeds} seeds`,
    `${steps} steps`,
    `${(millis / 1000).toFixed(0)} s simulated in ${(realMillis / 1000).toFixed(1)} s`,
    `${(realMillis / seeds).toFixed(1)} ms a run`,
    `(${((system + user) / 1000 / seeds).toFixed(1)} ms of processor)`
  ].join("  "))
}
process.exitCode = failures === 0 ? 0 : 1
