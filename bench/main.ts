/**
 * `npm run bench -- [--json] [--quick] [--list] [case or prefix ...]`
 *
 * Measures this library and its peers in the same run, subjects interleaved in rounds, and prints figures whose work was proven.
 * Ends with 1 when an argument names nothing or a subject could not prove its work; a slow figure is never a failure.
 */
import { cases } from "./cases/index.ts"
import { InvalidArguments, parseArguments } from "./runner/Arguments.ts"
import type { Case } from "./runner/Case.ts"
import { environment } from "./runner/Environment.ts"
import * as Output from "./runner/Output.ts"
import { lanes, runCase } from "./runner/Rounds.ts"

const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

// Who names a few cases has the time for more.
const ROUNDS_OF_MANY = 3
const ROUNDS_OF_A_FEW = 7
const A_FEW = 12

/** How many subjects run at a time where only their results count. */
const QUICK_LANES = 2

const list = (selected: ReadonlyArray<Case>): void => {
  for (const { about, name, subjects, unit } of selected) {
    process.stdout.write(
      `${name.padEnd(30)} ${unit.padEnd(9)} ${about}\n${"".padEnd(41)}${Object.keys(subjects).join(", ")}\n`
    )
  }
}

const main = async (): Promise<number> => {
  const { cases: selected, json, list: listOnly, quick } = parseArguments(process.argv.slice(2), cases)
  if (listOnly) {
    list(selected)
    return 0
  }
  const output = json ? Output.json : Output.table
  output.environment(environment())
  const rounds = quick ? 1 : selected.length > A_FEW ? ROUNDS_OF_MANY : ROUNDS_OF_A_FEW
  const options = { rounds, quick, lanes: lanes(quick ? QUICK_LANES : 1), progress }
  // A case begins when the one before has ended; quick ones all begin, in line for the lanes.
  const begun = quick ? selected.map((benchmark) => runCase(benchmark, options)) : []
  let status = 0
  for (const [index, benchmark] of selected.entries()) {
    const outcomes = await (begun[index] ?? runCase(benchmark, options))
    progress("")
    output.outcomes(benchmark, outcomes)
    if ([...outcomes.values()].some((outcome) => outcome._tag === "Invalid")) status = 1
  }
  return status
}

main().then((status) => {
  process.exitCode = status
}, (error) => {
  process.stderr.write(error instanceof InvalidArguments ? `bench: ${error.message}\n` : `${error?.stack ?? error}\n`)
  process.exitCode = 1
})
