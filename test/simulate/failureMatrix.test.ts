/** Whatever goes wrong, wherever in the life of an actor: each cell of the table of `failures.ts`, by a few seeds. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Simulation } from "shared-nothing/testing"
import { tries } from "../support/effort.ts"
import { cells, program, worker } from "./failures.ts"

describe("a failure", () => {
  it.effect.each(cells)("%s in %s: %s", ([trouble, place, meaning]) =>
    Simulation.check(
      { name: `${trouble} in ${place}`, seeds: tries(5), worker },
      Effect.map(program(trouble, place), (seen) => assert.strictEqual(seen, meaning))
    ))
})
