import { describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { runInNewContext } from "node:vm"
import { Region } from "../../src/memory/Region.ts"
import { compile, INVALID, NOT_PLACED, TOO_LARGE_TO_PLACE } from "../../src/wire/Codec.ts"
import { Scratch } from "../../src/wire/Scratch.ts"
import * as assert from "./assertions.ts"
import { bothBackEnds, OFFSET, write, writeWithBoth } from "./assertions.ts"
import { Person, Tree } from "./samples.ts"

/** An object whose property answers with each of these in turn, and counts how often it was asked. */
const changing = <A>(key: string, ...answers: ReadonlyArray<A>) => {
  let asked = 0
  const value: object = {
    get [key]() {
      return answers[Math.min(asked++, answers.length - 1)]
    }
  }
  return { value, asked: () => asked }
}

describe("a payload whose getters", () => {
  const cases: ReadonlyArray<readonly [name: string, schema: Schema.Top, first: unknown, then: unknown]> = [
    ["text", Schema.Struct({ a: Schema.String }), "x", "x".repeat(100_000)],
    ["an array", Schema.Struct({ a: Schema.Array(Schema.Number) }), [1], Array.from({ length: 10_000 }, () => 1)],
    ["bytes", Schema.Struct({ a: Schema.Uint8Array }), new Uint8Array(1), new Uint8Array(1 << 20)],
    ["a bigint", Schema.Struct({ a: Schema.BigInt }), 1n, 2n ** 9000n],
    ["a number", Schema.Struct({ a: Schema.Number }), 1, "none"],
    ["a record", Schema.Struct({ a: Schema.Record(Schema.String, Schema.String) }), { b: "c" }, null],
    ["an option", Schema.Struct({ a: Schema.optionalKey(Schema.String) }), "x", undefined],
    ["a transformed part", Schema.Struct({ a: Schema.NumberFromString }), 1, "none"]
  ]

  for (const [name, schema, first, then] of cases) {
    it(`answer something else the second time is asked once: ${name}`, () => {
      for (const codec of bothBackEnds(schema)) {
        const { asked, value } = changing("a", first, then)
        const { end, region } = write(codec, value)
        assert.strictEqual(asked(), 1)
        assert.deepStrictEqual(codec.read(region, OFFSET, end), { a: first })
      }
    })
  }

  it("tells two members of a union apart differently each time is one of them or refused", () => {
    const schema = Schema.Union([
      Schema.TaggedStruct("A", { n: Schema.Number }),
      Schema.TaggedStruct("B", { text: Schema.String })
    ])
    for (const codec of bothBackEnds(schema)) {
      for (const answers of [["A", "B"], ["B", "A"], ["A", "A", "B"], ["A", 1]] as const) {
        const { value } = changing("_tag", ...answers)
        const { end, region } = write(codec, Object.assign(value, { n: 1, text: "x" }))
        const isSound = end === INVALID || codec.isValid(codec.read(region, OFFSET, end))
        assert.strictEqual(isSound, true)
      }
    }
  })

  it("encodes the same codec in the middle, recursive or not, is written as if nothing had been", () => {
    for (const codec of bothBackEnds(Tree)) {
      const scratch = new Scratch()
      const inner = { label: "inner", children: [{ label: "deep", children: [] }] }
      const outer = {
        get label() {
          assert.ok(codec.encode(inner, scratch) > 0)
          assert.strictEqual(codec.isValid(inner), true)
          const region = Region.make(256)
          const bytes = codec.encode(inner, scratch)
          scratch.copyTo(region, 0)
          assert.deepStrictEqual(codec.read(region, 0, bytes), inner)
          return "outer"
        },
        children: [inner, inner]
      }
      const region = Region.make(1024)
      const bytes = codec.encode(outer, scratch)
      scratch.copyTo(region, 0)
      assert.deepStrictEqual(codec.read(region, 0, bytes), { label: "outer", children: [inner, inner] })
    }
  })

  it("throws is thrown, and leaves the depth of recursion as it was", () => {
    const chain = (depth: number, end: unknown): unknown =>
      depth === 0 ? end : { label: "", children: [chain(depth - 1, end)] }
    for (const codec of bothBackEnds(Tree)) {
      const scratch = new Scratch()
      const bad = chain(500, {
        get label() {
          throw new Error("not today")
        }
      })
      for (let i = 0; i < 3; i++) assert.throws(() => codec.encode(bad as Tree, scratch), /not today/)
      assert.ok(codec.encode(chain(500, { label: "", children: [] }) as Tree, scratch) > 0)
    }
  })
})

describe("a record written in place", () => {
  const schema = Schema.Struct({ on: Schema.Boolean, n: Schema.Number, at: Schema.Date })
  const target = (log: Array<string>, answer = 8) => ({
    region: Region.make(64),
    placedBytes: 0,
    claim: (bytes: number) => {
      log.push(`claim ${bytes}`)
      return answer
    }
  })

  it("is claimed once all of it has been read and checked", () => {
    const log: Array<string> = []
    const value = {
      get on() {
        log.push("on")
        return true
      },
      n: 1,
      get at() {
        log.push("at")
        return new Date(5)
      }
    }
    const codec = compile(schema)
    const to = target(log)
    assert.strictEqual(codec.place!(value, to), 8)
    assert.deepStrictEqual(log, ["on", "at", "claim 24"])
    assert.deepStrictEqual(codec.read(to.region, 8, 8 + codec.fixedBytes!), { on: true, n: 1, at: new Date(5) })
    assert.deepStrictEqual(
      to.region.u8.subarray(8, 32),
      write(codec, { on: true, n: 1, at: new Date(5) }, 0).region.u8.subarray(24, 48)
    )
  })

  it("is not claimed when it breaks its schema, and not stored when there is no room", () => {
    const log: Array<string> = []
    const codec = compile(schema)
    assert.strictEqual(codec.place!({ on: true, n: "1" as never, at: new Date(5) }, target(log)), NOT_PLACED)
    assert.deepStrictEqual(log, [])
    const full = target(log, -2)
    assert.strictEqual(codec.place!({ on: true, n: 1, at: new Date(5) }, full), -2)
    assert.ok(full.region.u8.every((byte) => byte === 0))
  })

  it("is one whose parts run no code of the user when they are stored", () => {
    assert.strictEqual(compile(Schema.Struct({ a: Schema.Array(Schema.String) })).place, undefined)
    assert.strictEqual(compile(Schema.Struct({ a: Schema.DateTimeUtc })).place, undefined)
    assert.strictEqual(compile(schema, { eval: false }).place, undefined)
  })

  it.each([
    ["nothing", ""],
    ["a word", "order"],
    ["16 characters", "0123456789abcdef"],
    ["24 characters", "0123456789abcdef01234567"],
    ["25 characters of two bytes in UTF-8", "é".repeat(25)],
    ["a long text that ends wide", `${"x".repeat(1000)}€`],
    ["wide characters", "日本語".repeat(20)],
    ["a lone surrogate", "\ud800"]
  ])("takes a text as it is encoded, and again: %s", (_, text) => {
    const texts = Schema.Struct({ before: Schema.String, n: Schema.Number, after: Schema.String })
    assert.ok(compile(texts).place !== undefined)
    // The third time its words are remembered.
    for (let i = 0; i < 3; i++) writeWithBoth(texts, { before: text, n: i, after: text })
  })

  it("claims nothing for a text that may take more than 16 KiB", () => {
    const log: Array<string> = []
    const codec = compile(Schema.Struct({ a: Schema.String, b: Schema.String }))
    assert.strictEqual(codec.place!({ a: "x".repeat(8200), b: "" }, target(log)), TOO_LARGE_TO_PLACE)
    // More characters together than 32 bits count in bytes.
    const long = "x".repeat(2 ** 29 - 24)
    assert.strictEqual(codec.place!({ a: long, b: long }, target(log)), TOO_LARGE_TO_PLACE)
    assert.deepStrictEqual(log, [])
  })
})

describe("a proxy", () => {
  const proxied = (length: unknown): unknown =>
    new Proxy([1, 2], { get: (target, key) => key === "length" ? length : Reflect.get(target, key) })

  it("of an array that names no length is refused, also one that never ends", () => {
    for (const schema of [Schema.Array(Schema.Number), Schema.Array(Schema.UndefinedOr(Schema.Number))]) {
      for (const length of ["2", -1, NaN, 1.5, 2 ** 40, {}, undefined]) {
        for (const codec of bothBackEnds(schema)) {
          assert.strictEqual(write(codec, proxied(length)).end, INVALID)
          assert.strictEqual(codec.isValid(proxied(length)), false)
        }
      }
    }
  })

  it("of an array that is longer than a record fails before it is written", () => {
    for (const codec of bothBackEnds(Schema.Struct({ a: Schema.Array(Schema.Boolean) }))) {
      const scratch = new Scratch()
      const endless = new Proxy([true], { get: (_, key) => key === "length" ? 2 ** 32 - 1 : true })
      assert.throws(() => codec.encode({ a: endless }, scratch), /takes at least \d+ bytes, and a record can have/)
      assert.ok(codec.encode({ a: [true] }, scratch) > 0)
    }
  })

  it("that is revoked throws and harms nothing", () => {
    for (const codec of bothBackEnds(Schema.Struct({ a: Schema.Unknown }))) {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      const scratch = new Scratch()
      assert.throws(() => codec.encode({ a: proxy }, scratch), TypeError)
      assert.ok(codec.encode({ a: 1 }, scratch) > 0)
    }
  })
})

describe("values of another realm", () => {
  const foreign = (code: string): unknown => runInNewContext(code)

  it("cross by what they are, not by their constructor", () => {
    const schema = Schema.Struct({
      date: Schema.Date,
      bytes: Schema.Uint8Array,
      items: Schema.Array(Schema.Number),
      either: Schema.Union([Schema.Date, Schema.Uint8Array, Schema.String]),
      json: Schema.Unknown
    })
    const value = foreign(
      `({ date: new Date(5), bytes: new Uint8Array([1, 2]), items: [1, 2], either: new Date(7), json: { a: [1] } })`
    )
    const { end, region } = writeWithBoth(schema, value as never)
    assert.ok(end !== INVALID)
    for (const codec of bothBackEnds(schema)) {
      assert.deepStrictEqual(codec.read(region, OFFSET, end), {
        date: new Date(5),
        bytes: new Uint8Array([1, 2]),
        items: [1, 2],
        either: new Date(7),
        json: { a: [1] }
      })
    }
  })

  it("are collections too", () => {
    const schema = Schema.Struct({
      map: Schema.ReadonlyMap(Schema.String, Schema.Number),
      set: Schema.ReadonlySet(Schema.String)
    })
    const value = foreign(`({ map: new Map([["a", 1]]), set: new Set(["b"]) })`)
    const { end, region } = writeWithBoth(schema, value as never)
    assert.deepStrictEqual(compile(schema).read(region, OFFSET, end), { map: new Map([["a", 1]]), set: new Set(["b"]) })
  })

  it("that only say that they are a date, bytes or a collection are refused", () => {
    const liar = (tag: string): object => ({ [Symbol.toStringTag]: tag, getTime: () => 1, length: 2, size: 0 })
    assert.strictEqual(writeWithBoth(Schema.Date, liar("Date") as never).end, INVALID)
    assert.strictEqual(writeWithBoth(Schema.Uint8Array, liar("Uint8Array") as never).end, INVALID)
    assert.strictEqual(
      writeWithBoth(Schema.ReadonlyMap(Schema.String, Schema.String), liar("Map") as never).end,
      INVALID
    )
    assert.strictEqual(compile(Person).isValid({ name: "Ada", born: new Date(0) }), false)
  })

  it("have the bytes that they have, whatever their class says", () => {
    class Long extends Uint8Array<ArrayBuffer> {
      override get length(): number {
        return 1
      }
    }
    const bytes = new Long(new ArrayBuffer(10_000))
    const { end } = writeWithBoth(Schema.Uint8Array, bytes)
    assert.strictEqual(end, OFFSET + 8 + 10_000)
  })
})
