/** Whether a text is as a pattern says, which some patterns take years to find out. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export const Matching = Actor.make("Matching", [
  Rpc.make("Test", { payload: { pattern: Schema.String, text: Schema.String }, success: Schema.Boolean })
])
