/** Messages of one schema from one thread to another, one at a time: a ring for them, a doorbell to wake who waits for them. */
import type * as Schema from "effect/Schema"
import * as Doorbell from "shared-nothing/memory/Doorbell"
import * as SpscRing from "shared-nothing/memory/SpscRing"
import * as Codec from "shared-nothing/wire/Codec"
import * as Parcel from "shared-nothing/wire/Parcel"
import type { Memory } from "./protocol.ts"

export const memory = (): Memory => ({ ring: SpscRing.create(4096), bell: Doorbell.create() })

/** The sending end. The parcels of a message leave this thread when it has been written, before it can be read. */
export const sender = <S extends Schema.Top>(schema: S, { bell, ring }: Memory) => {
  const codec = Codec.compile(schema)
  const carrier = Parcel.carrier(schema)
  const writer = new SpscRing.SpscWriter(ring)
  const doorbell = new Doorbell.Doorbell(bell)
  return (message: S["Type"]): void => {
    const offset = writer.claim(codec.boundBytes(message))
    const end = offset < 0 ? Codec.INVALID : codec.write(message, writer.region, offset)
    if (end === Codec.INVALID) throw new Error(`cannot send: ${codec.explain(message)}`)
    carrier?.send(message)
    writer.commit(end - offset, 0)
    writer.publish()
    doorbell.ring()
  }
}

/** The receiving end: waits for the next message, and makes its parcels this thread's. */
export const receiver = <S extends Schema.Top>(schema: S, { bell, ring }: Memory) => {
  const codec = Codec.compile(schema)
  const carrier = Parcel.carrier(schema)
  const reader = new SpscRing.SpscReader(ring)
  const doorbell = new Doorbell.Doorbell(bell)
  return (): S["Type"] => {
    while (!reader.poll()) {
      doorbell.prepare()
      if (reader.isEmpty()) doorbell.waitBlocking()
      doorbell.cancel()
    }
    const message = codec.read(reader.region, reader.next(), reader.end)
    const isOurs = carrier?.take(message) ?? true
    reader.release()
    if (!isOurs) throw new Error("somebody else has taken the parcels of this message")
    return message
  }
}
