/** Files that are read by a library that does not let go of its thread. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export const Files = Actor.make("Files", [
  Rpc.make("Read", { success: Schema.String }),
  Rpc.make("Size", { success: Schema.String })
])
