/** What can be asked: a sum that takes a while, and where it is made. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export const Sums = Actor.make("Sums", [
  Rpc.make("UpTo", { payload: { n: Schema.Int }, success: Schema.Struct({ sum: Schema.Int, niceness: Schema.Int }) })
])
