/**
 * Plants the faults of `test/mutants`, one at a time, and sees whether their tests notice: `npm run mutants`.
 *
 * `--only <layer>` takes one file of faults, `--grep <text>` those whose reason or file has the text; each may be given several times.
 * `--list` names them without running anything. A fault is planted in a copy of the tree. The tests named have to pass in that copy
 * without any fault first, and how long they take there is the measure of what hangs. The last line counts: `mutants: planted=N caught=N`.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { messageOf } from "../src/runtime/Text.ts"
import type { Mutant } from "../test/support/mutant.ts"
import * as gates from "./gates.ts"
import { root, run } from "./process.ts"
import { type Outcome, outcomesOf } from "./vitestReport.ts"

interface Planted extends Mutant {
  readonly layer: string
}

const folder = join("test", "mutants")
const COPIES = 2

/** A test that takes so many times as long as without a fault hangs, but never before so many seconds. */
const HANGS_TIMES = 5
const HANGS_SECONDS = 10
/** To start and to load the library, on a busy machine. */
const START_SECONDS = 20

const load = async (): Promise<ReadonlyArray<Planted>> => {
  const all: Array<Planted> = []
  for (const name of readdirSync(join(root, folder)).toSorted()) {
    const layer = name.replace(/\.ts$/, "")
    const { mutants } = (await import(`../${folder}/${name}`)) as { readonly mutants: ReadonlyArray<Mutant> }
    all.push(...mutants.map((mutant) => ({ ...mutant, layer })))
  }
  return all
}

const copied = [
  "src",
  "test",
  "examples",
  "scripts",
  "docs",
  "bench",
  "package.json",
  "tsconfig.json",
  "vitest.config.ts"
] as const

/** A tree of its own to do harm in. */
const makeCopy = (temporary: string, index: number): string => {
  const copy = join(temporary, `copy-${index}`)
  mkdirSync(copy)
  for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "junction")
  return copy
}

/** How long tests may take. */
interface Limits {
  readonly testSeconds: number
  readonly allSeconds: number
}

const limitsOf = (sound: ReadonlyArray<Outcome>, { tests }: Mutant): Limits => {
  const own = sound.filter(({ name }) => tests.some((file) => name.startsWith(file))).map(({ seconds }) => seconds)
  const testSeconds = Math.max(HANGS_SECONDS, Math.ceil(HANGS_TIMES * Math.max(0, ...own)))
  const allSeconds = own.reduce((sum, seconds) => sum + seconds, 0)
  return { testSeconds, allSeconds: START_SECONDS + testSeconds + Math.ceil(HANGS_TIMES * allSeconds) }
}

const testIn = async (
  copy: string,
  tests: ReadonlyArray<string>,
  timeoutSeconds: number,
  parameters: ReadonlyArray<string> = []
) => {
  const report = join(copy, "report.json")
  rmSync(report, { force: true })
  const ran = await run(gates.vitest(report, ...tests, "--mode", "quick", ...parameters), { cwd: copy, timeoutSeconds })
  return { ran, outcomes: outcomesOf(report, copy) ?? [] }
}

interface Verdict {
  readonly caught: boolean
  readonly by: string
}

/** Says how the fault was noticed, or why it was not. */
const judge = async (copy: string, mutant: Planted, limits: Limits): Promise<Verdict> => {
  const path = join(copy, mutant.file)
  const text = readFileSync(path, "utf8")
  const places = text.split(mutant.before).length - 1
  if (places !== 1) return { caught: false, by: `its text stands ${places} times in the file` }
  writeFileSync(path, text.replace(mutant.before, () => mutant.after))
  try {
    const { allSeconds, testSeconds } = limits
    const parameters = ["--bail=1", `--testTimeout=${testSeconds * 1000}`, `--hookTimeout=${testSeconds * 1000}`]
    const { outcomes, ran } = await testIn(copy, mutant.tests, allSeconds, parameters)
    if (ran.code === 124) return { caught: true, by: `the tests did not end in ${allSeconds} s` }
    const failed = outcomes.find((outcome) => outcome.status === "failed")
    if (failed === undefined) return { caught: ran.code !== 0 && outcomes.length > 0, by: `code ${ran.code}, no test` }
    // A fault that no file of tests can even load with is not one that a test has noticed.
    const loaded = outcomes.some((outcome) => outcome.status === "passed" || outcome.name.includes(" > "))
    return loaded ? { caught: true, by: failed.name } : { caught: false, by: `does not load: ${failed.message}` }
  } finally {
    writeFileSync(path, text)
  }
}

const options = {
  only: { type: "string", multiple: true },
  grep: { type: "string", multiple: true },
  list: { type: "boolean", default: false }
} as const

const main = async (temporary: string): Promise<number> => {
  const { values } = parseArgs({ args: process.argv.slice(2), options })
  const all = await load()
  const layers = [...new Set(all.map(({ layer }) => layer))]
  const unknown = values.only?.find((layer) => !layers.includes(layer))
  if (unknown !== undefined) {
    throw new Error(`No mutants of "${unknown}". There are those of ${layers.join(", ")}.`)
  }
  const chosen = all.filter(({ file, layer, why }) =>
    (values.only?.includes(layer) ?? true) && (values.grep?.some((text) => `${file} ${why}`.includes(text)) ?? true)
  )
  if (values.list) {
    for (const { file, layer, why } of chosen) console.log(`${layer.padEnd(11)} ${file}: ${why}`)
    console.log(`mutants: listed=${chosen.length}`)
    return 0
  }
  const copies = Array.from({ length: COPIES }, (_, index) => makeCopy(temporary, index))
  const { outcomes: sound, ran } = await testIn(copies[0]!, [...new Set(chosen.flatMap(({ tests }) => tests))], 1200)
  if (ran.code !== 0) {
    console.log(`${ran.output}\nThe tests fail without any fault; there is nothing to learn from them.`)
    return 1
  }
  let caught = 0
  const waiting = [...chosen]
  const work = async (copy: string): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const verdict = await judge(copy, mutant, limitsOf(sound, mutant))
      if (verdict.caught) caught++
      const word = verdict.caught ? "caught  " : "SURVIVED"
      console.log(`${word} ${mutant.layer.padEnd(11)} ${mutant.file}: ${mutant.why}\n         by ${verdict.by}`)
    }
  }
  await Promise.all(copies.map(work))
  console.log(`mutants: planted=${chosen.length} caught=${caught}`)
  return caught === chosen.length && chosen.length > 0 ? 0 : 1
}

const temporary = mkdtempSync(join(tmpdir(), "shared-nothing-mutants-"))
try {
  process.exitCode = await main(temporary)
} catch (cause) {
  console.error(messageOf(cause))
  process.exitCode = 1
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
