/** Invoices that are rendered: who asks says for whom, and how urgent it is. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export const Invoices = Actor.make("Invoices", [
  Rpc.make("Warm"),
  Rpc.make("Render", { payload: { customer: Schema.String, invoice: Schema.Int }, success: Schema.String })
])
