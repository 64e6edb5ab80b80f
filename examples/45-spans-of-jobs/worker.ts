/** What every worker thread of the pool runs, with the tracer of its thread. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Pool, PoolThread } from "shared-nothing"
import { Shop } from "./protocol.ts"
import { spans, Telemetry } from "./telemetry.ts"

const ShopLive = Shop.toLayer(Effect.gen(function*() {
  const shop = yield* Pool.ref(Shop)
  return Shop.of({
    Total: ({ items }) =>
      Effect.forEach(items, (item) => shop.ask.Price({ item })).pipe(
        Effect.map((prices) => prices.reduce((sum, price) => sum + price, 0)),
        Effect.orDie
      ),
    Price: ({ item }) => Effect.succeed(item.length),
    CountStock: () => Effect.never,
    Spans: () => spans
  })
}))

PoolThread.launch(ShopLive.pipe(Layer.provide(Telemetry)))
