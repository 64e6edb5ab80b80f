/**
 * A tell that found the mailbox full hands the handler what any other tell does: the constructed payload.
 *
 * Output:
 *
 *     true EUR 1.00 EUR
 *     true EUR 2.00 EUR
 *     true EUR 3.00 EUR
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"
import { runLocal } from "./support.ts"

class Money extends Schema.Class<Money>("case/Money")({
  cents: Schema.Int,
  currency: Schema.String.pipe(Schema.withConstructorDefault(Effect.succeed("EUR")))
}) {
  get text(): string {
    return `${(this.cents / 100).toFixed(2)} ${this.currency}`
  }
}
const Till = Actor.make("Till", [
  Rpc.make("Pay", { payload: Money }),
  Rpc.make("Wait"),
  Rpc.make("Sync", { success: Schema.Void })
])
const TillLive = Till.toLayer(
  Effect.succeed(Till.of({
    Pay: (money) => Effect.sync(() => console.log(money instanceof Money, money.currency, money.text)),
    Wait: () => Effect.sleep("50 millis"),
    Sync: () => Effect.void
  })),
  { mailbox: { capacity: 1 } }
)
const program = Effect.gen(function*() {
  const till = yield* Till.spawn("till")
  yield* till.tell.Pay({ cents: 100 })
  yield* till.ask.Sync()
  yield* till.tell.Wait()
  yield* Effect.yieldNow
  yield* till.tell.Pay({ cents: 200 }) // fills the mailbox
  yield* till.tell.Pay({ cents: 300 }) // has to wait
  yield* till.ask.Sync()
})
await runLocal(TillLive, program)
