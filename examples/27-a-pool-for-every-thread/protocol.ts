/** What the pool does, and what the actors do that use it. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export const Hashing = Actor.make("Hashing", [
  Rpc.make("Sha256", { payload: { text: Schema.String }, success: Schema.String })
])

export const Order = Actor.make("Order", [
  /** The receipt of an order: a digest of each of its lines. */
  Rpc.make("Receipt", { payload: { lines: Schema.Array(Schema.String) }, success: Schema.Array(Schema.String) })
])
