/**
 * A reference of one system, put into a message of another: it means its own actor, or it is refused, and never means
 * somebody else. The same for one that was kept from a system that is gone.
 *
 * Output:
 *
 *     paid: ada 1, bob 0, or refused: true
 *     the old reference pays: …
 *     bob has 0
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { isMainThread } from "node:worker_threads"
import { Actor, type ActorSystem, ActorThread } from "shared-nothing"
import { outcome, outcomeSoon, runIn, threads } from "./support.ts"

const Account = Actor.make("Account", [Rpc.make("Pay"), Rpc.make("Paid", { success: Schema.Int })])
const Clerk = Actor.make("Clerk", [Rpc.make("PayTo", { payload: { to: Account.ref }, success: Schema.String })])
const AccountLive = Account.toLayer(Effect.sync(() => {
  let paid = 0
  return Account.of({ Pay: () => Effect.sync(() => void paid++), Paid: () => Effect.sync(() => paid) })
}))
const ClerkLive = Clerk.toLayer(Effect.succeed(Clerk.of({ PayTo: ({ to }) => outcome(to.ask.Pay()) })))

if (!isMainThread) ActorThread.launch(Layer.mergeAll(AccountLive, ClerkLive))
else {
  const system = () => threads(import.meta.url)
  const two = Effect.gen(function*() {
    const first: Context.Context<ActorSystem.ActorSystem> = yield* Layer.build(system())
    const second: Context.Context<ActorSystem.ActorSystem> = yield* Layer.build(system())
    const ada = yield* Effect.provide(Account.spawn("ada"), first)
    const bob = yield* Effect.provide(Account.spawn("bob"), second)
    const clerk = yield* Effect.provide(Clerk.spawn("clerk"), second)
    const paid = yield* outcomeSoon(clerk.ask.PayTo({ to: ada }))
    const [hers, his] = [yield* ada.ask.Paid(), yield* bob.ask.Paid()]
    const isRight = his === 0 && (paid === "done" ? hers === 1 : hers === 0 && paid !== "still waits")
    console.log(`paid: ada 1, bob 0, or refused: ${isRight || `${paid}, ada ${hers}, bob ${his}`}`)
  })
  await runIn(Layer.empty, two)

  let old: Actor.Ref<typeof Account> | undefined
  await runIn(system(), Effect.map(Account.spawn("ada"), (ref) => void (old = ref)))
  const later = Effect.gen(function*() {
    const bob = yield* Account.spawn("bob")
    const clerk = yield* Clerk.spawn("clerk")
    console.log("the old reference pays:", yield* outcomeSoon(clerk.ask.PayTo({ to: old! })))
    console.log("bob has", yield* bob.ask.Paid())
  })
  await runIn(system(), later)
}
