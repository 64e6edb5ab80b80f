import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export const Orders = Actor.make("Orders", [
  Rpc.make("Place", { payload: { item: Schema.String } }),
  Rpc.make("Placed", { success: Schema.Array(Schema.String) })
])
