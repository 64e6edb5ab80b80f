/** The shop's behaviours, with the tracer of the worker thread. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ActorThread } from "shared-nothing"
import { Checkout, Post, Stock } from "./protocol.ts"
import { RecorderLive, Telemetry } from "./telemetry.ts"

const CheckoutLive = Checkout.toLayer(Effect.succeed(Checkout.of({
  Buy: ({ item, post, stock }) => Effect.orDie(stock.ask.Reserve({ item, post }))
})))

const StockLive = Stock.toLayer(Effect.succeed(Stock.of({
  Reserve: ({ item, post }) => Effect.orDie(Effect.withSpan(post.tell.Ship({ item }), "hand over"))
})))

const PostLive = Post.toLayer(Effect.succeed(Post.of({ Ship: () => Effect.void })))

ActorThread.launch(
  Layer.mergeAll(CheckoutLive, StockLive, PostLive, RecorderLive).pipe(Layer.provide(Telemetry))
)
