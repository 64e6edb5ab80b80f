/** What `npm run mutants` plants fits the code as it is: a fault without a place tells nothing. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { Mutant } from "../support/mutant.ts"

const folder = join(import.meta.dirname, "../mutants")

describe("mutants", () => {
  it.each(readdirSync(folder))(
    "of %s stand once in the file that they are for, and name tests that exist",
    async (name) => {
      const { mutants } = (await import(join(folder, name))) as { readonly mutants: ReadonlyArray<Mutant> }
      const astray = mutants.filter(({ before, file }) => readFileSync(file, "utf8").split(before).length !== 2)
      expect(astray.map(({ file, why }) => `${file}: ${why}`)).toEqual([])
      expect(mutants.flatMap(({ tests }) => tests).filter((test) => !existsSync(test))).toEqual([])
    }
  )
})
