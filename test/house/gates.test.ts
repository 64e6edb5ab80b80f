import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import * as gates from "../../scripts/gates.ts"
import { parseLayerTable } from "../../scripts/layers.ts"
import { layers, pack, smoke, typed } from "../../scripts/package.ts"
import type { Command, Ran } from "../../scripts/process.ts"
import { root, run } from "../../scripts/process.ts"
import { ofExit, ofVitest } from "../../scripts/tally.ts"
import { difference, statedOutput } from "./support/examples.ts"
import { fencesOf, printedLines, printsAsStated } from "./support/fences.ts"
import { compilePrograms, runProgram, writePrograms } from "./support/programs.ts"
import { inSandbox } from "./support/sandbox.ts"
import { read } from "./support/source.ts"

const fixtures = join("test", "fixtures", "house")

const onFixture = (name: string, command: Command): Promise<Ran> =>
  inSandbox(name, (folder) => run(command, { cwd: folder }))

const tarballOf = async (folder: string): Promise<string> => {
  const tarball = await pack(folder, join(folder, "packed"))
  if (typeof tarball === "string") return tarball
  throw new Error(`npm pack failed on the fixture: ${tarball.output}`)
}

describe("format gate", () => {
  it("refuses a file that dprint would change", async () => {
    const ran = await onFixture("format", gates.format)
    expect(ran.output).toContain("badly.ts")
    expect(ran.code).not.toBe(0)
  })
})

describe("simulate gate", () => {
  it("refuses a scenario that loses an update", async () => {
    const ran = await run([...gates.simulate, "--only", "planted"])
    expect(ran.output).toContain("an update was lost")
    expect(ran.output).toContain("simulate: 1 of 1 failed")
    expect(ran.code).not.toBe(0)
  })
})

interface LintReport {
  readonly diagnostics: ReadonlyArray<{ readonly code: string; readonly filename: string }>
}

const lintReport = async (folder: string): Promise<ReadonlyArray<string>> => {
  const ran = await run([...gates.lint, "--format", "json"], { cwd: folder })
  expect(ran.code).not.toBe(0)
  const report = JSON.parse(ran.stdout) as LintReport
  return report.diagnostics.map(({ code, filename }) => `${filename.replaceAll("\\", "/")} ${code}`)
}

describe("lint gate", () => {
  it("refuses each fault of the fixture", async () => {
    const found = await inSandbox("lint", lintReport)
    expect(found).toEqual(expect.arrayContaining([
      "src/actor/clock.ts eslint(no-restricted-globals)",
      "src/actor/clock.ts eslint(no-restricted-properties)",
      "src/actor/floating.ts typescript(no-floating-promises)",
      "src/actor/tree.ts eslint(no-restricted-imports)",
      "src/memory/effectful.ts eslint(no-restricted-imports)",
      "src/system/one.ts import(no-cycle)",
      "src/wire/upward.ts eslint(no-restricted-imports)",
      "test/actor/sleepy.test.ts eslint(no-restricted-globals)",
      "test/actor/sleepy.test.ts vitest(no-focused-tests)"
    ]))
    expect(found.filter((line) => line.startsWith("src/memory/effectful.ts eslint(no-restricted-imports)")).length)
      .toBe(2)
  })

  it("forbids between layers exactly what docs/design/layers.md does not allow", async () => {
    const table = parseLayerTable(read("docs/design/layers.md"))
    const pairs = layers.flatMap((from) => layers.filter((to) => to !== from).map((to) => [from, to] as const))
    const found = await inSandbox("lint", async (folder) => {
      rmSync(join(folder, "src"), { recursive: true })
      for (const layer of layers) {
        mkdirSync(join(folder, "src", layer), { recursive: true })
        writeFileSync(join(folder, "src", layer, "Target.ts"), "export interface Target { readonly a: 1 }\n")
      }
      for (const [from, to] of pairs) {
        const text = `import type { Target } from "../${to}/Target.ts"\n\nexport type To = Target\n`
        writeFileSync(join(folder, "src", from, `To_${to}.ts`), text)
      }
      return lintReport(folder)
    })
    const forbidden = pairs.filter(([from, to]) =>
      found.includes(`src/${from}/To_${to}.ts eslint(no-restricted-imports)`)
    )
    const expected = pairs.filter(([from, to]) => !table.get(from)!.has(to))
    expect(forbidden).toEqual(expected)
  })

  it("refuses files and functions over the length of the house", async () => {
    const found = await inSandbox("lint", (folder) => {
      const lines = (count: number) => Array.from({ length: count }, (_, index) => `export const a${index} = ${index}`)
      const body = Array.from({ length: 81 }, (_, index) => `  if (a === ${index}) return ${index + 1}`)
      writeFileSync(join(folder, "src", "memory", "Long.ts"), lines(301).join("\n"))
      writeFileSync(join(folder, "src", "wire", "Fits.ts"), lines(301).join("\n"))
      writeFileSync(join(folder, "src", "wire", "Long.ts"), lines(401).join("\n"))
      writeFileSync(
        join(folder, "src", "actor", "deep.ts"),
        ["export const f = (a: number): number => {", ...body, "  return a", "}"].join("\n")
      )
      return lintReport(folder)
    })
    expect(found).toEqual(expect.arrayContaining([
      "src/memory/Long.ts eslint(max-lines)",
      "src/wire/Long.ts eslint(max-lines)",
      "src/actor/deep.ts eslint(max-lines-per-function)"
    ]))
    expect(found).not.toContain("src/wire/Fits.ts eslint(max-lines)")
  })
})

