import { describe, expect, it } from "vitest"
import { page } from "../../scripts/memoryLayout.ts"
import { CELLS_PER_LINE } from "../../src/memory/Layout.ts"
import { layouts } from "../../src/memory/Layouts.ts"
import { read } from "./support/source.ts"

/** The text without what a formatter may change. */
const bare = (text: string): string => text.replaceAll(/[\s|-]+/g, " ")

describe("docs/reference/memory-layout.md", () => {
  it("is what the descriptions say: npm run layout", () => {
    expect(bare(read("docs/reference/memory-layout.md"))).toBe(bare(page()))
  })

  it("names every word of every structure", () => {
    const text = read("docs/reference/memory-layout.md")
    for (const layout of layouts) {
      expect(text).toContain(`## ${layout.name}\n`)
      for (const line of layout.lines) for (const word of Object.keys(line.words)) expect(text).toContain(`\`${word}\``)
    }
  })
})

describe("src/memory/Layouts.ts", () => {
  it("gives each structure a magic word and each word a cell of its own, on the line of its side", () => {
    expect(new Set(layouts.map(({ magicWord }) => magicWord)).size).toBe(layouts.length)
    for (const layout of layouts) {
      expect(layout.magic).toMatch(/^[ -~]{4}$/)
      const cells = Object.values(layout.cells)
      expect(new Set(cells).size).toBe(cells.length)
      layout.lines.forEach((line, index) => {
        for (const word of Object.keys(line.words)) {
          const cell = (layout.cells as Record<string, number>)[word]!
          expect(Math.floor(cell / CELLS_PER_LINE)).toBe(index)
        }
      })
    }
  })
})
