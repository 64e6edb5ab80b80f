/** What the threads say to each other: who asks gives the end along on which the answers come. */
import * as Schema from "effect/Schema"
import { ChannelThread, SharedChannel } from "shared-nothing"

export const Query = Schema.Struct({
  from: Schema.Int,
  to: Schema.Int,
  primes: SharedChannel.Sender(Schema.Int)
})

export const Sieve = ChannelThread.make("sieve", { queries: ChannelThread.receiver(Query) })
