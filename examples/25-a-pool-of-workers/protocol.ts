/** What can be asked: the definition of an actor, and of a pool. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, Pool } from "shared-nothing"

export class TooManyRounds
  extends Schema.TaggedError<TooManyRounds>("hashing/TooManyRounds")("TooManyRounds", { most: Schema.Int })
{}

export const Hashing = Actor.make("Hashing", [
  /** May be begun three times: a hash does no harm twice. */
  Rpc.make("Sha256", {
    payload: { text: Schema.String, rounds: Schema.Int },
    success: Schema.String,
    error: TooManyRounds
  }).annotate(Pool.Attempts, 3)
])