describe("type gates", () => {
  it("refuse what strict TypeScript refuses", async () => {
    const ran = await onFixture("types", gates.types)
    expect(ran.output).toContain("error TS2375")
    expect(ran.output).toContain("error TS2322")
    expect(ran.code).not.toBe(0)
  })

  it("refuse an effect that nobody runs", async () => {
    const ran = await onFixture("effect", gates.effect)
    expect(ran.output).toContain("floatingEffect")
    expect(ran.code).not.toBe(0)
  })

  it("refuse a false statement about a type", async () => {
    const { ran, tally } = await inSandbox("type-tests", async (folder) => {
      const report = join(folder, "report.json")
      const ran = await run(gates.vitest(report, "--config", "vitest.types.config.ts"), { cwd: folder })
      return { ran, tally: ofVitest(ran, report) }
    })
    expect(ran.output).toContain("is not a string")
    expect(ran.code).not.toBe(0)
    expect(tally).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })
})

describe("docs gate", () => {
  it("refuses a fence that does not compile, prints something else or ends badly", async () => {
    const document = `${fixtures}/docs/README.md`
    const fences = fencesOf(document, read(document))
    const folder = join(root, ".cache", `docs-fixture-${process.pid}`)
    try {
      writePrograms(folder, fences)
      expect(await compilePrograms(folder, fences)).toEqual([
        `${document}:4 error TS2322: Type 'string' is not assignable to type 'number'.`
      ])
      const [wrong, crashing] = fences.filter((fence) => fence.runs)
      const printed = await runProgram(folder, wrong!)
      expect(printed.code).toBe(0)
      expect(printsAsStated(printed.stdout, wrong!.code)).toBe(false)
      expect((await runProgram(folder, crashing!)).code).not.toBe(0)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe("examples gate", () => {
  it("refuses an example that prints something else than its header states", async () => {
    const file = `${fixtures}/examples/01-wrong.ts`
    const ran = await run(["node", "--conditions=source", file])
    expect(ran.code).toBe(0)
    expect(difference(statedOutput(read(file))!, printedLines(ran.stdout))).toBe(`line 1: states "3", prints "2"`)
  })
})

describe("package gates", () => {
  it("refuse exports that lead to files that are not packed", async () => {
    const [linted, judged] = await inSandbox("package-broken", async (folder) => {
      const tarball = await tarballOf(folder)
      return [await run(gates.publint(tarball)), await typed(tarball, [])]
    })
    expect(linted.output).toContain("missing.d.ts")
    expect(linted.code).not.toBe(0)
    expect(judged.output).toContain("Import resolved to JavaScript files, but no type declarations were found")
    expect(judged.code).not.toBe(0)
  })

  it("refuse a package without types", async () => {
    const judged = await inSandbox("package-broken", async (folder) => {
      rmSync(join(folder, "lib", "other.d.ts"))
      return typed(await tarballOf(folder), [])
    })
    expect(judged.code).not.toBe(0)
  })

  it("refuse a package whose internal modules can be reached", async () => {
    const ran = await inSandbox("package-open", async (folder) => smoke(await tarballOf(folder), folder))
    expect(ran.output).toContain("actor/internal/secret is reachable")
    expect(ran.code).not.toBe(0)
  })
})

describe("unused gate", () => {
  it("refuses a file nobody imports and a dependency nobody uses", async () => {
    const ran = await onFixture("unused", gates.unused)
    expect(ran.output).toContain("src/orphan.ts")
    expect(ran.output).toContain("xstate")
    expect(ran.code).not.toBe(0)
  })
})

describe("tally", () => {
  const ended = (code: number): Ran => ({ code, stdout: "", stderr: "", output: "", seconds: 0 })
  const tallied = (code: number, testResults: ReadonlyArray<object>) =>
    inSandbox("format", (folder) => {
      const report = join(folder, "report.json")
      writeFileSync(report, JSON.stringify({ testResults }))
      return Promise.resolve(ofVitest(ended(code), report))
    })

  it("counts each test", async () => {
    const results = ["passed", "failed", "passed", "skipped"].map((status) => ({ status }))
    expect(await tallied(1, [{ status: "failed", assertionResults: results }]))
      .toEqual({ passed: 2, failed: 1, skipped: 1 })
  })

  it("counts a file that does not load as a failure", async () => {
    expect(await tallied(1, [{ status: "failed", assertionResults: [] }])).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  it("counts a run that ended badly, found nothing or left no report as a failure", async () => {
    const passed = { status: "passed", assertionResults: [{ status: "passed" }] }
    expect(await tallied(1, [passed])).toEqual({ passed: 1, failed: 1, skipped: 0 })
    expect(await tallied(0, [])).toEqual({ passed: 0, failed: 1, skipped: 0 })
    expect(ofVitest(ended(0), join(root, "no-such-report.json"))).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  it("counts another program by its exit code", () => {
    expect(ofExit(ended(0))).toEqual({ passed: 1, failed: 0, skipped: 0 })
    expect(ofExit(ended(124))).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })
})

describe("fixtures", () => {
  it("each belong to a gate that is shown to bite here", () => {
    const used = read("test/house/gates.test.ts")
    const folders = readdirSync(join(root, fixtures), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(folders.length).toBeGreaterThan(0)
    expect(folders.filter(({ name }) => !used.includes(`"${name}"`) && !used.includes(`/${name}/`))).toEqual([])
    expect(existsSync(join(root, fixtures, "README.md"))).toBe(true)
  })
})
