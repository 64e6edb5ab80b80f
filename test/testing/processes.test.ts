import { describe, expect, it } from "vitest"
import { run } from "../../scripts/process.ts"

describe("a seed", () => {
  it("is the same run in every process", async () => {
    const digests = async () => {
      const ran = await run(["node", "--conditions=source", "test/fixtures/digests.ts"])
      expect(ran.stderr).toBe("")
      return ran.stdout.trim()
    }
    const [one, other] = await Promise.all([digests(), digests()])
    expect(one).toMatch(/^(\d+\/\d+ ?){5}$/)
    expect(other).toBe(one)
  })
})

describe("a program that blocks its thread", () => {
  it("is named with its seed and its stack, and the process ends", async () => {
    const ran = await run(["node", "--conditions=source", "test/fixtures/blocked.ts"])
    expect(ran.code).not.toBe(0)
    expect(ran.stderr).toContain("FAIL  seed 0x00000001")
    expect(ran.stderr).toContain("t=1.000 s  Blocked: main: timer")
    expect(ran.stderr).toContain("repro: SIM_SEED=0x00000001 npx vitest run -t \"computes\"")
    expect(ran.stderr).toMatch(/at computesForEver \(file:.*blocked\.ts:6\)/)
  })
})
