/**
 * The receiving thread of the channel cases: adds messages up and answers the sums after every `count` of them.
 */
import * as Schema from "effect/Schema"
import * as ChannelThread from "../../src/channel/ChannelThread.ts"
import { width } from "../../src/wire/Codec.ts"

const U32 = width("u32")(Schema.Int)

export const Message = Schema.Struct({ id: U32, a: U32, b: Schema.Number })
export const Tally = Schema.Struct({ count: Schema.Number, checksum: Schema.Number })
/** How many messages make a sample, and whether they are received one by one. */
export const Start = Schema.Struct({ count: U32, oneByOne: Schema.Boolean })

export const Summing = ChannelThread.make("summing", {
  starts: ChannelThread.receiver(Start),
  messages: ChannelThread.receiver(Message),
  tallies: ChannelThread.sender(Tally)
})
