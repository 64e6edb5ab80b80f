/**
 * Where a size, a length or a form changes: one value below, one at and one above each edge; and memory that changes while it is read.
 */
import { describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Region } from "../../src/memory/Region.ts"
import { INVALID, width } from "../../src/wire/Codec.ts"
import { Scratch } from "../../src/wire/Scratch.ts"
import { MalformedRecord } from "../../src/wire/WireError.ts"
import * as assert from "./assertions.ts"
import { bothBackEnds, OFFSET, writeWithBoth } from "./assertions.ts"
import { Tree, u32 } from "./samples.ts"

describe("a text", () => {
  const edges = [0x7f, 0x80, 0xff, 0x100, 0x7ff, 0x800, 0xd800, 0xffff]

  it("of any length has any one character at its start, in its middle, or at its end", () => {
    const schema = Schema.Struct({ text: Schema.String })
    for (let length = 1; length <= 40; length++) {
      for (const at of new Set([0, length >> 1, length - 1])) {
        for (const edge of edges) {
          const text = "x".repeat(at) + String.fromCharCode(edge) + "x".repeat(length - 1 - at)
          assert.roundTrip(schema, { text })
        }
      }
    }
  })

  it("of wide characters is the same each time that a field has it", () => {
    // Each schema learns the first text that its field has.
    for (const text of ["€", "xxxx€", "\u0100"]) {
      const schema = Schema.Struct({ text: Schema.String })
      for (let i = 0; i < 3; i++) assert.roundTrip(schema, { text })
    }
  })

  it("is never served from another one that begins alike", () => {
    const [codec] = bothBackEnds(Schema.String)
    const [scratch, region] = [new Scratch(), Region.make(64)]
    for (let i = 0; i < 20_000; i++) {
      const text = `the same one${(i * 7919 % 9973).toString().padStart(4, "0")}`
      const bytes = codec.encode(text, scratch)
      scratch.copyTo(region, 0)
      assert.strictEqual(codec.read(region, 0, bytes), text)
    }
  })
})

describe("a number", () => {
  const checks = [
    Schema.isGreaterThan,
    Schema.isGreaterThanOrEqualTo,
    Schema.isLessThan,
    Schema.isLessThanOrEqualTo
  ]
  const edges = [0, 2 ** 8, 2 ** 16, 2 ** 31, 2 ** 32, -(2 ** 7), -(2 ** 15), -(2 ** 31)]
  const around = edges.flatMap((edge) => [edge - 1, edge, edge + 1])

  /** The values that a codec takes and its schema does not, or the other way round; the others come back. */
  const astray = (schema: Schema.Codec<number, number>): ReadonlyArray<number> => {
    const is = Schema.is(schema)
    return around.filter((value) => {
      const isTaken = writeWithBoth(schema, value).end !== INVALID
      if (isTaken) assert.roundTrip(schema, value)
      return isTaken !== is(value)
    })
  }

  it.each(["u8", "i8", "u16", "i16", "u32", "i32", "f64"] as const)("of width %s satisfies its checks, too", (size) => {
    for (const check of checks) {
      for (const bound of [5, 0, -1, ...edges]) {
        assert.deepStrictEqual(astray(Schema.Number.check(check(bound)).pipe(width(size))), [])
      }
    }
  })

  it("whose checks prove its width has all values that they let through", () => {
    for (const minimum of [0, -1, -(2 ** 31), -(2 ** 31) - 1]) {
      for (const maximum of [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32]) {
        assert.deepStrictEqual(astray(Schema.Int.check(Schema.isBetween({ minimum, maximum }))), [])
      }
    }
  })
})

describe("a value that nests", () => {
  const chain = (depth: number): Tree =>
    depth === 0 ? { label: "", children: [] } : {
      label: "",
      children: [chain(depth - 1)]
    }

  it("is written only as deeply as it can be read", () => {
    for (const codec of bothBackEnds(Tree)) {
      let [taken, refused] = [0, 0]
      for (let depth = 505; depth < 520; depth++) {
        const scratch = new Scratch()
        const value = chain(depth)
        const bytes = codec.encode(value, scratch)
        assert.strictEqual(codec.isValid(value), bytes !== INVALID)
        if (bytes === INVALID) {
          refused++
          continue
        }
        taken++
        const region = Region.make(bytes)
        scratch.copyTo(region, 0)
        assert.deepStrictEqual(codec.read(region, 0, bytes), value)
      }
      assert.ok(taken > 0 && refused > 0)
    }
  })

  it("is written although one that is too deep was refused in the middle of it", () => {
    for (const codec of bothBackEnds(Tree)) {
      const scratch = new Scratch()
      const value = {
        get label() {
          assert.strictEqual(codec.encode(chain(600), scratch), INVALID)
          return "outer"
        },
        children: [chain(3)]
      }
      assert.ok(codec.encode(value, scratch) > 0)
    }
  })
})

