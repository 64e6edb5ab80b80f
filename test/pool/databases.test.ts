/** The worked example of resources with one owner, on real threads: connections that break, and threads that die. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { Ledger } from "../../examples/34-a-pool-of-databases/protocol.ts"

const file = new URL("../../examples/34-a-pool-of-databases/worker.ts", import.meta.url)
const forever = { timeout: "Infinity" } as const

describe("a pool of databases", () => {
  it.live("keeps the order of an account and what waits, over connections that break and all threads anew", () =>
    Effect.scoped(Effect.gen(function*() {
      const path = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "ledger-"))),
        (made) => Effect.sync(() => rmSync(made, { recursive: true }))
      )
      const ledger = yield* Pool.make(Ledger, {
        spawn: () => new Worker(file, { env: { ...process.env, LEDGER: path }, stdout: true, stderr: true }),
        threads: 2,
        readyTimeout: "1 minute"
      })
      const accounts = Array.from({ length: 8 }, (_, i) => `account-${i}`)
      // Each step needs those before it: out of order it would be overdrawn.
      const clients = yield* Effect.forEach(accounts, (account) =>
        Effect.forkChild(Effect.forEach(
          Array.from({ length: 40 }, (_, i) => i),
          (i) => ledger.ask.Move({ account, amount: i % 2 === 0 ? 10 : -9 }, forever),
          { concurrency: "unbounded" }
        )))
      const broken = yield* Pool.broadcast(ledger, (_, worker) => Effect.exit(ledger.ask.Break({ worker }, forever)))
      assert.strictEqual(broken.length, 2)
      yield* Pool.reload(ledger)
      for (const balances of yield* Fiber.joinAll(clients)) {
        assert.deepStrictEqual(balances, Array.from({ length: 40 }, (_, i) => i % 2 === 0 ? 10 + i / 2 : (i + 1) / 2))
      }
      const all = yield* Pool.broadcast(ledger, (worker) => worker.ask.Total(forever))
      const parts = all.flatMap((exit) => Exit.isSuccess(exit) ? [exit.value] : [])
      assert.strictEqual(parts.reduce((sum, { money }) => sum + money, 0), 8 * 20)
      assert.strictEqual(parts.reduce((sum, { accounts: count }) => sum + count, 0), 8)
      assert.match(yield* ledger.ask.Version(forever), /^\d+\.\d+/)
    })).pipe(Effect.provide(Logger.layer([]))))
})
