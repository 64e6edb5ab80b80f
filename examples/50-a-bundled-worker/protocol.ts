import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export const Greeter = Actor.make("Greeter", [
  Rpc.make("Greet", { payload: { name: Schema.String }, success: Schema.String })
])
