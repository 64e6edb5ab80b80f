/**
 * A value as bytes of its own, outside of any ring: for what is rare, and for ports.
 */
import { Region } from "../../memory/Region.ts"
import type { Carriage } from "../Carriage.ts"
import type { Codec } from "../Codec.ts"
import { Scratch } from "../Scratch.ts"

/** The exact bytes of a value; `undefined` when it breaks its schema. */
export const toBytes = <A>(codec: Codec<A>, value: A, scratch = new Scratch()): Uint8Array | undefined => {
  return codec.encode(value, scratch) < 0 ? undefined : scratch.take()
}

/**
 * The value in the bytes that {@link toBytes} made.
 *
 * **Errors** Throws `MalformedRecord` when they are none.
 */
export const fromBytes = <A>(codec: Codec<A>, bytes: Uint8Array, carriage?: Carriage): A => {
  const region = new Region(new ArrayBuffer((bytes.length + 7) & -8))
  region.u8.set(bytes)
  return codec.read(region, 0, bytes.length, carriage)
}
