/** Users test with vitest in the pool they like; two of the pools run tests in a context of `node:vm`. */
import { describe, expect, it } from "vitest"
import { run } from "../../scripts/process.ts"

describe("a test that asks an actor on a thread", () => {
  it.each(["forks", "threads", "vmForks", "vmThreads"])("passes in the pool %s", async (pool) => {
    const config = "test/cases/pools/vitest.config.ts"
    const ran = await run(["vitest", "run", "--config", config, "--root", ".", "--pool", pool], { timeoutSeconds: 120 })
    expect(ran.output).toMatch(/1 passed/)
    expect(ran.code).toBe(0)
  })
})
