/** Pages that are shown to somebody, and archived for nobody in particular. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

const page = { payload: { page: Schema.Int }, success: Schema.String }

export const Pages = Actor.make("Pages", [
  Rpc.make("Preview", page),
  Rpc.make("Archive", page).annotate(Actor.Priority, "low")
])
