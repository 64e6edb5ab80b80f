import { describe, expect, it } from "vitest"
import { run } from "../../scripts/process.ts"
import { difference, examples, examplesIn, statedOutput } from "./support/examples.ts"
import { printedLines } from "./support/fences.ts"
import { filesUnder, read, withoutComments } from "./support/source.ts"

describe("statedOutput", () => {
  it("reads the lines after Output: in the opening comment", () => {
    expect(statedOutput("/**\n * Counts.\n *\n * Output:\n *\n *     one\n *       two\n *\n *     three\n */\nrun()"))
      .toEqual(["one", "  two", "", "three"])
    expect(statedOutput("// Counts.\n// Output:\n// 1\n// 2\nrun()")).toEqual(["1", "2"])
    expect(statedOutput("/** Counts. */\nrun()")).toBeUndefined()
  })

  it("differs at the first line that is not as stated", () => {
    expect(difference(["a", "took … ms"], ["a", "took 3 ms"])).toBeUndefined()
    expect(difference(["a", "b"], ["a", "c"])).toBe(`line 2: states "b", prints "c"`)
    expect(difference(["a"], ["a", "b"])).toBe(`line 2: states undefined, prints "b"`)
    expect(difference(["a", "b"], ["a"])).toBe(`line 2: states "b", prints undefined`)
  })
})

describe("examples", () => {
  it("are numbered files or folders with a main.ts", () => {
    expect(examplesIn(["examples/01-counter.ts", "examples/02-tree/main.ts", "examples/02-tree/worker.ts"]))
      .toEqual(["examples/01-counter.ts", "examples/02-tree/main.ts"])
    const loose = filesUnder("examples").filter((file) => {
      const top = file.split("/")[1]!
      return top !== "demo" && top !== "README.md" && !/^\d\d-[a-z0-9-]+(\.ts)?$/.test(top)
    })
    expect(loose).toEqual([])
    expect(examples.length).toBeGreaterThanOrEqual(5)
  })

  it("import the package by its name", () => {
    const reaching = filesUnder("examples").filter((file) =>
      file.endsWith(".ts") && /["'](\.\.\/)+src\//.test(withoutComments(read(file)))
    )
    expect(reaching).toEqual([])
  })

  it.each(examples.map((file) => [file]))("%s prints what its header states", async (file) => {
    const stated = statedOutput(read(file))
    expect(stated, "the opening comment ends with Output: and what the program prints").toBeDefined()
    const ran = await run(["node", "--conditions=source", file], { timeoutSeconds: 90 })
    expect(ran.stderr).toBe("")
    expect(difference(stated!, printedLines(ran.stdout))).toBeUndefined()
    expect(ran.code).toBe(0)
  }, 100_000)
})
