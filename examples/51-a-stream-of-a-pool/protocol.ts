/** What can be asked: the primes behind a number, for as long as somebody reads them. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export class TooLarge extends Schema.TaggedError<TooLarge>("primes/TooLarge")("TooLarge", { most: Schema.Int }) {}

export const Primes = Actor.make("Primes", [
  Rpc.make("Behind", { payload: { number: Schema.Int }, success: Schema.Int, error: TooLarge, stream: true }),
  Rpc.make("Sum", { payload: { count: Schema.Int }, success: Schema.Int })
])
