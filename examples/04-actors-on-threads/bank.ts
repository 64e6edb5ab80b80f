/** The behaviours. They do not know on which thread they run. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Account, InsufficientFunds, Teller } from "./protocol.ts"

const AccountLive = Account.toLayer(() => {
  let balance = 0
  return Account.of({
    Deposit: ({ amount }) => Effect.sync(() => void (balance += amount)),
    Withdraw: ({ amount }) =>
      amount > balance ? Effect.fail(new InsufficientFunds({ balance })) : Effect.sync(() => balance -= amount),
    Balance: () => Effect.sync(() => balance)
  })
})

const TellerLive = Teller.toLayer(Effect.succeed(Teller.of({
  // What else an ask or a tell can fail with (a lost thread, say) is no answer of a teller: it is a crash.
  Transfer: Effect.fnUntraced(function*({ amount, from, to }) {
    yield* Effect.catchIf(from.ask.Withdraw({ amount }), (error) => error._tag !== "InsufficientFunds", Effect.die)
    yield* Effect.orDie(to.tell.Deposit({ amount }))
  })
})))

export const Bank = Layer.mergeAll(AccountLive, TellerLive)
