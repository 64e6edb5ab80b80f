/** What can be asked of the ledger, and which database it is for: that of its account, each of them, or any. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, Pool, Route } from "shared-nothing"

export class Overdrawn extends Schema.TaggedError<Overdrawn>("ledger/Overdrawn")("Overdrawn", {
  account: Schema.String,
  balance: Schema.Int
}) {}

/** All of an account lies in one database, and is done in the order in which it is asked. */
const Move = Rpc.make("Move", {
  payload: { account: Schema.String, amount: Schema.Int },
  success: Schema.Int,
  error: Overdrawn
}).pipe(Route.byKey(({ account }) => account))

/** What one database has: accounts, and all their money. */
const Total = Rpc.make("Total", { success: Schema.Struct({ accounts: Schema.Int, money: Schema.Int }) })

/** Needs a connection, and no matter which. Does no harm twice. */
const Version = Rpc.make("Version", { success: Schema.String }).annotate(Pool.Attempts, 3).pipe(Route.leastLoaded)

const Break = Rpc.make("Break", { payload: { worker: Schema.Int } }).pipe(Route.toWorker(({ worker }) => worker))

export const Ledger = Actor.make("Ledger", [Move, Total, Version, Break])
