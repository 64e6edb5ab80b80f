/** A worker that asks the shop, which does not answer the first three times. */
import * as Effect from "effect/Effect"
import { PoolThread } from "shared-nothing"
import { NotSold, Prices, ShopIsDown } from "./protocol.ts"

const sold = new Map([["tea", 3], ["milk", 2]])

PoolThread.launch(Prices.toLayer(() => {
  let asked = 0
  return Prices.of({
    Price: ({ item }) =>
      Effect.gen(function*() {
        if (++asked <= 3) return yield* new ShopIsDown()
        return sold.get(item) ?? (yield* new NotSold({ item }))
      })
  })
}))
