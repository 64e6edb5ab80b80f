/**
 * Runs tests again and again, several copies at once, and says what failed how often:
 * `npm run repeat -- --times 20 --copies 2 test/system`. What follows the two numbers goes to vitest.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as gates from "./gates.ts"
import { root, run } from "./process.ts"
import { outcomesOf } from "./vitestReport.ts"

const { values, tokens } = parseArgs({
  args: process.argv.slice(2),
  options: { times: { type: "string", default: "20" }, copies: { type: "string", default: "2" } },
  allowPositionals: true,
  strict: false,
  tokens: true
})
const whole = (name: "times" | "copies"): number => {
  const number = Number(values[name])
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} wants a whole number, got ${values[name]}`)
  return number
}
const times = whole("times")
const copies = whole("copies")
const mine = new Set(
  tokens.filter((token) => token.kind === "option" && (token.name === "times" || token.name === "copies"))
    .flatMap((token) =>
      token.kind === "option" && token.inlineValue === false ? [token.index, token.index + 1] : [token.index]
    )
)
const parameters = process.argv.slice(2).filter((_, index) => !mine.has(index))

interface Failure {
  times: number
  readonly first: string
}

const temporary = mkdtempSync(join(tmpdir(), "shared-nothing-repeat-"))
const failures = new Map<string, Failure>()
let runs = 0
let failedRuns = 0

const note = (name: string, message: string): void => {
  const known = failures.get(name)
  if (known === undefined) failures.set(name, { times: 1, first: message })
  else known.times++
}

const once = async (round: number, copy: number): Promise<void> => {
  const report = join(temporary, `${round}-${copy}.json`)
  const ran = await run(gates.vitest(report, ...parameters), { timeoutSeconds: 1800 })
  const outcomes = outcomesOf(report, root) ?? []
  const failed = outcomes.filter((outcome) => outcome.status === "failed")
  for (const { message, name } of failed) note(name, message)
  if (failed.length === 0 && (ran.code !== 0 || outcomes.length === 0)) note("the run itself", ran.output.slice(-4000))
  runs++
  if (failed.length > 0 || ran.code !== 0) failedRuns++
  const verdict = ran.code === 0 ? "ok" : `FAILED ${failed.map(({ name }) => name).join(", ")}`
  console.log(`round ${round}, copy ${copy}: ${outcomes.length} tests, ${ran.seconds.toFixed(1)} s, ${verdict}`)
}

try {
  for (let round = 1; round <= times; round++) {
    await Promise.all(Array.from({ length: copies }, (_, copy) => once(round, copy + 1)))
  }
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
for (const [name, failure] of [...failures].toSorted((a, b) => b[1].times - a[1].times)) {
  console.log(`\n${failure.times} of ${runs}: ${name}\n${failure.first}`)
}
console.log(`repeat: runs=${runs} failed=${failedRuns}`)
process.exitCode = failedRuns === 0 ? 0 : 1
