/**
 * Runs every gate of the repository and counts what passed: `npm run check`, or `npm run check -- types lint` for some.
 *
 * A failing step is shown with its output and the following steps still run. The last line is `N passed, N failed`: one
 * for each test that vitest ran and one for each other step.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as gates from "./gates.ts"
import { oldestNode } from "./oldestNode.ts"
import { pack, publicModules, smoke, typed } from "./package.ts"
import type { Command, Ran } from "./process.ts"
import { NODE_FOLDER, root, run } from "./process.ts"
import type { Tally } from "./tally.ts"
import { ofExit, ofVitest } from "./tally.ts"

interface Done {
  readonly tally: Tally
  readonly ran: Ran
}

interface Step {
  readonly name: string
  readonly run: () => Promise<Done>
}

const temporary = mkdtempSync(join(tmpdir(), "shared-nothing-check-"))

const failure = (text: string): Ran => ({ code: 1, stdout: "", stderr: text, output: text, seconds: 0 })

/** A program that says yes by its exit code, and that has to show that it looked at something. */
const program = (name: string, command: Command, looked: RegExp = /^/): Step => ({
  name,
  run: async () => {
    const ran = await run(command)
    const blind = ran.code === 0 && !looked.test(ran.output)
    const judged = blind ? failure(`${ran.output}\n${name} passed, but never printed ${looked}`) : ran
    return { ran: judged, tally: ofExit(judged) }
  }
})

const tested = async (
  name: string,
  parameters: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Promise<Done> => {
  const report = join(temporary, `${name.replaceAll(" ", "-")}.json`)
  const ran = await run(gates.vitest(report, ...parameters), { env, timeoutSeconds: 1800 })
  return { ran, tally: ofVitest(ran, report) }
}

const tests = (name: string, ...parameters: ReadonlyArray<string>): Step => ({
  name,
  run: () => tested(name, parameters)
})

/**
 * The same suites on the lowest Node of `engines`; the tools of the house run on the pinned one only. What chance gives is tried a tenth as often: what it finds
 * does not depend on the version of Node.
 */
const testsOnOldest = (name: string, ...parameters: ReadonlyArray<string>): Step => ({
  name,
  run: async () => {
    const { folder } = await oldestNode()
    return tested(name, parameters, { [NODE_FOLDER]: folder, TEST_EFFORT: "0.1" })
  }
})

let packed: Promise<string | Ran> | undefined
const onTarball = (name: string, judge: (tarball: string) => Promise<Ran>): Step => ({
  name,
  run: async () => {
    packed ??= pack(root, join(temporary, "packed"))
    const tarball = await packed
    const ran = typeof tarball === "string" ? await judge(tarball) : failure(`npm pack failed\n${tarball.output}`)
    return { ran, tally: ofExit(ran) }
  }
})

const docs = "test/house/docs.test.ts"
const examples = "test/house/examples.test.ts"
// The steps `model` and `simulate` do the same, and more of it.
const explored = ["--exclude", "test/model/model.test.ts", "--exclude", "test/simulate/scenarios.test.ts"]

const steps: ReadonlyArray<Step> = [
  program("format", gates.format),
  program("lint", gates.lint, /on [1-9]\d* files/),
  program("types", gates.types),
  program("effect", gates.effect, /Checked [1-9]\d* files/),
  tests("tests", ...explored, "--exclude", docs, "--exclude", examples),
  testsOnOldest("oldest node", ...explored, "--project", "unit", "--project", "threads"),
  tests("type tests", "--config", "vitest.types.config.ts"),
  tests("docs", docs),
  tests("examples", examples),
  program("demo", gates.demo, /^demo: .* ok$/m),
  program("model", gates.model, /^model: .* ok$/m),
  program("simulate", gates.simulate, /^simulate: \d+ scenarios ok$/m),
  program("bench", gates.bench, /"valid":true/),
  {
    name: "build",
    run: async () => {
      rmSync(join(root, "dist"), { recursive: true, force: true })
      return program("build", gates.build).run()
    }
  },
  onTarball("publint", (tarball) => run(gates.publint(tarball))),
  onTarball("attw", (tarball) => typed(tarball, publicModules(root))),
  onTarball("packed smoke", (tarball) => smoke(tarball, root)),
  program("unused", gates.unused)
]

const describe = ({ ran, tally }: Done): string => {
  const counts = tally.passed + tally.failed + tally.skipped > 1
    ? `  ${tally.passed} passed, ${tally.failed} failed${tally.skipped === 0 ? "" : `, ${tally.skipped} skipped`}`
    : ""
  return `${tally.failed === 0 ? "ok    " : "FAILED"} ${ran.seconds.toFixed(1).padStart(6)} s${counts}`
}

const chosen = (names: ReadonlyArray<string>): ReadonlyArray<Step> => {
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    throw new Error(`No step named ${unknown.join(", ")}. Steps: ${steps.map((step) => step.name).join(", ")}.`)
  }
  return names.length === 0 ? steps : steps.filter((step) => names.includes(step.name))
}

let passed = 0
let failed = 0
try {
  mkdirSync(temporary, { recursive: true })
  for (const step of chosen(process.argv.slice(2))) {
    process.stdout.write(step.name.padEnd(14))
    const started = performance.now()
    const done = await step.run().catch((cause: unknown): Done => {
      const ran = failure(cause instanceof Error ? cause.message : String(cause))
      return { ran, tally: ofExit(ran) }
    })
    const seconds = (performance.now() - started) / 1000
    console.log(describe({ ...done, ran: { ...done.ran, seconds } }))
    if (done.tally.failed > 0) console.log(`\n${done.ran.output.trimEnd()}\n`)
    passed += done.tally.passed
    failed += done.tally.failed
  }
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
