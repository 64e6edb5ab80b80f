import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"

const run = async (...args: ReadonlyArray<string>): Promise<{ readonly code: number; readonly output: string }> => {
  const file = fileURLToPath(new URL("run.ts", import.meta.url))
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file, ...args])
    return { code: 0, output: stdout }
  } catch (error) {
    const { code, stderr, stdout } = error as {
      readonly code: number
      readonly stderr: string
      readonly stdout: string
    }
    return { code, output: stdout + stderr }
  }
}

describe("the memory layer under all schedules", () => {
  // With one preemption less than `npm run model`, which the check runs, too. Broken variants have their full bounds.
  it("keeps its promises in every one, and every broken variant is caught", { timeout: 300_000 }, async () => {
    const { code, output } = await run("--quick")
    expect(output).toMatch(/^model: structures=\d+ schedules=\d+ broken_caught=(\d+)\/\1 ok\n$/m)
    expect(code).toBe(0)
    expect(Number(/ schedules=(\d+)/.exec(output)![1])).toBeGreaterThan(10_000)
  })

  it("runs one structure when asked for it, and refuses one that does not exist", { timeout: 120_000 }, async () => {
    const one = await run("--quick", "Doorbell")
    expect(one.output).toMatch(/^Doorbell .*\nmodel: structures=1 schedules=\d+ broken_caught=(\d+)\/\1 ok\n$/)
    expect((await run("Nonsense")).output).toContain("no structure Nonsense")
  })
})
