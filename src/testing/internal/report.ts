/**
 * What is printed of a run that did not pass: the command line first and last.
 */
import type { Faults } from "../Faults.ts"
import { seedText } from "../Recording.ts"
import { type Choices, decisions } from "./oracle.ts"
import type { Policy } from "./policy.ts"
import type { Outcome } from "./runner.ts"

/** A run with what was drawn for it. */
export interface Attempt<A> extends Outcome<A> {
  readonly seed: number
  readonly faults: Faults
  readonly policy: Policy
  readonly choices: Choices
  /** How many answers were possible each time, in the schedule. */
  readonly bounds: ReadonlyArray<number>
}

/** What is known besides the run itself. */
export interface About {
  readonly name: string
  /** The choices and steps before it was made simpler, if it was. */
  readonly before: { readonly decisions: number; readonly steps: number } | undefined
  /** Where its recording lies. */
  readonly file: string | undefined
}

const LINES = 40

const faultsText = (faults: Faults): string => {
  const set = Object.entries(faults).map(([name, rate]) => `${name} ${String(rate)}`)
  return set.length === 0 ? "none" : set.join(", ")
}

/** The command that runs it again. */
export const command = (seed: number, { file, name }: Pick<About, "file" | "name">): string => {
  const given = file === undefined ? `SIM_SEED=${seedText(seed)}` : `SIM_REPLAY=${file}`
  return `${given} npx vitest run -t ${JSON.stringify(name)}`
}

/** See the module. */
export const render = (attempt: Attempt<unknown>, about: About): string => {
  const { choices, failure, faults, policy, seed, stage } = attempt
  const { world } = stage
  const made = decisions(choices)
  const again = command(seed, about)
  const { before } = about
  return [
    `FAIL  seed ${seedText(seed)}  step ${world.steps}  t=${(world.now / 1000).toFixed(3)} s  ${failure?.kind ?? ""}`,
    `repro: ${again}`,
    `options: policy ${policy}, faults ${faultsText(faults)}`,
    ...(before === undefined
      ? [`choices that are not the plain ones: ${made}`]
      : [
        `made simpler: ${before.decisions} → ${made} choices that are not the plain ones, ${before.steps} → ${world.steps} steps`
      ]),
    ...(failure?.detail ?? []).map((line) => `  ${line}`),
    ...world.journal.render(LINES),
    `repro: ${again}`
  ].join("\n")
}
