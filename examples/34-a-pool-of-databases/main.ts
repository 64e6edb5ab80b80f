/**
 * Three SQLite databases, each owned by one worker: what belongs to an account goes to the database of the account, in order; a question about everything to
 * all of them. A connection that breaks is opened again, and what waits for it waits.
 *
 * Output:
 *
 *     20 accounts in 3 databases: 2000
 *     overdrawn by 400
 *     ann has 350 after 6 steps in order
 *     after a crash: 20 accounts, 2250
 *     after a reload: 20 accounts, 2250
 *     partly: 2 of 3 answered
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { Ledger } from "./protocol.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "ledger-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const program = Effect.gen(function*() {
  const path = yield* folder
  const ledger = yield* Pool.make(Ledger, {
    spawn: () =>
      new Worker(new URL("./worker.ts", import.meta.url), {
        env: { ...process.env, LEDGER: path },
        // Workers tell there what breaks, with its stack, and some versions of Node that SQLite is experimental.
        stdout: true,
        stderr: true
      }),
    threads: 3
  })

  // Asks all databases, and adds up what has come.
  const total = Effect.map(Pool.broadcast(ledger, (worker) => worker.ask.Total()), (all) => {
    const parts = all.filter(Exit.isSuccess).map(({ value }) => value)
    const sum = (of: "accounts" | "money") => parts.reduce((found, part) => found + part[of], 0)
    return { accounts: sum("accounts"), money: sum("money") }
  })

  const accounts = ["ann", "bob", ...Array.from({ length: 18 }, (_, i) => `account-${i}`)]
  yield* Effect.forEach(accounts, (account) => ledger.ask.Move({ account, amount: 100 }), { concurrency: "unbounded" })
  const { accounts: count, money } = yield* total
  yield* Console.log(`${count} accounts in ${Pool.workers(ledger).length} databases: ${money}`)

  yield* ledger.ask.Move({ account: "bob", amount: -500 }).pipe(
    Effect.catchTag("Overdrawn", ({ balance }) => Console.log(`overdrawn by ${-balance}`))
  )

  // Each step needs the one before it.
  const steps = [-100, 50, 300, -250, 150, 100]
  const balances = yield* Effect.forEach(steps, (amount) => ledger.ask.Move({ account: "ann", amount }), {
    concurrency: "unbounded"
  })
  yield* Console.log(`ann has ${balances.at(-1)} after ${balances.length} steps in order`)

  // The questions wait behind the crash, in the inbox of their worker.
  const [, after] = yield* Effect.all([
    Pool.broadcast(ledger, (_, worker) => ledger.ask.Break({ worker })),
    total
  ], { concurrency: 2 })
  yield* Console.log(`after a crash: ${after.accounts} accounts, ${after.money}`)

  yield* Pool.reload(ledger)
  const reloaded = yield* total
  yield* Console.log(`after a reload: ${reloaded.accounts} accounts, ${reloaded.money}`)

  const [, ...rest] = yield* Pool.broadcast(
    ledger,
    (worker, place) => place === 0 ? ledger.ask.Break({ worker: 0 }) : worker.ask.Total()
  )
  yield* Console.log(`partly: ${rest.filter(Exit.isSuccess).length} of ${rest.length + 1} answered`)
})

// Who is started again is told here.
await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Logger.layer([]))))
