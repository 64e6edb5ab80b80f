/** What the threads say to each other. Pixels are parcels: they are handed over, never copied. */
import * as Schema from "effect/Schema"
import * as Codec from "shared-nothing/wire/Codec"
import * as Parcel from "shared-nothing/wire/Parcel"

const Index = Schema.Int.pipe(Codec.width("u32"))

export const Request = Schema.Union([
  /** Invert the picture where it is, and send it back. The worker owns it meanwhile. */
  Schema.TaggedStruct("Invert", { pixels: Parcel.Unique }),
  /** Add the bytes from one index to another up. Others read the same picture. */
  Schema.TaggedStruct("Sum", { pixels: Parcel.Shared, from: Index, to: Index }),
  Schema.TaggedStruct("Stop", {})
])

export const Reply = Schema.Union([
  Schema.TaggedStruct("Inverted", { pixels: Parcel.Unique }),
  Schema.TaggedStruct("Summed", { sum: Schema.Number })
])

/** What a worker is started with. */
export interface Start {
  readonly owner: number
  readonly arena: SharedArrayBuffer
  readonly requests: Memory
  readonly replies: Memory
}

/** The memory of one lane. */
export interface Memory {
  readonly ring: SharedArrayBuffer
  readonly bell: SharedArrayBuffer
}
