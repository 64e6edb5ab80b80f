import { describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"
import { compile, INVALID, width } from "../../src/wire/Codec.ts"
import * as assert from "./assertions.ts"
import { writeWithBoth } from "./assertions.ts"
import { runs, schemaFromSeed } from "./generatedSchema.ts"
import { List, samples, Tree } from "./samples.ts"

const garbage: ReadonlyArray<unknown> = [
  undefined,
  null,
  true,
  0,
  -0,
  1.5,
  NaN,
  Infinity,
  2 ** 40,
  1n,
  2n ** 70n,
  "",
  "text",
  "\ud800",
  Symbol("s"),
  () => 1,
  {},
  [],
  [1, "a", null],
  Object.create(null),
  { _tag: "Deposit" },
  { length: 3 },
  { valueOf: () => 1 },
  {
    [Symbol.toPrimitive]: () => {
      throw new Error("never asked")
    }
  },
  new Date(NaN),
  Object.create(Date.prototype),
  new Date(5),
  new Uint8Array(2),
  new Map([["a", 1]]),
  new Proxy({}, {})
]

const pool = Arbitrary.schema(Schema.Struct({
  seed: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 })),
  other: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))
}))

describe("Codec.isValid and Codec.encode", () => {
  for (const [name, schema] of Object.entries(samples)) {
    it(`agree with the schema on garbage: ${name}`, () => {
      const is = Schema.is(schema)
      for (const value of garbage) {
        const { end } = writeWithBoth(schema, value)
        let expected = false
        try {
          expected = is(value)
        } catch {
          // A schema that throws does not take the value.
        }
        assert.strictEqual(end !== INVALID, expected, inspect(value))
      }
    })
  }

  const crossed = Arbitrary.flatMap(
    pool,
    ({ other, seed }) => Arbitrary.map(Arbitrary.schema(schemaFromSeed(other)), (value) => ({ seed, value }))
  )

  it.prop("agree with the schema on values of other schemas", [crossed], ([{ seed, value }]) => {
    const schema = schemaFromSeed(seed)
    const { end } = writeWithBoth(schema, value)
    assert.strictEqual(end !== INVALID, Schema.is(schema as Schema.Schema<unknown>)(value))
  }, runs(400))

  it("refuse what does not fit a width", () => {
    const ranges = {
      u8: [0, 255],
      u16: [0, 65_535],
      u32: [0, 4_294_967_295],
      i8: [-128, 127],
      i16: [-32_768, 32_767],
      i32: [-2_147_483_648, 2_147_483_647]
    } as const
    for (const [name, [least, most]] of Object.entries(ranges)) {
      const schema = Schema.Struct({ a: Schema.Number.pipe(width(name as "u8")) })
      assert.roundTrip(schema, { a: least })
      assert.roundTrip(schema, { a: most })
      for (const a of [least - 1, most + 1, 0.5, NaN, Infinity, "1", 1n]) assert.refused(schema, { a })
    }
    const single = Schema.Struct({ a: Schema.Number.pipe(width("f32")) })
    for (const a of [0.5, -0, NaN, Infinity, Math.fround(0.1)]) assert.roundTrip(single, { a })
    assert.refused(single, { a: 0.1 })
    const long = Schema.Struct({ a: Schema.BigInt.pipe(width("i64")) })
    for (const a of [0n, -(2n ** 63n), 2n ** 63n - 1n]) assert.roundTrip(long, { a })
    assert.refused(long, { a: 2n ** 63n })
  })

  it("refuse what a filter refuses, also when the filter throws", () => {
    const even = Schema.makeFilter((n: number) => {
      if (n === 13) throw new Error("unlucky")
      return n % 2 === 0
    })
    const schema = Schema.Struct({ a: Schema.Number.check(even) })
    assert.roundTrip(schema, { a: 2 })
    assert.strictEqual(compile(schema).isValid({ a: 3 }), false)
    assert.strictEqual(compile(schema).isValid({ a: 13 }), false)
  })

  it("refuse a required key that is missing, and take one that is undefined", () => {
    const schema = Schema.Struct({ a: Schema.UndefinedOr(Schema.Number) })
    assert.roundTrip(schema, { a: undefined })
    assert.refused(schema, {})
  })

  it("refuse an optional key that is undefined when its schema does", () => {
    assert.refused(Schema.Struct({ a: Schema.optionalKey(Schema.Number) }), { a: undefined })
  })

  it("do not take inherited names for keys", () => {
    const schema = Schema.Struct({ toString: Schema.Unknown })
    assert.strictEqual(compile(schema).isValid({}), false)
    assert.strictEqual(compile(Schema.Struct({ constructor: Schema.optionalKey(Schema.String) })).isValid({}), true)
  })

  it("refuse an instance of another class and a plain object in place of an instance", () => {
    assert.refused(samples["class"]!, { name: "Ada", born: new Date(0) })
  })

  it("refuse values that contain themselves", () => {
    const list: { head: number; tail: unknown } = { head: 1, tail: null }
    list.tail = list
    assert.strictEqual(writeWithBoth(List, list as never).end, INVALID)
    const tree: { label: string; children: Array<unknown> } = { label: "", children: [] }
    for (let i = 0; i < 8; i++) tree.children.push(tree)
    assert.strictEqual(writeWithBoth(Tree, tree as never).end, INVALID)
  })

  it("refuse values that nest more deeply than 512 levels", () => {
    const chain = (depth: number): List => {
      let list: List = { head: 0, tail: null }
      for (let i = 0; i < depth; i++) list = { head: i, tail: list }
      return list
    }
    assert.roundTrip(List, chain(512))
    assert.strictEqual(writeWithBoth(List, chain(513)).end, INVALID)
    assert.ok(compile(List).explain(chain(513)).includes("nests too deeply"))
  })
})

describe("a check on Schema.Unknown", () => {
  const Text = Schema.Unknown.check(Schema.makeFilter((value: unknown) => typeof value === "string"))
  const places: ReadonlyArray<readonly [string, Schema.Top, (value: unknown) => unknown]> = [
    ["by itself", Text, (value) => value],
    ["in a struct", Schema.Struct({ a: Text }), (a) => ({ a })],
    ["in an array", Schema.Array(Text), (value) => [value]],
    ["in a tuple", Schema.Tuple([Text]), (value) => [value]],
    ["in a record", Schema.Record(Schema.String, Text), (a) => ({ a })],
    ["in a union", Schema.Union([Schema.Null, Text]), (value) => value]
  ]

  for (const [place, schema, around] of places) {
    it(`is made ${place}`, () => {
      assert.strictEqual(writeWithBoth(schema, around("x")).end === INVALID, false)
      assert.strictEqual(writeWithBoth(schema, around(5)).end, INVALID)
    })
  }
})
