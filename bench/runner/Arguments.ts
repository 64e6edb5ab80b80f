/**
 * Reads the command line of `npm run bench`.
 */
import type { Case } from "./Case.ts"

/** What was asked for. */
export interface Arguments {
  readonly json: boolean
  readonly quick: boolean
  readonly list: boolean
  readonly cases: ReadonlyArray<Case>
}

/** The command line asks for something that does not exist; the text says what does. */
export class InvalidArguments extends Error {}

const flags = new Set(["--json", "--quick", "--list"])

/** Selects the cases whose names start with one of the given words, all of them when there is none. */
export const parseArguments = (args: ReadonlyArray<string>, cases: ReadonlyArray<Case>): Arguments => {
  const words = args.filter((arg) => !arg.startsWith("--"))
  for (const arg of args) {
    if (arg.startsWith("--") && !flags.has(arg)) {
      throw new InvalidArguments(`unknown option ${arg}; there are ${[...flags].join(", ")}`)
    }
  }
  for (const word of words) {
    if (!cases.some((benchmark) => benchmark.name.startsWith(word))) {
      throw new InvalidArguments(
        `no case starts with "${word}"; there are:\n${cases.map((benchmark) => `  ${benchmark.name}`).join("\n")}`
      )
    }
  }
  return {
    json: args.includes("--json"),
    quick: args.includes("--quick"),
    list: args.includes("--list"),
    cases: words.length === 0 ? cases : cases.filter(({ name }) => words.some((word) => name.startsWith(word)))
  }
}
