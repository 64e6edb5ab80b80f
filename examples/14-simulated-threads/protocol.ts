import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

const Transfer = { id: Schema.Int, from: Schema.String, to: Schema.String, amount: Schema.Int }

/** The books, on the main thread. */
export const Ledger = Actor.make("Ledger", [
  Rpc.make("Book", { payload: Transfer, success: Schema.Boolean }),
  Rpc.make("Balance", { payload: { account: Schema.String }, success: Schema.Int })
])

/** Takes orders, on a worker. */
export const Teller = Actor.make("Teller", [
  Rpc.make("Accept", { payload: { ...Transfer, ledger: Ledger.ref }, success: Schema.Boolean })
])
