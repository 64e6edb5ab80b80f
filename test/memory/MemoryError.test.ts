import { describe, expect, it } from "vitest"
import { Counters } from "../../src/memory/Counters.ts"
import * as MpmcRing from "../../src/memory/MpmcRing.ts"
import * as SpscRing from "../../src/memory/SpscRing.ts"
import { oddValues } from "../support/oddValues.ts"

const structures: Readonly<Record<string, (value: number) => unknown>> = {
  SpscRing: (value) => SpscRing.create(value),
  MpmcRing: (value) => MpmcRing.create(value, 64, 2),
  Counters: (value) => Counters.create(value)
}

describe("what a structure is asked for", () => {
  for (const [structure, create] of Object.entries(structures)) {
    it.each(Object.keys(oddValues))(`is refused by ${structure} as what it is when it is %s`, (name) => {
      const value = oddValues[name]!() as number
      expect(() => create(value)).toThrow(new RegExp(structure))
    })
  }
})
