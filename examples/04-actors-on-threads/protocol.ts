/** What accounts and tellers can be told and asked: schemas only, imported by every thread. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export class InsufficientFunds
  extends Schema.TaggedError<InsufficientFunds>("bank/InsufficientFunds")("InsufficientFunds", {
    balance: Schema.Int
  })
{}

export const Account = Actor.make("Account", [
  Rpc.make("Deposit", { payload: { amount: Schema.Int } }),
  Rpc.make("Withdraw", { payload: { amount: Schema.Int }, success: Schema.Int, error: InsufficientFunds }),
  Rpc.make("Balance", { success: Schema.Int })
])

/** A teller is handed references to accounts, wherever they live. */
export const Teller = Actor.make("Teller", [
  Rpc.make("Transfer", {
    payload: { from: Account.ref, to: Account.ref, amount: Schema.Int },
    error: InsufficientFunds
  })
])
