/** What the threads say to each other. Pixels are parcels: they are handed over, never copied. */
import * as Schema from "effect/Schema"
import { ChannelThread, Codec, Parcel } from "shared-nothing"

const Index = Schema.Int.pipe(Codec.width("u32"))

export const Request = Schema.Union([
  /** Invert the picture where it is, and send it back. The worker owns it meanwhile. */
  Schema.TaggedStruct("Invert", { pixels: Parcel.Unique }),
  /** Add the bytes from one index to another up. Others read the same picture. */
  Schema.TaggedStruct("Sum", { pixels: Parcel.Shared, from: Index, to: Index })
])

export const Reply = Schema.Union([
  Schema.TaggedStruct("Inverted", { pixels: Parcel.Unique }),
  Schema.TaggedStruct("Summed", { sum: Schema.Number })
])

export const Painter = ChannelThread.make("painter", {
  requests: ChannelThread.receiver(Request),
  replies: ChannelThread.sender(Reply)
})
