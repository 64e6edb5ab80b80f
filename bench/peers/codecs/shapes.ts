/**
 * The four shapes of the codec cases: values to encode, and their schemas.
 */
import { isDeepStrictEqual } from "node:util"
import type { Measured, Params } from "../../runner/Case.ts"
import { expectedIds, nanosEach, sample } from "../../runner/Sampling.ts"

/** A value of any shape: each carries its number. */
export interface Value {
  readonly id: number
}

/** The shapes by name. */
export const shapes = {
  numbers: (id: number) => ({ id, a: 7, b: id * 0.5 }),
  strings: (id: number) => ({ id, type: "order.created", user: `u-${100_000 + id}`, quantity: id & 7, price: 19.5 }),
  nested: (id: number) => ({
    id,
    items: Array.from({ length: 10 }, (_, index) => ({
      sku: `sku-${(id + index) & 255}`,
      quantity: index,
      price: index * 1.25
    }))
  }),
  text: (id: number) => ({ id, text: String.fromCharCode(97 + id % 26) + text })
} satisfies { readonly [name: string]: (id: number) => Value }

/** The name of a shape. */
export type Shape = keyof typeof shapes

const letters = "the quick brown fox jumps over the lazy dog, and the dog sleeps on. "
const text = letters.repeat(16).slice(0, 1023)

/** The number of distinct values, with the ids from 0. */
export const distinct = 256

/** What a codec does; what it writes may be overwritten by its next `write`. */
export interface ValueCodec<Bytes> {
  /** Encodes a value; `slot` numbers the distinct values, for codecs that write into memory of their own. */
  readonly write: (value: Value, slot: number) => Bytes
  readonly read: (bytes: Bytes) => unknown
  /** Copies what `write` answered, when that is needed to keep it. */
  readonly keep?: (bytes: Bytes) => Bytes
}

/** Held where the optimiser cannot see that nobody looks: a value read is a value made. */
let sink: unknown

/** Measures one direction over 256 distinct values, after every one of them has come back equal. */
export const measure = async <Bytes>(
  params: Params,
  shape: Shape,
  direction: "write" | "read",
  codec: ValueCodec<Bytes>
): Promise<Measured> => {
  const values: Array<Value> = Array.from({ length: distinct }, (_, id) => shapes[shape](id))
  const keep = codec.keep ?? ((bytes: Bytes): Bytes => bytes)
  const encoded = values.map((value, slot) => keep(codec.write(value, slot)))
  let equal = 0
  let ids = 0
  const write = (): void => {
    for (let index = 0; index < params.count; index++) {
      const slot = index & (distinct - 1)
      sink = codec.write(values[slot]!, slot)
    }
  }
  const read = (): void => {
    for (let index = 0; index < params.count; index++) sink = codec.read(encoded[index & (distinct - 1)]!)
  }
  const run = direction === "write" ? write : read
  const samples = await sample(params, () => {
    const start = performance.now()
    run()
    return nanosEach(performance.now() - start, params.count)
  })
  for (let slot = 0; slot < distinct; slot++) {
    const value = codec.read(direction === "write" ? keep(codec.write(values[slot]!, slot)) : encoded[slot]!)
    if (!isDeepStrictEqual(value, values[slot])) continue
    equal++
    ids += values[slot]!.id
  }
  if (sink === undefined) throw new Error("nothing was measured")
  return { samples, received: { count: equal, checksum: ids }, expected: expectedIds(distinct) }
}
