/**
 * What is the same for many handlers stands around them: an audit for all actors of a layer, a guard that knows the messages of one.
 *
 * Output:
 *
 *     audit: Account/joint Deposit, done
 *     audit: Account/joint Withdraw, refused: mallory may not
 *     mallory may not
 *     audit: Account/joint Withdraw, done
 *     30 left
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, Interceptor } from "shared-nothing"

class Denied extends Schema.TaggedError<Denied>("bank/Denied")("Denied", { who: Schema.String }) {
  override get message() {
    return `${this.who} may not`
  }
}

const Account = Actor.make("Account", [
  Rpc.make("Deposit", { payload: { amount: Schema.Int } }),
  Rpc.make("Withdraw", { payload: { who: Schema.String, amount: Schema.Int }, success: Schema.Int, error: Denied })
])

// Knows the messages of this protocol, and refuses with an error that they declare.
const forOwners = Interceptor.guard(
  Account,
  (message, next) =>
    message.tag === "Withdraw" && message.payload.who !== "ada"
      ? Effect.fail(new Denied({ who: message.payload.who }))
      : next
)

const AccountLive = Account.toLayer(() => {
  let balance = 0
  return forOwners({
    Deposit: ({ amount }) => Effect.sync(() => void (balance += amount)),
    Withdraw: ({ amount }) => Effect.sync(() => balance -= amount)
  })
})

// Takes the messages of any protocol.
const audit = Interceptor.layer(({ actor, tag }, next) =>
  next.pipe(
    Effect.tap(Console.log(`audit: ${actor} ${tag}, done`)),
    Effect.tapError((error) =>
      Console.log(`audit: ${actor} ${tag}, refused: ${error instanceof Error ? error.message : tag}`)
    )
  )
)

const program = Effect.gen(function*() {
  const account = yield* Account.spawn("joint")
  yield* account.tell.Deposit({ amount: 100 })
  yield* account.ask.Withdraw({ who: "mallory", amount: 100 }).pipe(
    Effect.catchTag("Denied", ({ message }) => Console.log(message))
  )
  yield* Console.log(`${yield* account.ask.Withdraw({ who: "ada", amount: 70 })} left`)
})

const Bank = AccountLive.pipe(Layer.provide(audit), Layer.provideMerge(ActorSystem.layer))

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Bank)))
