/** The scenarios, by a few seeds each: `npm run simulate` runs thousands, and this is where one that failed there is run again. */
import { describe, it } from "@effect/vitest"
import { Simulation } from "shared-nothing/testing"
import { tries } from "../support/effort.ts"
import { scenarios } from "./scenarios.ts"

describe("scenarios", () => {
  it.effect.each(scenarios.map((scenario) => [scenario.name, scenario] as const))("%s", ([, scenario]) => {
    const { program, ...options } = scenario
    const seeds = tries(60)
    return Simulation.check({ faults: "swarm", ...options, seeds, marks: seeds < 60 ? "report" : "require" }, program)
  })
})
