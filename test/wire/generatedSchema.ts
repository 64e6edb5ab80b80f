/**
 * Random schemas: a schema for every seed.
 */
import * as Schema from "effect/Schema"
import { width } from "../../src/wire/Codec.ts"

type Random = (below: number) => number

const randomOf = (seed: number): Random => {
  let state = (seed ^ 0x9e37_79b9) >>> 0
  return (below) => {
    state = (state + 0x6d2b_79f5) >>> 0
    let t = Math.imul(state ^ state >>> 15, 1 | state)
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t
    return ((t ^ t >>> 14) >>> 0) % below
  }
}

const leaves: ReadonlyArray<(random: Random) => Schema.Top> = [
  () => Schema.Number,
  () => Schema.String,
  () => Schema.Boolean,
  () => Schema.Int,
  () => Schema.BigInt,
  () => Schema.Date,
  () => Schema.Null,
  () => Schema.Uint8Array,
  (random) => Schema.Number.pipe(width((["u8", "i8", "u16", "i16", "u32", "i32", "f64"] as const)[random(7)]!)),
  (random) => Schema.Literals(Array.from({ length: 1 + random(9) }, (_, i) => `l${i}`)),
  () => Schema.String.check(Schema.isMaxLength(4)),
  () => Schema.NumberFromString,
  () => Schema.Option(Schema.Number)
]

const keys = ["a", "b", "length", "__proto__", "not a name", "1", "i32", "v"]

const fieldsOf = (random: Random, depth: number): Record<string, Schema.Top> => {
  const fields: Record<string, Schema.Top> = {}
  const count = 1 + random(5)
  for (let i = 0; i < count; i++) {
    const field = schemaOf(random, depth - 1)
    const kind = random(4)
    const value = kind === 0 ? Schema.optionalKey(field) : kind === 1 ? Schema.optional(field) : field
    const key = random(4) === 0 ? keys[random(keys.length)]! : `k${i}`
    Object.defineProperty(fields, key, { value, enumerable: true, configurable: true, writable: true })
  }
  return fields
}

const schemaOf = (random: Random, depth: number): Schema.Top => {
  if (depth <= 0) return leaves[random(leaves.length)]!(random)
  switch (random(9)) {
    case 0:
    case 1:
      return Schema.Struct(fieldsOf(random, depth))
    case 2:
      return Schema.Array(schemaOf(random, depth - 1))
    case 3:
      return Schema.NullOr(schemaOf(random, depth - 1))
    case 4:
      return Schema.Union(
        Array.from({ length: 1 + random(4) }, (_, i) => Schema.TaggedStruct(`T${i}`, fieldsOf(random, depth)))
      )
    case 5:
      return Schema.Tuple([schemaOf(random, depth - 1), schemaOf(random, depth - 1)])
    case 6:
      return Schema.Record(Schema.String, schemaOf(random, depth - 1))
    case 7:
      return Schema.Union([Schema.String, Schema.Number, Schema.Array(schemaOf(random, depth - 1))])
    default:
      return leaves[random(leaves.length)]!(random)
  }
}

/** The schema of a seed. */
export const schemaFromSeed = (seed: number): Schema.Top => schemaOf(randomOf(seed), 3)
