import { describe, expect, it } from "vitest"
import * as gates from "../../scripts/gates.ts"
import { run } from "../../scripts/process.ts"
import { read } from "./support/source.ts"

type Line = Record<string, unknown>

const bench = async (
  ...parameters: ReadonlyArray<string>
): Promise<{ code: number; lines: Array<Line>; text: string }> => {
  const ran = await run([...gates.bench, ...parameters], { timeoutSeconds: 90 })
  const lines = ran.stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Line)
  return { code: ran.code, lines, text: ran.output }
}

// The check runs every case; these are two of them, looked at.
describe("npm run bench -- --json", () => {
  it("prints the machine, then each subject validated, then each pair", async () => {
    const { code, lines } = await bench("codec/write/numbers", "actor/ask-local")
    expect(code).toBe(0)
    expect(lines[0]).toMatchObject({ env: { effect: "4.1.0" } })
    const figures = lines.filter((line) => "median" in line && "subject" in line)
    expect(figures.map((line) => line["subject"])).toEqual(
      expect.arrayContaining(["shared-nothing", "json", "msgpackr", "xstate", "effect-queue"])
    )
    for (const line of figures) expect(line).toMatchObject({ valid: true, unit: expect.any(String) })
    expect(lines.filter((line) => "ratio" in line).map((line) => line["ratio"])).toEqual(
      expect.arrayContaining(["json/shared-nothing", "effect-queue/shared-nothing"])
    )
  }, 100_000)

  it("lists no case that its README does not describe", async () => {
    const { text } = await bench("--list")
    const listed = [...text.matchAll(/^([a-z]+\/[^ ]+) /gm)].map((match) => match[1] ?? "")
    expect(listed).toContain("channel/remote")
    const rows = read("bench/README.md").split("\n").filter((line) => line.startsWith("| `"))
    const described = rows.flatMap((row) => {
      const names = [...(row.split(" | ")[0] ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "")
      const first = names[0] ?? ""
      return names.map((name) => name.startsWith("-") ? first + name : name)
    })
    const isDescribed = (name: string) =>
      described.some((one) => one === name || one.endsWith("/*") && name.startsWith(one.slice(0, -1)))
    expect(listed.filter((name) => !isDescribed(name))).toEqual([])
  })

  it("refuses a case that it does not have, by name", async () => {
    const { code, text } = await bench("actor/no-such-case")
    expect(code).toBe(1)
    expect(text).toContain("actor/no-such-case")
  })
})
