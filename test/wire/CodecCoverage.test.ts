import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { isDeepStrictEqual } from "node:util"
import { describe, expect, it } from "vitest"
import { compile, INVALID } from "../../src/wire/Codec.ts"
import { makeProgram } from "../../src/wire/internal/program.ts"
import { walkSchema } from "../../src/wire/internal/walk.ts"
import { SchemaUnsupported } from "../../src/wire/WireError.ts"
import { bothBackEnds, comparable, OFFSET, writeWithBoth } from "./assertions.ts"
import * as coverage from "./coverage.ts"

const exported = Schema as unknown as Record<string, Schema.Top>

const byName = (names: ReadonlyArray<string>): ReadonlyArray<readonly [string, Schema.Top]> =>
  names.map((name) => [name, exported[name]!])

const laidOut = [...byName(coverage.laidOut), ...Object.entries(coverage.makesLaidOut)]
const transformed = [...byName(coverage.transformed), ...Object.entries(coverage.makesTransformed)]

/** Whether a part of a schema is encoded by the schema before it is laid out. */
const isTransformed = (schema: Schema.Top): boolean => makeProgram(walkSchema(schema.ast)).transforms

const valuesOf = (name: string, schema: Schema.Codec<unknown, unknown>): ReadonlyArray<unknown> => {
  const given = coverage.encoded[name]
  if (given !== undefined) return given.map((value) => Schema.decodeUnknownSync(Schema.toCodecJson(schema))(value))
  return Effect.runSync(Arbitrary.sampleEffect(Arbitrary.schema(schema), { count: 20, seed: name }))
}

/** Writes and reads a value; answers whether the schema itself brings it back from its encoded form. */
const crosses = (schema: Schema.Codec<unknown, unknown>, value: unknown): boolean => {
  const encoded = Schema.encodeUnknownExit(schema)(value)
  if (Exit.isFailure(encoded)) return false
  const decoded = Schema.decodeUnknownExit(schema)(encoded.value)
  if (Exit.isFailure(decoded)) return false
  const { end, region } = writeWithBoth(schema, value)
  expect(end, compile(schema).explain(value)).not.toBe(INVALID)
  const equivalent = Schema.toEquivalence(schema)
  for (const codec of bothBackEnds(schema)) {
    const read = codec.read(region, OFFSET, end)
    // Exact where the schema is: what it loses in its encoded form is all that may be lost.
    const equal = equivalent(read, value) || isDeepStrictEqual(comparable(read), comparable(decoded.value))
    expect(equal || [read, value]).toBe(true)
  }
  return true
}

const mentioned = new Set([
  ...[...laidOut, ...transformed].map(([name]) => name),
  ...[coverage.makesRefused, coverage.makesKeys].flatMap((table) => Object.keys(table)),
  ...coverage.refused,
  ...coverage.hidden
].map((name) => name.split(":")[0]))

describe("Codec coverage", () => {
  it("mentions every export of effect/Schema", () => {
    const left = Object.keys(Schema).filter((name) =>
      !mentioned.has(name) && !coverage.makesNothing.some((pattern) => pattern.test(name))
    )
    expect(left, "give each its row in coverage.ts").toEqual([])
    expect([...mentioned].filter((name) => !Object.hasOwn(Schema, name!)), "these are no longer exported").toEqual([])
  })

  for (const [name, schema] of laidOut) {
    it(`lays out ${name}`, () => {
      expect(isTransformed(schema)).toBe(false)
      const codec = schema as unknown as Schema.Codec<unknown, unknown>
      const values = valuesOf(name, codec)
      for (const value of values) expect(crosses(codec, value)).toBe(true)
    })
  }

  for (const [name, schema] of transformed) {
    it(`lays out the encoded form of ${name}`, () => {
      expect(isTransformed(schema)).toBe(true)
      const codec = schema as unknown as Schema.Codec<unknown, unknown>
      const values = valuesOf(name, codec)
      const crossed = values.filter((value) => crosses(codec, value))
      expect(crossed.length > 0 || values.length === 0).toBe(true)
    })
  }

  const refused: ReadonlyArray<readonly [string, Schema.Top, RegExp]> = [
    ...byName(coverage.refused).map(([name, schema]) =>
      [name, schema, /has no annotation toCodec or toCodecJson|is encoded only asynchronously/] as const
    ),
    ...Object.entries(coverage.makesRefused).map(([name, [schema, reason]]) => [name, schema, reason] as const)
  ]

  for (const [name, schema, reason] of refused) {
    it(`refuses ${name} at its definition`, () => {
      const fields = Schema.Struct({ deep: Schema.Array(schema) })
      const thrown = [schema, fields].map((refusedSchema) => {
        try {
          compile(refusedSchema)
        } catch (error) {
          return error
        }
        return undefined
      })
      for (const error of thrown) {
        expect(error).toBeInstanceOf(SchemaUnsupported)
        expect((error as SchemaUnsupported).reason).toMatch(reason)
        expect((error as SchemaUnsupported).message).toMatch(/^value.* cannot cross between threads: .*Give it/)
      }
      expect((thrown[1] as SchemaUnsupported).path).toMatch(/^value\.deep\[\]/)
    })
  }

  for (const [name, schema] of Object.entries(coverage.makesKeys)) {
    it(`takes ${name} for its encoded form`, () => {
      expect(isTransformed(schema)).toBe(true)
      expect(compile(schema).isValid({})).toBe(false)
      expect(compile(schema).explain({}).length).toBeGreaterThan(0)
    })
  }

  it("brings a key back that its schema lets be encoded", () => {
    const schema = coverage.makesKeys["AeadKeyFromBytes"]!
    const key = Schema.decodeUnknownSync(schema as never)(new Uint8Array(32))
    expect(crosses(schema as never, key)).toBe(true)
  })
})
