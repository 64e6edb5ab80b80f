/**
 * What the two sides of `effect/rpc` agree on.
 */
import * as Rpc from "effect/rpc/Rpc"
import * as RpcGroup from "effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"

const Noted = Schema.Struct({ id: Schema.Number, a: Schema.Number, b: Schema.Number })

/** The messages of the remote cases. */
export const Protocol = RpcGroup.make(
  Rpc.make("Note", { payload: Noted }),
  Rpc.make("Stream", {
    payload: { count: Schema.Number, oneByOne: Schema.Boolean },
    success: Noted,
    stream: true
  }),
  Rpc.make("Tally", { success: Schema.Struct({ count: Schema.Number, checksum: Schema.Number }) }),
  Rpc.make("Add", { payload: { value: Schema.Number }, success: Schema.Number })
)
