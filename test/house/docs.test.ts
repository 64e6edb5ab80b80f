import { rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { root } from "../../scripts/process.ts"
import type { Fence } from "./support/fences.ts"
import {
  expectedOutput,
  fencesOf,
  fileOf,
  folderOf,
  printedLines,
  printingCode,
  printsAsStated
} from "./support/fences.ts"
import { compilePrograms, runProgram, writePrograms } from "./support/programs.ts"
import { filesUnder, read } from "./support/source.ts"

// Inside the repository, so that the programs import the package by its name; one folder a run, so that runs can overlap.
const folder = join(root, ".cache", `docs-${process.pid}`)
const documents = [
  ...filesUnder("").filter((file) => /^[^/]+\.md$/.test(file)),
  ...filesUnder("docs").filter((file) => file.endsWith(".md")),
  ...filesUnder("bench").filter((file) => file.endsWith(".md")),
  ...filesUnder("examples").filter((file) => file.endsWith(".md")),
  ...filesUnder("src").filter((file) => file.endsWith(".ts"))
]
const fences = documents.flatMap((document) => fencesOf(document, read(document)))
const programs = fences.filter((fence) => fence.language === "ts" && fence.from === undefined)
const runnable = programs.filter((fence) => fence.runs)
const place = (fence: Fence) => `${fence.document}:${fence.line}`

let compiled: Promise<ReadonlyArray<string>> | undefined
const compile = () => {
  if (compiled === undefined) {
    writePrograms(folder, fences)
    compiled = compilePrograms(folder, fences)
  }
  return compiled
}

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("fencesOf", () => {
  it("reads language, words and code from Markdown", () => {
    const text = ["# Title", "", "```ts run file=main.ts", "console.log(1) // => 1", "```", "```sh", "ls", "```"]
    expect(fencesOf("README.md", text.join("\n"))).toEqual([
      {
        document: "README.md",
        line: 3,
        language: "ts",
        code: "console.log(1) // => 1",
        runs: true,
        file: "main.ts",
        from: undefined,
        unknown: []
      },
      expect.objectContaining({ line: 6, language: "sh", code: "ls" })
    ])
  })

  it("reads doc comments of TypeScript and nothing else of the file", () => {
    const text = [
      "const a = 1",
      "/**",
      " * Does.",
      " *",
      " * ```ts",
      " * if (a) {",
      " *   b()",
      " * }",
      " * ```",
      " */"
    ]
    expect(fencesOf("src/A.ts", text.join("\n"))).toEqual([
      expect.objectContaining({ line: 5, code: "if (a) {\n  b()\n}" })
    ])
  })

  it("takes a longer fence as a whole", () => {
    const fences = fencesOf("a.md", "````md\n```ts\nnonsense\n```\n````")
    expect(fences.map((fence) => fence.language)).toEqual(["md"])
  })
})

describe("printingCode", () => {
  it("prints the values that comments state and leaves the rest alone", () => {
    const code = [
      "const a = 1 // => 1",
      "a + 1 // => 2",
      "console.log(a) // => 1",
      "// => 3",
      "const b = 2"
    ]
    expect(expectedOutput(code.join("\n"))).toEqual(["1", "2", "1", "3"])
    expect(printingCode(code.join("\n")).replace(/^.*\)\); /, "").split("\n")).toEqual([
      "const a = 1; $show(a)",
      ";$show(a + 1)",
      "console.log(a) // => 1",
      "// => 3",
      "const b = 2"
    ])
  })

  it("takes either kind of quotes", () => {
    expect(printsAsStated(`{ a: 'x' }\n"y"\n`, `o // => { a: "x" }\nt // => "y"`)).toBe(true)
    expect(printsAsStated("1\n", "o // => 2")).toBe(false)
    expect(printsAsStated("1\n2\n", "o // => 1")).toBe(false)
  })
})

describe("fences of README, docs and src", () => {
  it("use the words this test understands", () => {
    expect(documents).toContain("docs/design/layers.md")
    const odd = fences.flatMap((fence) =>
      fence.language === "ts" ? fence.unknown.map((word) => `${place(fence)} ${word}`) : []
    )
    expect(odd).toEqual([])
  })

  it("call TypeScript ts, so that none escapes", () => {
    const escaped = fences.filter((fence) => /^(typescript|tsx|mts|js|javascript|jsx|mjs)$/i.test(fence.language))
    expect(escaped.map(place)).toEqual([])
  })

  it("state results only where they are run", () => {
    const idle = programs.filter((fence) => !fence.runs && expectedOutput(fence.code).length > 0)
    expect(idle.map(place)).toEqual([])
    const silent = runnable.filter((fence) => expectedOutput(fence.code).length === 0)
    expect(silent.map(place), "a fence that is run states what it prints with // =>").toEqual([])
  })

  it("have names of their own in each document", () => {
    const names = programs.map((fence) => `${folderOf(fence.document)}/${fileOf(fence)}`)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  it("repeat files word for word where they say so", () => {
    const repeated = fences.filter((fence) => fence.from !== undefined)
    const different = repeated.filter((fence) =>
      !filesUnder("").includes(fence.from!) ||
      !read(fence.from!).includes(fence.code.trim())
    )
    expect(different.map(place)).toEqual([])
  })

  it("compile, all in one call", async () => {
    expect(await compile()).toEqual([])
  }, 120_000)
})

describe("a fence that is run", () => {
  it.each(runnable.map((fence) => [place(fence), fence] as const))("%s prints what it says", async (_, fence) => {
    await compile()
    const ran = await runProgram(folder, fence)
    expect(ran.stderr).toBe("")
    if (!printsAsStated(ran.stdout, fence.code)) {
      expect(printedLines(ran.stdout)).toEqual(expectedOutput(fence.code))
    }
    expect(ran.code).toBe(0)
  }, 70_000)

  it("is found once the README shows a program", () => {
    const readme = fences.some((fence) => fence.document === "README.md" && fence.language === "ts")
    expect(readme ? runnable.length : 1).toBeGreaterThan(0)
  })
})
