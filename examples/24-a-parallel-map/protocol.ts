/** What can be asked: the digest of a file. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, Pool } from "shared-nothing"

export class Unreadable
  extends Schema.TaggedError<Unreadable>("digests/Unreadable")("Unreadable", { why: Schema.String })
{}

export const Digests = Actor.make("Digests", [
  Rpc.make("Sha256", { payload: { file: Schema.String }, success: Schema.String, error: Unreadable })
    .annotate(Pool.Attempts, 2)
])
