/**
 * The programs that judge this repository, each named once: `scripts/check.ts` runs them on the tree and
 * `test/house/gates.test.ts` runs the same commands on fixtures that must fail.
 */
import type { Command } from "./process.ts"

export const format: Command = ["dprint", "check"]
export const lint: Command = ["oxlint", "--type-aware", "--deny-warnings"]
export const types: Command = ["tsc", "-p", "tsconfig.json"]
export const effect: Command = [
  "effect-tsgo",
  "diagnostics",
  "--project",
  "tsconfig.json",
  "--format",
  "text",
  "--severity",
  "error,warning",
  "--strict"
]
export const demo: Command = ["node", "--conditions=source", "examples/demo/main.ts"]
export const model: Command = [
  "node",
  "--conditions=source",
  "--disable-warning=ExperimentalWarning",
  "test/model/run.ts"
]
/** The project's own scenarios, each by so many seeds that follow from the commit. */
export const simulate: Command = ["node", "--conditions=source", "test/simulate/run.ts", "--seed", "commit"]
/** Every benchmark case once, for its results and not for its figures. */
export const bench: Command = ["node", "--conditions=source", "--expose-gc", "bench/main.ts", "--json", "--quick"]
export const unused: Command = ["knip", "--no-progress"]
export const build: Command = ["tsc", "-p", "tsconfig.build.json"]
export const publint = (tarball: string): Command => ["publint", "run", tarball, "--strict"]
export const attw = (tarball: string, modules: ReadonlyArray<string>): Command => [
  "attw",
  tarball,
  "--profile",
  "esm-only",
  "--no-definitely-typed",
  "--no-emoji",
  "--format",
  "ascii",
  ...(modules.length === 0 ? [] : ["--include-entrypoints", ...modules])
]

/** Vitest writing its counts where `scripts/tally.ts` reads them. */
export const vitest = (report: string, ...parameters: ReadonlyArray<string>): Command => [
  "vitest",
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
  ...parameters
]
