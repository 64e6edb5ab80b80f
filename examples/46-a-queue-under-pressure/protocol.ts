/** Pages that are rendered: what somebody looks at comes first, what nobody waits for last. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

const page = { payload: { page: Schema.Int }, success: Schema.String }

export const Pages = Actor.make("Pages", [
  Rpc.make("Warm").annotate(Actor.Priority, "high"),
  Rpc.make("Preview", page).annotate(Actor.Priority, "high"),
  Rpc.make("Render", page),
  Rpc.make("Archive", page).annotate(Actor.Priority, "low")
])
