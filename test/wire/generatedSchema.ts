/**
 * Random schemas: a schema for every seed, between them of every kind of plan.
 *
 * `WIRE_FUZZ_RUNS` multiplies the runs of the tests that use them, `WIRE_FUZZ_SEED` starts them elsewhere:
 * `WIRE_FUZZ_RUNS=50 WIRE_FUZZ_SEED=7 npx vitest run test/wire/CodecFuzz.test.ts`.
 */
import type * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { width } from "../../src/wire/Codec.ts"
import { tries } from "../support/effort.ts"

const factor = Number(process.env["WIRE_FUZZ_RUNS"] ?? 1)
const start = process.env["WIRE_FUZZ_SEED"]

/** The options of a property that is tried this often, unless the environment asks for more. */
export const runs = (count: number): { readonly timeout: number; readonly arbitrary: Arbitrary.CheckOptions } => ({
  timeout: 180_000 + factor * count * 50,
  arbitrary: { runs: tries(count * factor), ...(start === undefined ? {} : { seed: start }) }
})

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

/** What is known where a schema is made. */
interface Place {
  readonly random: Random
  readonly depth: number
  /** Names the classes made here. */
  readonly seed: number
  /** The recursive schemas around this place. */
  readonly around: ReadonlyArray<Schema.Top>
}

type Make = (place: Place) => Schema.Top

const pick = <A>(random: Random, items: ReadonlyArray<A>): A => items[random(items.length)]!

const leaves: ReadonlyArray<Make> = [
  () => Schema.Number,
  () => Schema.String,
  () => Schema.Boolean,
  () => Schema.Int,
  () => Schema.BigInt,
  () => Schema.Date,
  () => Schema.Null,
  () => Schema.Undefined,
  () => Schema.Uint8Array,
  ({ random }) => Schema.Number.pipe(width(pick(random, ["u8", "i8", "u16", "i16", "u32", "i32", "f64"]))),
  () => Schema.BigInt.pipe(width("i64")),
  ({ random }) => Schema.Literals(Array.from({ length: 1 + random(9) }, (_, i) => `l${i}`)),
  () => Schema.Enum({ A: 0, B: 1, C: "c" }),
  () => Schema.String.check(Schema.isMaxLength(4)),
  () => Schema.TemplateLiteral(["id-", Schema.Int]),
  () => Schema.NumberFromString,
  () => Schema.DateFromMillis,
  () => Schema.DateTimeUtc,
  () => Schema.Duration,
  () => Schema.URL,
  () => Schema.Symbol,
  () => Schema.Json
]

const keys = ["a", "b", "length", "__proto__", "not a name", "1", "i32", "v"]

const fieldsOf = (place: Place): Record<string, Schema.Top> => {
  const { random } = place
  const fields: Record<string, Schema.Top> = {}
  const count = 1 + random(5)
  for (let i = 0; i < count; i++) {
    const field = deeper(place)
    const kind = random(4)
    const value = kind === 0 ? Schema.optionalKey(field) : kind === 1 ? Schema.optional(field) : field
    const key = random(4) === 0 ? pick(random, keys) : `k${i}`
    Object.defineProperty(fields, key, { value, enumerable: true, configurable: true, writable: true })
  }
  return fields
}

const deeper = (place: Place): Schema.Top => schemaOf({ ...place, depth: place.depth - 1 })

const many = (place: Place): ReadonlyArray<Schema.Top> =>
  Array.from({ length: 1 + place.random(3) }, () => deeper(place))

const named = (place: Place): string => `wire/test/generated/${place.seed}/${place.random(2 ** 31)}`

const recursive: Make = (place) => {
  const self: Schema.Top = Schema.suspend(() => node as Schema.Codec<unknown>)
  const inner = { ...place, depth: place.depth - 1, around: [...place.around, self] }
  const node: Schema.Top = Schema.Struct({ value: schemaOf(inner), next: linkOf(self, place.random) })
  return node
}

// Recursions go through something that can be empty, so that there are finite values.
const linkOf = (self: Schema.Top, random: Random): Schema.Top =>
  pick(random, [
    () => Schema.Array(self),
    () => Schema.NullOr(self),
    () => Schema.Option(self),
    () => Schema.Record(Schema.String, self),
    () => Schema.ReadonlyMap(Schema.String, self),
    () => Schema.Tuple([Schema.Number, Schema.optionalKey(self)])
  ])()

const composites: ReadonlyArray<Make> = [
  (place) => Schema.Struct(fieldsOf(place)),
  (place) => Schema.Struct(fieldsOf(place)),
  (place) => Schema.Array(deeper(place)),
  (place) => Schema.NonEmptyArray(deeper(place)),
  (place) => Schema.NullOr(deeper(place)),
  (place) =>
    Schema.Union(Array.from({ length: 1 + place.random(4) }, (_, i) => Schema.TaggedStruct(`T${i}`, fieldsOf(place)))),
  (place) => Schema.Union([Schema.Struct(fieldsOf(place)), Schema.Struct(fieldsOf(place))]),
  (place) => Schema.Union([Schema.String, Schema.Number, Schema.Array(deeper(place))]),
  (place) => Schema.Tuple([deeper(place), deeper(place)]),
  (place) => Schema.Tuple([deeper(place), Schema.optionalKey(deeper(place))]),
  (place) => Schema.TupleWithRest(Schema.Tuple([deeper(place)]), [deeper(place), ...many(place)]),
  (place) => Schema.Record(Schema.String, deeper(place)),
  (place) => Schema.Record(Schema.String.check(Schema.isMinLength(2)), deeper(place)),
  (place) => Schema.Record(Schema.Symbol, deeper(place)),
  (place) => Schema.StructWithRest(Schema.Struct({ k: Schema.String }), [Schema.Record(Schema.Number, deeper(place))]),
  (place) => Schema.Option(deeper(place)),
  (place) => Schema.Result(deeper(place), deeper(place)),
  (place) => Schema.Exit(deeper(place), deeper(place), Schema.Json),
  (place) => Schema.Cause(deeper(place), deeper(place)),
  (place) => Schema.Chunk(deeper(place)),
  (place) => Schema.ReadonlyMap(Schema.String, deeper(place)),
  () => Schema.ReadonlySet(Schema.NumberFromString),
  (place) => Schema.HashMap(Schema.String, deeper(place)),
  () => Schema.HashSet(Schema.String),
  (place) => {
    class Generated extends Schema.Class<Generated>(named(place))(fieldsOf(place)) {}
    return Generated
  },
  (place) => Schema.Struct({ a: Schema.OptionFromOptionalKey(deeper(place)), b: Schema.OptionFromNullOr(Schema.Int) }),
  recursive,
  recursive
]

const schemaOf: Make = (place) => {
  const { around, depth, random } = place
  if (around.length > 0 && random(6) === 0) return linkOf(pick(random, around), random)
  if (depth <= 0 || random(8) === 0) return pick(random, leaves)(place)
  return pick(random, composites)(place)
}

const made = new Map<number, Schema.Top>()

/** The schema of a seed. */
export const schemaFromSeed = (seed: number): Schema.Top => {
  let schema = made.get(seed)
  if (schema === undefined) {
    schema = schemaOf({ random: randomOf(seed), depth: 3, seed, around: [] })
    // A class is equal only to itself, so the last schemas are kept; a property looks at few at a time.
    if (made.size >= 1000) made.clear()
    made.set(seed, schema)
  }
  return schema
}
