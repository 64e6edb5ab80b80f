/**
 * What every codec test does with a value: write it with both back ends into poisoned memory, compare the bytes, read it back with both.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as Schema from "effect/Schema"
import { deepStrictEqual, ok, strictEqual } from "node:assert"
import { isDeepStrictEqual } from "node:util"
import { Region } from "../../src/memory/Region.ts"
import type { Codec } from "../../src/wire/Codec.ts"
import { compile, INVALID, TOO_LARGE_TO_PLACE } from "../../src/wire/Codec.ts"
import { Scratch } from "../../src/wire/Scratch.ts"

export { deepStrictEqual, ok, strictEqual, throws } from "node:assert"

/** Where records start: neither at the start of the region nor of a cache line. */
export const OFFSET = 24

const POISON = 0xa5

/** Poisoned memory with room for a record of this size between two guards. */
export const poisoned = (bytes: number, poison = POISON): Region => {
  const region = new Region(new SharedArrayBuffer(Math.ceil((OFFSET + bytes + 64) / 8) * 8))
  region.u8.fill(poison)
  return region
}

/** Both back ends of a schema. */
export const bothBackEnds = <S extends Schema.Top>(schema: S): readonly [Codec<S["Type"]>, Codec<S["Type"]>] => [
  compile(schema),
  compile(schema, { eval: false })
]

/** Writes a value with a codec into poisoned memory; the end is `INVALID` when it is refused. */
export const write = <A>(
  codec: Codec<A>,
  value: unknown,
  poison = POISON
): { readonly region: Region; readonly end: number } => {
  const scratch = new Scratch()
  // What is not written stays as it was: bytes that two back ends write are the same, and nothing else is.
  const stretch = scratch.open()
  stretch.u8.fill(poison)
  scratch.close(stretch, 0)
  const bytes = codec.encode(value as A, scratch)
  const region = poisoned(Math.max(0, bytes))
  if (bytes !== INVALID) scratch.copyTo(region, OFFSET)
  return { region, end: bytes === INVALID ? INVALID : OFFSET + bytes }
}

/** Writes a value with both back ends; returns the memory and the end, the same for both. */
export const writeWithBoth = <S extends Schema.Top>(
  schema: S,
  value: S["Type"]
): { readonly region: Region; readonly end: number } => {
  const [generated, closures] = bothBackEnds(schema)
  const { end, region } = write(generated, value)
  const twin = write(closures, value)
  strictEqual(twin.end, end)
  deepStrictEqual(twin.region.u8, region.u8)
  const isValid = end !== INVALID
  strictEqual(generated.isValid(value), isValid)
  strictEqual(closures.isValid(value), isValid)
  if (isValid) {
    ok(end % 8 === 0)
    if (generated.fixedBytes !== undefined) strictEqual(end - OFFSET, generated.fixedBytes)
    if (generated.place !== undefined) samePlaced(generated, value, end - OFFSET, region)
  }
  return { region, end }
}

/** Asserts that a record written in place is the one that was encoded, and that no more was claimed than a text may take. */
const samePlaced = <A>(codec: Codec<A>, value: A, bytes: number, encoded: Region): void => {
  const target = {
    region: encoded,
    placedBytes: 0,
    claim: (most: number) => {
      ok(most >= bytes && most % 8 === 0)
      target.region = poisoned(most)
      return OFFSET
    }
  }
  const answer = codec.place!(value, target)
  if (answer === TOO_LARGE_TO_PLACE) return ok(bytes > 4096)
  strictEqual(answer, OFFSET)
  strictEqual(target.placedBytes, bytes)
  // A scratch that had to grow has no poison in it: there the padding differs.
  if (bytes <= 4096) {
    deepStrictEqual(target.region.u8.subarray(0, OFFSET + bytes), encoded.u8.subarray(0, OFFSET + bytes))
  } else deepStrictEqual(codec.read(target.region, OFFSET, OFFSET + bytes), value)
  deepStrictEqual(target.region.u8.subarray(-56), encoded.u8.subarray(-56))
}

const isPlain = (prototype: unknown): boolean => prototype === null || prototype === Object.prototype

const isWhole = (value: object): boolean =>
  value instanceof Date || value instanceof Uint8Array || value instanceof URL || value instanceof Error
  || Duration.isDuration(value) || DateTime.isDateTime(value)

/**
 * A value as it can be compared: with plain objects where generators make some without a prototype, and collections as their contents, which
 * they may hold in different ways.
 */
export const comparable = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== "object" || value === null || isWhole(value)) return value
  if (BigDecimal.isBigDecimal(value)) return { BigDecimal: value.value, scale: value.scale }
  if (Chunk.isChunk(value)) return { Chunk: [...value].map(comparable) }
  if (HashSet.isHashSet(value)) return { HashSet: new Set([...value].map(comparable)) }
  if (value instanceof Set) return new Set([...value].map(comparable))
  if (HashMap.isHashMap(value) || value instanceof Map) {
    const entries = [...value as Iterable<readonly [unknown, unknown]>]
    const map = new Map(entries.map(([key, item]) => [comparable(key), comparable(item)]))
    return value instanceof Map ? map : { HashMap: map }
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  const copy = isPlain(prototype) ? {} : Object.create(prototype as object) as object
  for (const key of Reflect.ownKeys(value)) {
    const item = comparable((value as Record<PropertyKey, unknown>)[key])
    Object.defineProperty(copy, key, { value: item, enumerable: true, configurable: true, writable: true })
  }
  return copy
}

/**
 * Asserts that a value crosses unharmed: it arrives as its schema takes it, or as the schema brings it back from its encoded form, where
 * members of a union that are encoded alike or a transformation lose something.
 */
export const roundTrip = <S extends Schema.Top>(schema: S, value: S["Type"]): void => {
  const { end, region } = writeWithBoth(schema, value)
  ok(end !== INVALID, `refused: ${compile(schema).explain(value)}`)
  const codec = schema as unknown as Schema.Codec<unknown, unknown>
  const taken = comparable(Schema.decodeUnknownSync(Schema.toType(codec))(value))
  for (const { read } of bothBackEnds(schema)) {
    const actual = comparable(read(region, OFFSET, end))
    if (isDeepStrictEqual(actual, taken)) continue
    deepStrictEqual(actual, comparable(Schema.decodeUnknownSync(codec)(Schema.encodeUnknownSync(codec)(value))))
  }
}

/** Asserts that both back ends refuse a value and say why. */
export const refused = (schema: Schema.Top, value: unknown): void => {
  const { end } = writeWithBoth(schema, value)
  strictEqual(end, INVALID)
  ok(compile(schema).explain(value).length > 0)
}
