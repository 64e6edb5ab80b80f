import { expect, it } from "vitest"
import { run } from "../../scripts/process.ts"

it("memory stays flat over restarts of a thread, distinct timeouts, and actors that come and go", async () => {
  const command = ["node", "--conditions=source", "--expose-gc", "test/soak/run.ts", "--part", "0.02"] as const
  const ran = await run(command, { timeoutSeconds: 170 })
  expect(ran.output).toMatch(/^soak: ok$/m)
  expect(ran.code).toBe(0)
})
