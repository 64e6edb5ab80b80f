/**
 * The shapes of the codec cases: values to encode, and their schemas.
 */
import { isDeepStrictEqual } from "node:util"
import type { Measured, Params } from "../../runner/Case.ts"
import { expectedIds, nanosEach, sample } from "../../runner/Sampling.ts"

/** A value of any shape: each carries its number. */
export interface Value {
  readonly id: number
}

/** The 30 fields of the wide shape, its id included: every third of the others is a text. */
export const wideFields = Array.from({ length: 29 }, (_, i) => `field${i}`)

const arrays = Array.from({ length: 4 }, (_, from) => Array.from({ length: 10_000 }, (_, i) => (from + i) * 0.5))

const records = Array.from(
  { length: 4 },
  (_, from) => Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, from + i]))
)

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
  wide: (id: number) => ({
    id,
    ...Object.fromEntries(wideFields.map((name, i) => [name, i % 3 === 0 ? `text ${(id + i) & 15}` : i * 1.5 + id]))
  }),
  array: (id: number) => ({ id, values: arrays[id & 3]! }),
  record: (id: number) => ({ id, entries: records[id & 3]! }),
  union: (id: number) => ({ id, event: { _tag: `Event${id % 20}`, at: id, note: `note ${id & 7}` } }),
  tree: (id: number) => ({ id, root: treeOf(6, id) }),
  text: (id: number) => ({ id, text: String.fromCharCode(97 + id % 26) + text })
} satisfies { readonly [name: string]: (id: number) => Value }

interface Tree {
  readonly label: string
  readonly children: ReadonlyArray<Tree>
}

function treeOf(depth: number, id: number): Tree {
  return {
    label: `node ${(id + depth) & 31}`,
    children: depth === 0 ? [] : [treeOf(depth - 1, id), treeOf(depth - 1, id + 1)]
  }
}

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
