/**
 * Every way a message can fail is a value with a type: what the protocol declares, a full mailbox, a deadline, an actor
 * that has stopped. What was not delivered comes back in the error.
 *
 * Output:
 *
 *     withdrew 30, 70 left
 *     refused: InsufficientFunds, 70 left
 *     refused: InvalidPayload: Expected an integer
 *     AskTimeout after 20 ms
 *     MailboxFull hands back Deposit {"amount":3}
 *     […] WARN (#…): 2 messages were dropped: Account/ada has ended (its scope was closed) { thread: 'main' }
 *     ActorStopped hands back Deposit {"amount":4}
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, type ActorError, ActorSystem } from "shared-nothing"

class InsufficientFunds extends Schema.TaggedError<InsufficientFunds>("bank/InsufficientFunds")("InsufficientFunds", {
  balance: Schema.Int
}) {}

const Account = Actor.make("Account", [
  Rpc.make("Deposit", { payload: { amount: Schema.Int } }),
  Rpc.make("Withdraw", { payload: { amount: Schema.Int }, success: Schema.Int, error: InsufficientFunds }),
  Rpc.make("Audit")
])

const AccountLive = Account.toLayer(
  () => {
    let balance = 100
    return Account.of({
      Deposit: ({ amount }) => Effect.sync(() => void (balance += amount)),
      Withdraw: ({ amount }) =>
        amount > balance ? Effect.fail(new InsufficientFunds({ balance })) : Effect.sync(() => balance -= amount),
      Audit: () => Effect.never
    })
  },
  { mailbox: { capacity: 2, overflow: "fail" } }
)

const deposit = (account: typeof Account.ref.Type, amount: number) => {
  const handBack = ({ _tag, undelivered }: ActorError.MailboxFull | ActorError.ActorStopped) =>
    Console.log(`${_tag} hands back ${undelivered.tag} ${JSON.stringify(undelivered.payload)}`)
  return account.tell.Deposit({ amount }).pipe(Effect.catchTag(["MailboxFull", "ActorStopped"], handBack))
}

const program = Effect.gen(function*() {
  const life = yield* Scope.make()
  const account = yield* Scope.provide(Account.spawn("ada", { shutdown: "100 millis" }), life)

  yield* Console.log(`withdrew 30, ${yield* account.ask.Withdraw({ amount: 30 })} left`)
  yield* account.ask.Withdraw({ amount: 500 }).pipe(
    Effect.catchTag("InsufficientFunds", ({ _tag, balance }) => Console.log(`refused: ${_tag}, ${balance} left`))
  )
  yield* account.ask.Withdraw({ amount: 0.5 }).pipe(
    Effect.catchTag("InvalidPayload", ({ _tag, issue }) => Console.log(`refused: ${_tag}: ${issue.split("\n")[0]}`))
  )
  yield* account.ask.Audit(undefined, { timeout: "20 millis" }).pipe(
    Effect.catchTag("AskTimeout", ({ _tag, timeoutMillis }) => Console.log(`${_tag} after ${timeoutMillis} ms`))
  )

  // While the next audit goes on two messages may wait.
  yield* Effect.forkChild(account.ask.Audit(), { startImmediately: true })
  for (const amount of [1, 2, 3]) yield* deposit(account, amount)
  yield* Scope.close(life, Exit.void)
  yield* deposit(account, 4)
})

const Local = AccountLive.pipe(Layer.provideMerge(ActorSystem.layer))

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Local)))
