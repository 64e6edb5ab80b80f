import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export const Echo = Actor.make("Echo", [Rpc.make("Ping", { success: Schema.Int })])
