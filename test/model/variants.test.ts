import { describe, expect, it } from "vitest"
import { loader } from "./gate.ts"
import type { Model } from "./programs/program.ts"
import * as played from "./threads/programs.ts"

// The programs must be loaded after the gate's hook is in place.
const { broken, models } = await import("./programs/index.ts")

describe("the programs of the model and their broken variants", () => {
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
