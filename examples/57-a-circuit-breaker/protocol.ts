/** Prices of things, which a shop far away knows. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export class ShopIsDown extends Schema.TaggedError<ShopIsDown>("prices/ShopIsDown")("ShopIsDown", {}) {}

export class NotSold extends Schema.TaggedError<NotSold>("prices/NotSold")("NotSold", { item: Schema.String }) {}

export const Prices = Actor.make("Prices", [
  Rpc.make("Price", {
    payload: { item: Schema.String },
    success: Schema.Int,
    error: Schema.Union([ShopIsDown, NotSold])
  })
])
