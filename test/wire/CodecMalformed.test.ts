import { describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import type { Region } from "../../src/memory/Region.ts"
import { MalformedRecord } from "../../src/wire/WireError.ts"
import * as assert from "./assertions.ts"
import { bothBackEnds, OFFSET, poisoned, writeWithBoth } from "./assertions.ts"
import { Tree } from "./samples.ts"

interface Case {
  readonly name: string
  readonly schema: Schema.Top
  readonly value: unknown
  /** Damages a valid record; may answer another end. */
  readonly damage: (region: Region, end: number) => number | void
  readonly where: string
  readonly found: string
}

const cell = OFFSET >> 2

const tags = Schema.Union([
  Schema.TaggedStruct("A", {}),
  Schema.TaggedStruct("B", {}),
  Schema.TaggedStruct("C", { n: Schema.String })
])

const cases: ReadonlyArray<Case> = [
  {
    name: "a record that is cut inside of its fixed part",
    schema: Schema.Struct({ a: Schema.Number, b: Schema.Number }),
    value: { a: 1, b: 2 },
    damage: () => OFFSET + 8,
    where: "value",
    found: "8 bytes left"
  },
  {
    name: "a record that is cut before a text",
    schema: Schema.Struct({ a: Schema.Number, b: Schema.String }),
    value: { a: 1, b: "x" },
    damage: () => OFFSET + 8,
    where: "value.b",
    found: "0 bytes left"
  },
  {
    name: "a text that is longer than the record",
    schema: Schema.Struct({ a: Schema.String }),
    value: { a: "abc" },
    damage: (region) => {
      region.i32[cell] = 5
    },
    where: "value.a",
    found: "text of 5 characters"
  },
  {
    name: "a text of two-byte characters that is longer than the record",
    schema: Schema.Struct({ a: Schema.String }),
    value: { a: "ab" },
    damage: (region) => {
      region.u32[cell] = 0x8000_0003
    },
    where: "value.a",
    found: "text of 3 characters"
  },
  {
    name: "a text of the greatest length there is",
    schema: Schema.Struct({ a: Schema.String }),
    value: { a: "ab" },
    damage: (region) => {
      region.u32[cell] = 0xffff_ffff
    },
    where: "value.a",
    found: "text of 2147483647 characters"
  },
  {
    name: "more packed items than there are bytes",
    schema: Schema.Struct({ a: Schema.Array(Schema.Number) }),
    value: { a: [1, 2] },
    damage: (region) => {
      region.i32[cell] = 3
    },
    where: "value.a",
    found: "count 3"
  },
  {
    name: "more items than there are bytes",
    schema: Schema.Struct({ a: Schema.Array(Schema.Struct({ b: Schema.String, c: Schema.String })) }),
    value: { a: [{ b: "", c: "" }] },
    damage: (region) => {
      region.u32[cell] = 0xffff_ffff
    },
    where: "value.a",
    found: "count 4294967295"
  },
  {
    name: "more items without content than there are bytes",
    schema: Schema.Array(Schema.Null),
    value: [null, null],
    damage: (region) => {
      region.i32[cell] = 1_000_000
    },
    where: "value",
    found: "count 1000000"
  },
  {
    name: "more entries than there are bytes",
    schema: Schema.Record(Schema.String, Schema.Null),
    value: { a: null },
    damage: (region) => {
      region.i32[cell] = 2
    },
    where: "value",
    found: "count 2"
  },
  {
    name: "more bytes than there are",
    schema: Schema.Uint8Array,
    value: new Uint8Array(3),
    damage: (region) => {
      region.i32[cell] = 9
    },
    where: "value",
    found: "count 9"
  },
  {
    name: "a tag without an alternative",
    schema: tags,
    value: { _tag: "A" },
    damage: (region) => {
      region.i32[cell] = 3
    },
    where: "value",
    found: "tag 3"
  },
  {
    name: "an index without a literal",
    schema: Schema.Struct({ a: Schema.Literals(["x", "y", "z"]) }),
    value: { a: "x" },
    damage: (region) => {
      region.i32[cell] = 3
    },
    where: "value.a",
    found: "tag 3"
  },
  {
    name: "an index without a literal in an array",
    schema: Schema.Array(Schema.Literals(["x", "y", "z"])),
    value: ["x", "y"],
    damage: (region) => {
      region.i32[cell + 3] = -1
    },
    where: "value[]",
    found: "tag 4294967295"
  },
  {
    name: "a date that is not one",
    schema: Schema.Struct({ a: Schema.Date }),
    value: { a: new Date(0) },
    damage: (region) => {
      region.f64[OFFSET >> 3] = NaN
    },
    where: "value.a",
    found: "date NaN"
  },
  {
    name: "a bigint that is cut in its number",
    schema: Schema.Struct({ a: Schema.BigInt }),
    value: { a: 5n },
    damage: () => OFFSET + 8,
    where: "value.a",
    found: "8 bytes left"
  },
  {
    name: "a bigint of no known kind",
    schema: Schema.BigInt,
    value: 1n,
    damage: (region) => {
      region.i32[cell] = 7
    },
    where: "value",
    found: "tag 7"
  },
  {
    name: "a bigint whose digits are none",
    schema: Schema.BigInt,
    value: 2n ** 80n,
    damage: (region) => {
      region.u8[OFFSET + 13] = 0x7a
    },
    where: "value",
    found: "text that is not hexadecimal"
  },
  {
    name: "an instance of which a part is impossible",
    schema: Schema.DateTimeUtc,
    value: DateTime.makeUnsafe(0),
    damage: (region) => {
      region.f64[OFFSET >> 3] = NaN
    },
    where: "value",
    found: "fields that its class does not take"
  },
  {
    name: "a declaration that does not decode",
    schema: Schema.Struct({ a: Schema.URL }),
    value: { a: new URL("https://a.b") },
    damage: (region) => {
      region.u8[OFFSET + 4] = 0x3a
    },
    where: "value.a",
    found: "a part that its schema does not decode ("
  },
  {
    name: "an encoded part that does not decode",
    schema: Schema.Struct({ a: Schema.DateFromString }),
    value: { a: new Date(0) },
    damage: (region) => {
      region.u8[OFFSET + 4] = 0x78
    },
    where: "value.a",
    found: "a part that its schema does not decode (Expected "
  }
]

describe("Codec reading damaged records", () => {
  for (const { damage, found, name, schema, value, where } of cases) {
    it(`reports ${name}`, () => {
      const { end, region } = writeWithBoth(schema, value)
      assert.strictEqual(end > 0, true)
      const newEnd = damage(region, end) ?? end
      for (const codec of bothBackEnds(schema)) {
        assert.throws(() => codec.read(region, OFFSET, newEnd), (error: unknown) => {
          assert.strictEqual(error instanceof MalformedRecord, true)
          const malformed = error as MalformedRecord
          assert.strictEqual(malformed.where, where)
          assert.ok(malformed.found.startsWith(found), malformed.found)
          return malformed.message.includes(where) && malformed.limit.length > 0
        })
      }
    })
  }

  it("reports a value that nests more deeply than a writer could", () => {
    // Every tree is an empty label and one child: 16 bytes a level.
    const levels = 600
    const region = poisoned(levels * 16, 0)
    for (let level = 0; level < levels; level++) region.i32[cell + level * 4 + 2] = 1
    for (const codec of bothBackEnds(Tree)) {
      assert.throws(
        () => codec.read(region, OFFSET, OFFSET + levels * 16),
        (error: unknown) => error instanceof MalformedRecord && error.found === "more than 512 levels"
      )
    }
  })

  it("reads on after it has reported a record", () => {
    const schema = Schema.Struct({ tree: Tree })
    const value = { tree: { label: "a", children: [{ label: "b", children: [] }] } }
    const { end, region } = writeWithBoth(schema, value)
    for (const codec of bothBackEnds(schema)) {
      assert.throws(() => codec.read(region, OFFSET, end - 8), (error: unknown) => error instanceof MalformedRecord)
      assert.deepStrictEqual(codec.read(region, OFFSET, end), value)
    }
  })
})
