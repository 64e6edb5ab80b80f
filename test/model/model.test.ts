import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { loader } from "./gate.ts"
import type { Model } from "./programs/program.ts"
import * as played from "./threads/programs.ts"

// The programs must be loaded after the gate's hook is in place.
const { broken, models } = await import("./programs/index.ts")

const run = async (...args: ReadonlyArray<string>): Promise<{ readonly code: number; readonly output: string }> => {
  const file = fileURLToPath(new URL("run.ts", import.meta.url))
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file, ...args])
    return { code: 0, output: stdout }
  } catch (error) {
    const { code, stderr, stdout } = error as {
      readonly code: number
      readonly stderr: string
      readonly stdout: string
    }
    return { code, output: stdout + stderr }
  }
}

describe("the memory layer under all schedules", () => {
  // With one preemption less than `npm run model`, which the check runs, too. Broken variants have their full bounds.
  it("keeps its promises in every one, and every broken variant is caught", { timeout: 300_000 }, async () => {
    const { code, output } = await run("--quick")
    expect(output).toMatch(/^model: structures=\d+ schedules=\d+ broken_caught=(\d+)\/\1 ok\n$/m)
    expect(code).toBe(0)
    expect(Number(/ schedules=(\d+)/.exec(output)![1])).toBeGreaterThan(10_000)
  })

  it("runs one structure when asked for it, and refuses one that does not exist", { timeout: 120_000 }, async () => {
    const one = await run("--quick", "Doorbell")
    expect(one.output).toMatch(/^Doorbell .*\nmodel: structures=1 schedules=\d+ broken_caught=(\d+)\/\1 ok\n$/)
    expect((await run("Nonsense")).output).toContain("no structure Nonsense")
  })

  it("has a broken variant of every structure and of every wait protocol", () => {
    for (const { protocol, structure } of models) {
      const own = broken.filter(({ model }) => model.structure === structure)
      expect(own, `broken variants of ${structure}`).not.toHaveLength(0)
      if (protocol === undefined) continue
      expect(own.map(({ model }) => model.protocol), `protocols broken of ${structure}`).toContain(protocol)
    }
  })

  it("breaks only programs that it also proves, under names of their own", () => {
    const nameOf = ({ protocol, scenario, structure }: Model): string => [structure, scenario, protocol].join(", ")
    const scenarios = models.map(nameOf)
    expect(new Set(scenarios).size).toBe(scenarios.length)
    for (const { model } of broken) expect(scenarios).toContain(nameOf(model))
    const names = broken.map(({ model, name }) => `${model.structure}: ${name}`)
    expect(new Set(names).size).toBe(names.length)
  })

  it("breaks only programs with real threads that it also proves", () => {
    const titles = played.programs.map(({ scenario, structure }) => `${structure}, ${scenario}`)
    expect(new Set(titles).size).toBe(titles.length)
    expect(played.broken.filter(({ program }) => !played.programs.includes(program))).toEqual([])
    const unbroken = played.programs.filter(({ structure }) =>
      !played.broken.some(({ program }) => program.structure === structure)
    )
    expect(unbroken.map(({ structure }) => structure)).toEqual([])
  })

  it("refuses a mutation whose text is not there exactly once", async () => {
    const mutation = (find: string) => () => loader([{ module: "Doorbell", find, replace: "" }])
    expect(mutation("no such text")).toThrow(/0 places to mutate/)
    expect(mutation("Atomics.")).toThrow(/places to mutate/)
  })
})
