/** Entries of accounts: those of one account are written one after the other, in the order in which they were sent. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, Route } from "shared-nothing"

export const Journal = Actor.make("Journal", [
  /** Answers who has written it. */
  Rpc.make("Write", { payload: { account: Schema.String, entry: Schema.Int }, success: Schema.String }).pipe(
    Route.byKey(({ account }) => account)
  ),
  /** Takes five milliseconds of any worker. */
  Rpc.make("Audit")
])
