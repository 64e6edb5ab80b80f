/** A thread of actors, which have the pool that the main thread has made do their hashes. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ActorThread, Pool } from "shared-nothing"
import { Hashing, Order } from "./protocol.ts"

const OrderLive = Order.toLayer(Effect.gen(function*() {
  const hashing = yield* Pool.ref(Hashing)
  return Order.of({
    Receipt: ({ lines }) =>
      Effect.forEach(lines, (text) => hashing.ask.Sha256({ text }), { concurrency: "unbounded" }).pipe(
        Effect.map((digests) => digests.map((digest) => digest.slice(0, 8))),
        Effect.orDie
      )
  })
}))

ActorThread.launch(OrderLive.pipe(Layer.provide(Pool.layerJoin(Hashing))))
