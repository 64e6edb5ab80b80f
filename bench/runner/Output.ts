/**
 * Prints outcomes: one JSON object a line, or a table to read.
 */
import { type Case, isOurs } from "./Case.ts"
import type { Environment } from "./Environment.ts"
import type { Outcome } from "./Rounds.ts"
import { type Ratio, ratio, summarise, type Summary } from "./Stats.ts"

/** Where a run writes its results. */
export interface Output {
  readonly environment: (environment: Environment) => void
  readonly outcomes: (benchmark: Case, outcomes: ReadonlyMap<string, Outcome>) => void
}

interface NamedRatio extends Ratio {
  readonly ratio: string
}

const ratiosOf = (benchmark: Case, outcomes: ReadonlyMap<string, Outcome>): ReadonlyArray<NamedRatio> => {
  const ratios: Array<NamedRatio> = []
  for (const [ours, ourOutcome] of outcomes) {
    if (!isOurs(ours) || ourOutcome._tag !== "Measured") continue
    for (const [peer, outcome] of outcomes) {
      if (isOurs(peer) || outcome._tag !== "Measured") continue
      ratios.push({ ratio: `${peer}/${ours}`, ...ratio(ourOutcome.rounds, outcome.rounds, benchmark.betterIs) })
    }
  }
  return ratios
}

/** Four significant digits: more would promise more than a shared machine can keep. */
const digits = (value: number): number => Number(value.toPrecision(4))

const rounded = <A extends Summary | Ratio>(values: A): A =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, typeof value === "number" ? digits(value) : value])
  ) as unknown as A

const line = (value: unknown): void => {
  process.stdout.write(JSON.stringify(value) + "\n")
}

/** One JSON object a line, for tools. */
export const json: Output = {
  environment: (environment) => line({ env: environment }),
  outcomes: (benchmark, outcomes) => {
    for (const [subject, outcome] of outcomes) {
      const head = { case: benchmark.name, subject }
      switch (outcome._tag) {
        case "Measured":
          line({ ...head, unit: benchmark.unit, ...rounded(summarise(outcome.rounds)), valid: true })
          break
        case "Skipped":
          line({ ...head, skipped: outcome.reason })
          break
        case "Invalid":
          line({ ...head, unit: benchmark.unit, valid: false, reason: outcome.reason })
      }
    }
    for (const pair of ratiosOf(benchmark, outcomes)) line({ case: benchmark.name, ...rounded(pair) })
  }
}

const text = (value: number): string => {
  const absolute = Math.abs(value)
  if (absolute >= 1_000) return Math.round(value).toLocaleString("en-US")
  return value.toFixed(absolute >= 100 ? 0 : absolute >= 10 ? 1 : 2)
}

const row = (cells: ReadonlyArray<string>): string =>
  "  " + cells.map((cell, index) => index === 0 ? cell.padEnd(36) : cell.padStart(12)).join(" ") + "\n"

/** A table, for people. */
export const table: Output = {
  environment: ({ commit, cores, cpu, effect, node, peers }) => {
    process.stdout.write(`${cpu}, ${cores} cores; node ${node}, effect ${effect}, commit ${commit}\n`)
    process.stdout.write(Object.entries(peers).map(([name, version]) => `${name} ${version}`).join(", ") + "\n")
  },
  outcomes: (benchmark, outcomes) => {
    process.stdout.write(
      `\n${benchmark.name}: ${benchmark.about} [${benchmark.unit}, ${benchmark.betterIs} is better]\n`
    )
    process.stdout.write(row(["", "median", "p99", "low", "high", "samples"]))
    for (const [subject, outcome] of outcomes) {
      if (outcome._tag === "Measured") {
        const { high, low, median, p99, samples } = summarise(outcome.rounds)
        process.stdout.write(row([subject, text(median), text(p99), text(low), text(high), String(samples)]))
      } else process.stdout.write(`  ${subject.padEnd(36)} ${outcome._tag.toUpperCase()}: ${outcome.reason}\n`)
    }
    for (const { high, low, median, ratio } of ratiosOf(benchmark, outcomes)) {
      process.stdout.write(row([ratio, `${text(median)}x`, "", `${text(low)}x`, `${text(high)}x`]))
    }
  }
}