describe("a struct", () => {
  it("that could be an array is none", () => {
    for (const key of ["length", "map", "0"]) {
      const schema = Schema.Struct({ [key]: Schema.optionalKey(Schema.Any), length: Schema.Number })
      assert.refused(schema, [1])
      assert.roundTrip(schema, { length: 1 })
    }
  })

  it("has nothing of what every object inherits", () => {
    const schema = Schema.Struct({ constructor: Schema.optionalKey(Schema.String), toString: Schema.UndefinedOr(u32) })
    const own = Schema.Struct({ constructor: Schema.optionalKey(Schema.String) })
    for (const codec of bothBackEnds(own)) {
      const region = Region.make(64)
      const scratch = new Scratch()
      const bytes = codec.encode({} as never, scratch)
      scratch.copyTo(region, 0)
      assert.deepStrictEqual(Object.keys(codec.read(region, 0, bytes)), [])
    }
    for (const codec of bothBackEnds(schema as Schema.Top)) assert.strictEqual(codec.isValid({}), false)
  })

  it("whose fields are checked together is checked before it is claimed", () => {
    const schema = Schema.Struct({ from: u32, to: u32 }).check(
      Schema.makeFilter(({ from, to }: { readonly from: number; readonly to: number }) => from <= to)
    )
    const [codec] = bothBackEnds(schema)
    let claims = 0
    const target = { region: Region.make(64), placedBytes: 0, claim: () => claims++ }
    assert.ok(codec.place!({ from: 2, to: 1 }, target) < 0)
    assert.strictEqual(claims, 0)
    assert.roundTrip(schema, { from: 1, to: 2 })
  })
})

describe("a union", () => {
  it("of structs that no one property tells apart finds each", () => {
    const schema = Schema.Union([
      Schema.Struct({ a: Schema.Literal(1), b: Schema.Literal(1), x: Schema.String }),
      Schema.Struct({ a: Schema.Literal(1), b: Schema.Literal(2), y: Schema.String }),
      Schema.Struct({ a: Schema.Literal(2), b: Schema.Literal(1), z: Schema.String })
    ])
    assert.roundTrip(schema, { a: 1, b: 1, x: "x" })
    assert.roundTrip(schema, { a: 1, b: 2, y: "y" })
    assert.roundTrip(schema, { a: 2, b: 1, z: "z" })
    assert.refused(schema, { a: 2, b: 2, z: "z" })
  })

  it("of an object and what is one, too, has both", () => {
    const schema = Schema.Union([Schema.Struct({ at: Schema.Number }), Schema.Date, Schema.Uint8Array])
    for (const value of [{ at: 1 }, new Date(5), new Uint8Array([1, 2])]) assert.roundTrip(schema, value)
  })
})

describe("the memory of a scratch", () => {
  it("that a large record needed is given back once many small ones have come", () => {
    const [codec] = bothBackEnds(Schema.String)
    const scratch = new Scratch()
    const limit = (): number => {
      const stretch = scratch.open()
      scratch.close(stretch, 0)
      return stretch.limit
    }
    codec.encode("x".repeat(5_000_000), scratch)
    assert.ok(limit() >= 5_000_000)
    for (let i = 0; i < 100; i++) codec.encode("small", scratch)
    assert.ok(limit() < 1_000_000)
  })
})

describe("memory that changes while it is read", () => {
  const schema = Schema.Struct({
    text: Schema.String,
    big: Schema.BigInt,
    bytes: Schema.Uint8Array,
    numbers: Schema.Array(u32),
    choices: Schema.Array(Schema.Literals(["x", "y", "z"])),
    either: Schema.Union([Schema.String, Schema.Array(Schema.Number), Schema.Null]),
    record: Schema.Record(Schema.String, Schema.Boolean),
    tree: Tree
  })
  const value: typeof schema.Type = {
    text: "a text of more than sixteen",
    big: 2n ** 90n,
    bytes: new Uint8Array(20),
    numbers: [1, 2, 3],
    choices: ["x", "z"],
    either: [1, 2],
    record: { a: true, "another key of some length": false },
    tree: { label: "root", children: [{ label: "leaf", children: [] }] }
  }

  it("is a value or malformed, whichever word changes at whichever look", () => {
    const { end, region } = writeWithBoth(schema, value)
    for (const codec of bothBackEnds(schema)) {
      let looks = 0
      // From this look on every word is another one.
      const read = (changed: number, other: number): unknown => {
        looks = 0
        const i32 = new Proxy(region.i32, {
          get: (cells, key) => {
            const word = Reflect.get(cells, key, cells) as unknown
            return typeof key === "string" && /^\d+$/.test(key) && looks++ >= changed ? other : word
          }
        })
        const { byteLength, f64, u8 } = region
        return codec.read({ byteLength, f64, i32, u8 } as Region, OFFSET, end)
      }
      assert.deepStrictEqual(read(Infinity, 0), value)
      const outcomes = new Set<string>()
      for (let changed = 0, all = looks; changed < all; changed++) {
        for (const other of [-1, 0, 1, 0x7fff_ffff, 0x0fff_fff0, 40, 1 << 31 | 200]) {
          try {
            read(changed, other)
            outcomes.add("a value")
          } catch (error) {
            if (!(error instanceof MalformedRecord)) throw error
            outcomes.add("malformed")
          }
        }
      }
      assert.deepStrictEqual([...outcomes].sort(), ["a value", "malformed"])
    }
  })
})
