/**
 * Finds the code fences of documentation and turns them into programs.
 *
 * - `` ```ts `` is a module of its own and must compile.
 * - `` ```ts run `` is also run: what it prints must be its `// =>` comments, line by line. After an expression or a
 *   declaration, `// => 2` states its value; after `console.log(…)` or on a line of its own it states what was printed.
 * - `` ```ts file=worker.ts `` is written under that name, so that the other fences of its document can import it or
 *   start it; combined with `run` it is also run.
 * - `` ```ts from=examples/01-counter.ts `` repeats lines of that file word for word; the file is what gets checked.
 */
export interface Fence {
  readonly document: string
  /** Line of the opening backticks, counted from one. */
  readonly line: number
  /** The first word after the backticks. */
  readonly language: string
  readonly code: string
  readonly runs: boolean
  readonly file: string | undefined
  readonly from: string | undefined
  /** Words after the language that mean nothing here. */
  readonly unknown: ReadonlyArray<string>
}

const value = (words: ReadonlyArray<string>, key: string): string | undefined =>
  words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1)

const fencesInLines = (document: string, lines: ReadonlyArray<string>, firstLine: number): ReadonlyArray<Fence> => {
  const fences: Array<Fence> = []
  let open: { readonly mark: string; readonly words: ReadonlyArray<string>; readonly line: number } | undefined
  let indent = 0
  let code: Array<string> = []
  lines.forEach((line, index) => {
    const fence = /^(\s*)(`{3,})(.*)$/.exec(line)
    if (open === undefined) {
      if (fence === null) return
      open = { mark: fence[2]!, words: fence[3]!.trim().split(/\s+/).filter(Boolean), line: firstLine + index }
      indent = fence[1]!.length
      code = []
    } else if (fence !== null && fence[2]!.length >= open.mark.length && fence[3]!.trim() === "") {
      const [language = "", ...words] = open.words
      fences.push({
        document,
        line: open.line,
        language,
        code: code.join("\n"),
        runs: words.includes("run"),
        file: value(words, "file"),
        from: value(words, "from"),
        unknown: words.filter((word) => word !== "run" && !/^(file|from)=./.test(word))
      })
      open = undefined
    } else {
      code.push(line.slice(0, indent).trim() === "" ? line.slice(indent) : line)
    }
  })
  return fences
}

/** The fences of a Markdown document, or those inside the doc comments of a TypeScript file. */
export const fencesOf = (document: string, text: string): ReadonlyArray<Fence> => {
  if (!document.endsWith(".ts")) return fencesInLines(document, text.split("\n"), 1)
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
    const firstLine = text.slice(0, comment.index).split("\n").length
    const lines = comment[0].split("\n").map((line) => line.replace(/^\s*\*(?: |$)/, ""))
    return fencesInLines(document, lines, firstLine)
  })
}

const statement = /^(.*?)\/\/ => ?(.*)$/

/** What a program says it prints: the texts of its `// =>` comments. */
export const expectedOutput = (code: string): ReadonlyArray<string> =>
  code.split("\n").flatMap((line) => statement.exec(line)?.[2]?.trimEnd() ?? [])

// On the first line of the program, so that its lines keep their numbers.
const prelude = `import { inspect as $inspect } from "node:util"; ` +
  `const $show = (value: unknown) => console.log(typeof value === "string" ? JSON.stringify(value) : ` +
  `$inspect(value, { depth: 8, breakLength: Infinity, compact: true, sorted: false })); `

/** The program with each value that a `// =>` comment states being printed. */
export const printingCode = (code: string): string =>
  prelude + code.split("\n").map((line) => {
    const stated = statement.exec(line)
    const text = stated?.[1]?.trim() ?? ""
    if (stated === null || text === "" || /\b[cC]onsole\.\w+\(/.test(text)) return line
    const declared = /^(?:export )?(?:const|let) (\w+)\b/.exec(text)
    if (declared !== null) return `${text}; $show(${declared[1]})`
    return `;$show(${text})`
  }).join("\n")

/** Lines a program printed, without the empty ones at the end. */
export const printedLines = (stdout: string): ReadonlyArray<string> => {
  const lines = stdout.split("\n").map((line) => line.trimEnd())
  while (lines.at(-1) === "") lines.pop()
  return lines
}

/** Whether a program printed what it states; the kind of quotes is left to the writer. */
export const printsAsStated = (stdout: string, code: string): boolean =>
  printedLines(stdout).join("\n").replaceAll("'", `"`) === expectedOutput(code).join("\n").replaceAll("'", `"`)

/** A folder name for the programs of one document. */
export const folderOf = (document: string): string => document.replaceAll(/[^\w-]+/g, "_")

/** The file a fence is written to, inside the folder of its document. */
export const fileOf = (fence: Fence): string => fence.file ?? `line-${fence.line}.ts`

/** Beside it, the file that is run. */
export const runFileOf = (fence: Fence): string => fileOf(fence).replace(/\.ts$/, ".run.ts")
