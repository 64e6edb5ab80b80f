/** A checkout asks for stock on another thread and tells the post office; a recorder hands out the spans of its thread. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export const Post = Actor.make("Post", [
  Rpc.make("Ship", { payload: { item: Schema.String } })
])

export const Stock = Actor.make("Stock", [
  Rpc.make("Reserve", { payload: { item: Schema.String, post: Post.ref } })
])

export const Checkout = Actor.make("Checkout", [
  Rpc.make("Buy", { payload: { item: Schema.String, stock: Stock.ref, post: Post.ref } })
])

export const Span = Schema.Struct({
  traceId: Schema.String,
  id: Schema.String,
  parent: Schema.UndefinedOr(Schema.String),
  name: Schema.String,
  kind: Schema.String,
  thread: Schema.Int
})

export const Recorder = Actor.make("Recorder", [
  Rpc.make("Spans", { success: Schema.Array(Span) })
])
