/**
 * Two actors that ask each other wait for ever: the ask whose time is over first says who waits for whom.
 *
 * Output:
 *
 *     Stock/tea did not answer Reserve within 50 ms: Order/1 waits for Stock/tea, which waits for Order/1: a cycle of asks never ends
 *     Order/1 > Stock/tea > Order/1
 *     reserved, now that the stock tells instead
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorError, ActorSystem } from "shared-nothing"

const Order = Actor.make("Order", [
  Rpc.make("Place", { payload: { checked: Schema.Boolean }, success: Schema.String, error: ActorError.AskTimeout }),
  Rpc.make("Confirm", { success: Schema.Boolean }),
  Rpc.make("Reserved")
])

const Stock = Actor.make("Stock", [
  Rpc.make("Reserve", { payload: { by: Order.ref, checked: Schema.Boolean } })
])

const StockLive = Stock.toLayer(Effect.succeed(Stock.of({
  // The order is busy with the message that asks for this, and does not take another one.
  Reserve: ({ by, checked }) => Effect.asVoid(Effect.orDie(checked ? by.ask.Confirm() : by.tell.Reserved()))
})))

const OrderLive = Order.toLayer(({ self }) =>
  Order.of({
    Place: ({ checked }) =>
      Effect.gen(function*() {
        const stock = Option.getOrThrow(yield* Stock.lookup("tea"))
        yield* stock.ask.Reserve({ by: self, checked }, { timeout: "50 millis" })
        return "reserved, now that the stock tells instead"
      }).pipe(Effect.catchIf((error) => error._tag !== "AskTimeout", Effect.die)),
    Confirm: () => Effect.succeed(true),
    Reserved: () => Effect.void
  })
)

const program = Effect.gen(function*() {
  yield* Stock.spawn("tea")
  const order = yield* Order.spawn("1")
  yield* order.ask.Place({ checked: true }).pipe(
    Effect.catchTag(
      "AskTimeout",
      ({ chain = [], message }) => Effect.andThen(Console.log(message), Console.log(chain.join(" > ")))
    )
  )
  yield* Console.log(yield* order.ask.Place({ checked: false }))
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(Layer.merge(StockLive, OrderLive).pipe(Layer.provideMerge(ActorSystem.layer)))
))
