/** The examples of the repository and what each says it prints. */
import { filesUnder } from "./source.ts"

/** `examples/NN-name.ts` and `examples/NN-name/main.ts`, in order. */
export const examplesIn = (files: ReadonlyArray<string>): ReadonlyArray<string> =>
  files.filter((file) => /^examples\/\d\d-[a-z0-9-]+(\.ts|\/main\.ts)$/.test(file))

export const examples = examplesIn(filesUnder("examples"))

/**
 * The lines after `Output:` in the comment that opens the file. Each `…` in a line stands for any text, for the few
 * things no program can promise.
 */
export const statedOutput = (text: string): ReadonlyArray<string> | undefined => {
  const block = /^(?:#![^\n]*\n)?\s*\/\*\*?([\s\S]*?)\*\//.exec(text)
  const lines = block !== null
    ? block[1]!.split("\n").map((line) => line.replace(/^\s*\*(?: |$)/, "").trimEnd())
    : /^(?:\/\/[^\n]*\n?)*/.exec(text)![0].split("\n").map((line) => line.replace(/^\/\/ ?/, "").trimEnd())
  const start = lines.findIndex((line) => line.trim() === "Output:")
  if (start < 0) return undefined
  const stated = lines.slice(start + 1).filter((line) => !line.trim().startsWith("```"))
  while (stated[0] === "") stated.shift()
  while (stated.at(-1) === "") stated.pop()
  const indent = Math.min(...stated.filter((line) => line !== "").map((line) => /^ */.exec(line)![0].length))
  return stated.map((line) => line.slice(indent))
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

/** Whether the printed line is the stated one. */
export const matchesLine = (stated: string, printed: string): boolean =>
  new RegExp(`^${stated.split("…").map(escape).join(".*")}$`).test(printed)

/** The first difference between what was stated and what was printed. */
export const difference = (
  stated: ReadonlyArray<string>,
  printed: ReadonlyArray<string>
): string | undefined => {
  for (let index = 0; index < Math.max(stated.length, printed.length); index++) {
    const expected = stated[index]
    const actual = printed[index]
    if (expected === undefined || actual === undefined || !matchesLine(expected, actual)) {
      return `line ${index + 1}: states ${JSON.stringify(expected)}, prints ${JSON.stringify(actual)}`
    }
  }
  return undefined
}
