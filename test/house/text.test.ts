import { describe, expect, it } from "vitest"
import { filesUnder, read } from "./support/source.ts"

interface Rule {
  readonly name: string
  readonly pattern: RegExp
  readonly applies: (file: string) => boolean
  readonly caught: string
  readonly free: string
}

const everywhere = () => true
const inSource = (file: string) => file.startsWith("src/")

const rules: ReadonlyArray<Rule> = [
  {
    name: "names no registry host or package mirror",
    pattern: /https?:\/\/[^\s"')]*(registry|artifactory|verdaccio|mirror|pypi)[^\s"')]*/i,
    applies: everywhere,
    caught: ["https://", "registry", ".example.org/effect"].join(""),
    free: "https://effect.website"
  },
  {
    name: "names no issue or pull request by number",
    pattern: /\b(issue|issues|bug|ticket|pull request|PR)[ -]?#?\d+\b|\(#\d+\)/i,
    applies: everywhere,
    caught: ["see issue", "12"].join(" "),
    free: "one issue per defect"
  },
  {
    name: "leaves no work marked for later",
    pattern: /\b(TODO|FIXME|XXX|HACK)\b/,
    applies: everywhere,
    caught: ["TO", "DO: later"].join(""),
    free: "todo list"
  },
  {
    name: "keeps no mark of an unfinished merge",
    pattern: /^(<{7}|>{7}) |^={7}$/,
    applies: everywhere,
    caught: [">>>>", ">>> main"].join(""),
    free: "a >> b"
  },
  {
    name: "spells behaviour as the library does",
    pattern: /\bbehavior/i,
    applies: inSource,
    caught: "the behavior of an actor",
    free: "the behaviour of an actor"
  },
  {
    name: "switches no tool off without a reason",
    pattern: /(@ts-ignore|@ts-nocheck|(oxlint|eslint)-disable(?!.* -- ))/,
    applies: inSource,
    caught: ["// oxlint-dis", "able-next-line no-console"].join(""),
    free: ["// oxlint-dis", "able-next-line no-console -- the console is the product here"].join("")
  },
  {
    name: "keeps tabs and trailing blanks out",
    pattern: /\t|[ \t]+$/m,
    applies: (file) => file.endsWith(".ts"),
    caught: "const a = 1 ",
    free: "const a = 1"
  }
]

const text = /\.(ts|mts|js|mjs|json|jsonc|md|yml|yaml|sh|txt)$|^LICENSE$|^\.ci\/run$/
const files = filesUnder("").filter((file) =>
  text.test(file) && file !== "test/house/text.test.ts" && !file.startsWith("test/fixtures/house/")
)

describe("text of the repository", () => {
  it("is found", () => {
    expect(files).toContain("package.json")
    expect(files).toContain("package-lock.json")
    expect(files).toContain("docs/design/layers.md")
  })

  it.each(rules)("$name", ({ applies, caught, free, pattern }) => {
    expect(pattern.test(caught), "the rule catches its example").toBe(true)
    expect(pattern.test(free), "the rule lets its example through").toBe(false)
    const found = files.filter(applies).flatMap((file) =>
      read(file).split("\n").flatMap((line, index) => pattern.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : [])
    )
    expect(found).toEqual([])
  })
})

describe("tests", () => {
  const tests = files.filter((file) => /^test\/.*\.test\.ts$/.test(file))

  // Where TestClock is moved by hand a sleep costs nothing; elsewhere it may only be the pause of a loop that polls.
  const sleepsIn = (content: string): ReadonlyArray<number> => {
    if (content.includes("effect/testing/TestClock")) return []
    const lines = content.split("\n")
    return lines.flatMap((line, index) => {
      const polls = lines.slice(Math.max(0, index - 4), index + 1).some((near) => /\bwhile \(/.test(near))
      return /\bEffect\.sleep\(/.test(line) && !polls ? [index + 1] : []
    })
  }

  it("wait for conditions, never for a while", () => {
    expect(sleepsIn("const a = 1\nyield* Effect.sleep(10)")).toEqual([2])
    expect(sleepsIn("while (!done()) {\n  yield* Effect.sleep(2)\n}")).toEqual([])
    // A simulated second takes no time, and is waited for as a condition is.
    const timed = tests.filter((file) => !file.startsWith("test/testing/"))
    expect(timed.flatMap((file) => sleepsIn(read(file)).map((line) => `${file}:${line}`))).toEqual([])
  })

  it("have sentences in the present tense as titles", () => {
    const titles = tests.flatMap((file) =>
      [...read(file).matchAll(/\b(?:it|test)(?:\.\w+)*\(\s*"([^"]+)"/g)].map((match) => `${file}: ${match[1]}`)
    )
    expect(titles.length).toBeGreaterThan(0)
    expect(titles.filter((title) => /: (should\b|works\b|test\b)/i.test(title))).toEqual([])
  })
})
