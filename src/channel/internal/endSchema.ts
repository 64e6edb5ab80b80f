/**
 * The schemas of ends: an end in a message is written as the number of its channel and of its place there.
 *
 * What else it takes to open it, four buffers of shared memory, is told to all threads before the message can be seen; see `offers.ts`.
 */
import * as Schema from "effect/Schema"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"
import * as Carry from "../../wire/Carry.ts"
import * as Codec from "../../wire/Codec.ts"
import { Awaited } from "../../wire/kernel/Missing.ts"
import { Thread } from "../../wire/kernel/ThreadCarriage.ts"
import type { Receiver } from "../Receiver.ts"
import type { Sender } from "../Sender.ts"
import type { EndLife } from "./endLife.ts"
import { type Offer, offersOf } from "./offers.ts"
import { openMemory } from "./sharedMemory.ts"
import { SharedReceiver } from "./sharedReceiver.ts"
import { SharedSender } from "./sharedSender.ts"

/** How an end lies in a message: 16 bytes. */
export const Wire = Schema.Struct({ channel: Schema.Number, end: Schema.Number.pipe(Codec.width("u32")) })

// Ends of every type travel alike.
interface Lives {
  readonly life: EndLife<any>
}

const otherLayout = (what: string, codec: Codec.Codec<unknown>) =>
  new Carry.Unfit(`this is ${what} of a channel of another schema, not of layout ${codec.layout}`)

/** The memory of a channel, or why there is none. */
const offered = (thread: ThreadContext, id: number, what: string, codec: Codec.Codec<unknown>): Offer | Carry.Unfit => {
  const offers = offersOf(thread)
  const offer = offers.find(id)
  if (offer === undefined) {
    offers.miss(id)
    return new Carry.Unfit(`nobody knows the channel of ${what}: all threads that did have gone`)
  }
  return offer.layoutHash === codec.layoutHash ? offer : otherLayout(what, codec)
}

const schemaOf = <End, Made extends End & Lives>(
  schema: Schema.Top,
  what: string,
  is: (value: unknown) => value is Made,
  open: (thread: ThreadContext, offer: Offer, codec: Codec.Codec<any>, end: number) => Made
): EndSchema<End> => {
  // A message may hold an end of its own channel: the schema is looked at when the first end comes by.
  let compiled: Codec.Codec<unknown> | undefined
  const codecOf = () => compiled ??= Codec.compile(schema)
  const made = Carry.schema<Made, typeof Wire>(Wire, what, {
    is,
    prepare: (carriage) => {
      const thread = carriage.get(Thread)
      if (thread !== undefined) carriage.provide(Awaited, offersOf(thread))
    },
    canLeave: ({ life }) => life.canLeave && life.access.codec.layoutHash === codecOf().layoutHash,
    encode: ({ life }, way) => {
      if (life.access.codec.layoutHash !== codecOf().layoutHash) return otherLayout(what, codecOf())
      if (!life.canLeave) return new Carry.Unfit(life.gone().message)
      way?.carried.push(life)
      return { channel: life.access.memory.id, end: life.sentEnd }
    },
    decode: ({ channel, end }, { carriage, carried }) => {
      const thread = carriage.get(Thread)
      if (thread === undefined) return new Carry.Unfit(`${what} can only be read on a thread`)
      const offer = offered(thread, channel, what, codecOf())
      if (offer instanceof Carry.Unfit) return offer
      const opened = open(thread, offer, codecOf(), end)
      carried.push(opened.life)
      return opened
    }
  })
  return made
}

/** The schema of an end. */
export type EndSchema<End> = Carry.Of<End, typeof Wire.Type>

/** See `SharedChannel.Sender`. */
export const senderSchema = <S extends Schema.Top>(schema: S): EndSchema<Sender<S["Type"]>> =>
  schemaOf(
    schema,
    "a sender",
    (value): value is SharedSender<S["Type"]> => value instanceof SharedSender,
    (thread, { memory, settings }, codec, end) =>
      new SharedSender(openMemory<S["Type"]>(thread, settings, codec, memory), end, "arrived")
  )

/** See `SharedChannel.Receiver`. */
export const receiverSchema = <S extends Schema.Top>(schema: S): EndSchema<Receiver<S["Type"]>> =>
  schemaOf(
    schema,
    "a receiver",
    (value): value is SharedReceiver<S["Type"]> => value instanceof SharedReceiver,
    (thread, { memory, settings }, codec, end) =>
      new SharedReceiver(openMemory<S["Type"]>(thread, settings, codec, memory), end, {}, "arrived")
  )
