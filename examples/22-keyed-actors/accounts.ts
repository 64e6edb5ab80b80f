/** An account for every customer, and the desk that moves money between them, on whatever thread it is. */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export const Account = Actor.make("Account", [
  Rpc.make("Deposit", { payload: { amount: Schema.Int } }),
  Rpc.make("Balance", { success: Schema.Int })
])

/** What has to outlive an actor that is idle is kept elsewhere; here it is a map, in place of a database. */
export const AccountLive = (balances: Map<string, number>) =>
  Account.toLayer(Effect.gen(function*() {
    const { key } = yield* Actor.CurrentActor
    let balance = balances.get(key) ?? 0
    yield* Actor.onRelease(() => Effect.sync(() => balances.set(key, balance)))
    return Account.of({
      Deposit: ({ amount }) => Effect.sync(() => void (balance += amount)),
      Balance: () => Effect.succeed(balance)
    })
  }))

export const Desk = Actor.make("Desk", [
  Rpc.make("Move", { payload: { from: Schema.String, to: Schema.String, amount: Schema.Int } })
])

export const DeskLive = Desk.toLayer(Effect.gen(function*() {
  // The same accounts that all other threads have.
  const accounts = yield* Account.keyed({ idle: "100 millis" })
  return Desk.of({
    Move: ({ amount, from, to }) =>
      Effect.orDie(Effect.andThen(
        accounts.ref(from).tell.Deposit({ amount: -amount }),
        accounts.ref(to).tell.Deposit({ amount })
      ))
  })
}))
