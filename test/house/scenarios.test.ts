import { readdirSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { root } from "../../scripts/process.ts"
import { read } from "./support/source.ts"

const page = "docs/reference/scenarios.md"

/** The ids of the reference that a memory core, channels, supervisors, actors and threads can have. */
const ids = [
  ..."R01 R02 R03 R04 R05 R06 R08 R10 R11 R12 R13 R14 R15 R16 R17 R18 R19 R20 R21".split(" "),
  ..."D01 D03 D04 D05 D06 D07".split(" "),
  ..."C01 C02 C04 C06 C07 C08 C10 C11 C12".split(" "),
  ..."S01 S02 S03 S04 S05 S06 S07 S09 S10 S11 S12 S13 S14 S15 S17 S18 S21 S22 S23 S24 S25 S26 S27 S28 S29".split(" "),
  ..."S30 S31 S32 S33 S34 S35 S36 S37 S38 S39 S41 S42 S44 S45 S48 S49 S50 S51 S52 S53 S55 S57 S58 S59 S60".split(" "),
  ..."E01 E02 E03 E05 E07".split(" "),
  ..."G01 G03 G04 G05 G06 G07".split(" "),
  ..."P01 P02 P03 P04 P06 P07 P09 P11 P12 P13 P16 P17 P18 P19 P21 P22 P23 P24 P25 P26 P27 P28 P29".split(" "),
  ..."A01 A02 A03 A04 A05 A06 A07 A08 A10 A12 A14 A15 A16".split(" "),
  ..."K01 K02 K03 K04 K06 K07 K08 K09".split(" "),
  ..."F01 F02 F04 F05 F06 F08 F09 F10 F12".split(" "),
  ..."W01 W02 W03 W04 W05 W07 W09 W10 W11 W12 W13 W16 W17".split(" "),
  ..."J01 J02 J03 J04 J05 J06 J07 J08 J09 J10 J11 J12 J13 J14 J15 J16 J17 J18 J19 J20 J21 J22".split(" "),
  ..."J23 J24 J25 J26 J27 J28 J29 J30 J31 J32 J33 J34 J35 J36 J37 J38 J39 J40".split(" "),
  ..."X01 X02 X03 X04 X05 X06 X07 X08 X09 X10 X11 X12 X13 X14 X15 X16 X17 X18 X19 X20 X21 X22 X23 X24 X25 X26".split(
    " "
  ),
  ..."X27 X28 X29 X30".split(" ")
]

interface Row {
  readonly id: string
  readonly here: string
  readonly shownBy: string
}

const rows: ReadonlyArray<Row> = [...read(page).matchAll(/^\| ([RDCSEGPAKFWJX]\d\d) \|([^|]*)\|([^|]*)\|(.*)\|$/gm)]
  .map(
    (
      match
    ) => ({
      id: match[1]!,
      here: match[3]!.trim(),
      shownBy: match[4]!
    })
  )

const testFiles = (readdirSync(join(root, "test"), { recursive: true }) as Array<string>)
  .filter((file) => /(\.test|Contract)\.ts$/.test(file) && !file.includes("fixtures"))
  .map((file) => `test/${file}`)

const titlesOf = (file: string): string => read(file).match(/"[^"\n]*"|`[^`\n]*`/g)?.join("\n") ?? ""

describe(page, () => {
  it("has one row for each scenario, in order", () => {
    expect(rows.map(({ id }) => id)).toEqual(ids)
  })

  it.each(rows)("$id says pass or different, and names a test that has its id or the title that is quoted", (row) => {
    expect(["pass", "different"]).toContain(row.here)
    const files = [...row.shownBy.matchAll(/`(test\/[^`]+\.ts)`/g)].map((match) => match[1]!)
    expect(files.length).toBeGreaterThan(0)
    const titles = files.map(titlesOf).join("\n")
    const quoted = [...row.shownBy.matchAll(/"([^"]+)"/g)].map((match) => match[1]!)
      .filter((text) => text !== "mpsc" && !text.startsWith("`"))
    if (quoted.length > 0) { for (const title of quoted) expect(titles).toContain(title) }
    else for (const file of files) expect(titlesOf(file), file).toMatch(new RegExp(`\\b${row.id}\\b`))
  })

  it("knows every id that a test carries", () => {
    const carried = new Set(
      testFiles.filter((file) => !file.includes("/house/")).flatMap((file) =>
        titlesOf(file).match(/\b[RDCSEGPAKFWJX]\d\d\b/g) ?? []
      )
    )
    expect([...carried].filter((id) => !ids.includes(id))).toEqual([])
  })
})
