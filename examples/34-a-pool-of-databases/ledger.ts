/** An actor that owns one database: its connection is opened when it starts, and closed when it ends, however that is. */
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Pool } from "shared-nothing"
import { Ledger, Overdrawn } from "./protocol.ts"

const folder = process.env["LEDGER"] ?? "."

const open = Effect.acquireRelease(
  Effect.gen(function*() {
    const worker = yield* Pool.CurrentWorker
    const database = new DatabaseSync(join(folder, `ledger-${worker?.place ?? 0}.db`))
    database.exec("CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, balance INTEGER NOT NULL) STRICT")
    return database
  }),
  (database) => Effect.sync(() => database.close())
)

export const LedgerLive = Ledger.toLayer(Effect.gen(function*() {
  const database = yield* open
  const find = database.prepare("SELECT balance FROM accounts WHERE name = ?")
  const store = database.prepare(
    "INSERT INTO accounts VALUES (?, ?) ON CONFLICT DO UPDATE SET balance = excluded.balance"
  )
  const total = database.prepare("SELECT count(*) AS accounts, coalesce(sum(balance), 0) AS money FROM accounts")
  const version = database.prepare("SELECT sqlite_version() AS version")
  return Ledger.of({
    Move: ({ account, amount }) => {
      const balance = Number(find.get(account)?.["balance"] ?? 0) + amount
      if (balance < 0) return Effect.fail(new Overdrawn({ account, balance }))
      store.run(account, balance)
      return Effect.succeed(balance)
    },
    Total: () =>
      Effect.sync(() => {
        const { accounts, money } = total.get() ?? {}
        return { accounts: Number(accounts), money: Number(money) }
      }),
    Version: () => Effect.sync(() => String(version.get()?.["version"])),
    // As if the connection had broken: the actor is started again, and opens another one.
    Break: () => Effect.die(new Error("the connection is broken"))
  })
}))
