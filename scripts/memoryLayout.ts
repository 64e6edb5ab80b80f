/**
 * Draws the memory of every structure from its description in `src/memory/Layouts.ts`: `npm run layout` writes
 * `docs/reference/memory-layout.md`, and `test/house/memoryLayout.test.ts` fails when the page is not what this prints.
 */
import { CELLS_PER_LINE, type Layout, type Part } from "../src/memory/Layout.ts"
import { layouts } from "../src/memory/Layouts.ts"

const head = `# Memory layout

Where everything lies in the shared memory of each structure. This page is drawn from \`src/memory/Layouts.ts\`, which is
also where the code gets its offsets from: \`npm run layout\` writes it, and the tests compare it.

A structure is one \`SharedArrayBuffer\`: lines of ${CELLS_PER_LINE} Int32 cells (128 bytes, two cache lines), each stored by one
side, then its parts. A _cell_ is an Int32 index from the start of the buffer, a _position_ counts what was ever written, as a wrapping Int32.
`

const pad = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - [...text].length))

/** Boxes side by side, each with a number above its left edge. */
const boxes = (cells: ReadonlyArray<readonly [mark: string, text: string]>): string => {
  const widths = cells.map(([mark, text]) => Math.max(mark.length, text.length) + 2)
  const marks = cells.map(([mark], i) => pad(mark, widths[i]! + 1)).join("")
  const row = cells.map(([, text], i) => `|${pad(` ${text}`, widths[i]!)}`).join("")
  return `  ${marks.trimEnd()}\n  ${row}|`
}

const drawn = (layout: Layout): string => {
  const lines = layout.lines.map((line, i): readonly [string, string] => [String(i * CELLS_PER_LINE), line.by])
  const parts = layout.parts.map((part, i): readonly [string, string] => [
    i === 0 ? String(layout.descriptorCells) : "…",
    `${part.name} …`
  ])
  return boxes([...lines, ...parts])
}

const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

const wordsOf = (layout: Layout): ReadonlyArray<string> => [
  row(["cell", "word", "stored by", "meaning"]),
  row(["---", "---", "---", "---"]),
  row(["0", "`magic`", "creator", `"${layout.magic}" in ASCII; stored last`]),
  row(["1", "`version`", "creator", String(layout.version)]),
  ...layout.lines.flatMap((line) =>
    Object.entries(line.words).map(([word, meaning]) =>
      row([String((layout.cells as Record<string, number>)[word]), `\`${word}\``, line.by, meaning])
    )
  )
]

const partOf = (part: Part): string => {
  const opening = `**${part.name}**, ${part.bytes} bytes: ${part.about}.`
  if (part.words === undefined) return opening
  const words = Object.entries(part.words)
  const drawing = boxes([
    ...words.map(([word], i): readonly [string, string] => [String(part.at?.[word] ?? i * 4), word]),
    ...(part.at === undefined ? [[String(words.length * 4), "…"] as const] : [])
  ])
  const meanings = words.map(([word, meaning]) => `- \`${word}\`: ${meaning}`).join("\n")
  return `${opening} Each, in bytes:\n\n\`\`\`text\n${drawing}\n\`\`\`\n\n${meanings}`
}

const section = (layout: Layout): string =>
  [
    `## ${layout.name}`,
    `\`\`\`text\n  Int32 cell\n${drawn(layout)}\n\`\`\``,
    wordsOf(layout).join("\n"),
    ...layout.parts.map(partOf)
  ].join("\n\n")

/** The whole page. */
export const page = (): string =>
  [head, ...layouts.map((layout) => section(layout))].join("\n").replace(/\n## /g, "\n\n## ") + "\n"
