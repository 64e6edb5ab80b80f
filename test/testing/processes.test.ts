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
