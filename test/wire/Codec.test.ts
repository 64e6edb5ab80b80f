import { describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import { inspect } from "node:util"
import { Region } from "../../src/memory/Region.ts"
import { compile, INVALID, width } from "../../src/wire/Codec.ts"
import { Scratch } from "../../src/wire/Scratch.ts"
import { SchemaUnsupported } from "../../src/wire/WireError.ts"
import * as assert from "./assertions.ts"
import { bothBackEnds, OFFSET, write, writeWithBoth } from "./assertions.ts"
import { Denied, List, Overflow, Person, samples, Tree, u32 } from "./samples.ts"

const crosses = (schema: Schema.Top, value: unknown): unknown => {
  const { end, region } = writeWithBoth(schema, value)
  assert.ok(end !== INVALID, compile(schema).explain(value))
  return compile(schema).read(region, OFFSET, end)
}

describe("Codec numbers", () => {
  it("keep NaN, the infinities and the sign of zero", () => {
    for (const value of [NaN, Infinity, -Infinity, -0, 0, Number.MIN_VALUE, Number.MAX_VALUE, 0.1]) {
      assert.roundTrip(Schema.Number, value)
      assert.roundTrip(Schema.Array(Schema.Number), [value, value])
    }
  })

  it("lie in the fixed part, the wide ones first", () => {
    const schema = Schema.Struct({ id: u32, price: Schema.Number, count: Schema.Number.pipe(width("i16")) })
    const { end, region } = writeWithBoth(schema, { id: 4_000_000_000, price: -2.5, count: -3 })
    assert.strictEqual(end, OFFSET + 16)
    assert.strictEqual(region.f64[OFFSET >> 3], -2.5)
    assert.strictEqual(region.u32[(OFFSET >> 2) + 2], 4_000_000_000)
    assert.strictEqual(region.i32[(OFFSET >> 2) + 3], -3)
    assert.strictEqual(compile(schema).fixedBytes, 16)
  })

  it("take 4 bytes when their checks prove 32 bits", () => {
    assert.strictEqual(compile(Schema.Array(Schema.Int.check(Schema.isInt32()))).layout, "1:i32[]")
    assert.strictEqual(compile(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10 }))).layout, "1:u32")
    assert.strictEqual(compile(Schema.Int).layout, "1:f64")
  })

  it("are refused with a width they cannot have", () => {
    const isUnsupported = (error: unknown) => error instanceof SchemaUnsupported
    assert.throws(
      () => compile(Schema.Struct({ a: Schema.Number.annotate({ "shared-nothing/width": "i64" }) })),
      isUnsupported
    )
    assert.throws(
      () => compile(Schema.Struct({ a: Schema.BigInt.annotate({ "shared-nothing/width": "u8" }) })),
      isUnsupported
    )
    assert.throws(
      () => compile(Schema.Struct({ a: Schema.Number.annotate({ "shared-nothing/width": "u7" }) })),
      isUnsupported
    )
  })
})

describe("Codec bigints", () => {
  it("of any size cross", () => {
    for (const value of [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, -(2n ** 200n)]) {
      assert.roundTrip(Schema.BigInt, value)
    }
  })
})

describe("Codec strings", () => {
  const texts = [
    "",
    "a",
    "order.created",
    "exactly 16 chars",
    "seventeen chars !",
    "é",
    "\u00ff".repeat(16),
    "\u00ff".repeat(17),
    "\u00ff".repeat(49),
    "Привет",
    "日本語テキスト",
    "😀",
    "\ud800",
    "a\udc00b",
    "\ud83d\ud83d\ude00",
    "\u0000",
    "\ufffd",
    "x".repeat(48),
    "x".repeat(49),
    "é" + "a".repeat(48),
    "aa€" + "é".repeat(60),
    "x".repeat(5000),
    "€".repeat(5000),
    "x".repeat(5000) + "\ud800"
  ]

  it("come back as they were, at every alignment", () => {
    for (const text of texts) {
      assert.roundTrip(Schema.String, text)
      assert.roundTrip(Schema.Struct({ a: Schema.String, b: Schema.String, c: Schema.Array(Schema.String) }), {
        a: text,
        b: "!",
        c: [text, text]
      })
    }
  })

  it("of every length up to 70 come back as they were", () => {
    for (let length = 0; length <= 70; length++) {
      for (const character of ["x", "é", "я"]) {
        const text = Array.from({ length }, (_, i) => i === length - 1 ? character : String.fromCharCode(97 + i % 26))
          .join("")
        assert.roundTrip(Schema.String, text)
        assert.roundTrip(Schema.String, character.repeat(length))
      }
    }
  })

  it("that differ in their bytes only behind their end are equal", () => {
    const codec = compile(Schema.String)
    const { end, region } = write(codec, "abcde")
    for (const behind of [0xff, 0x11]) {
      region.u8.fill(behind, OFFSET + 9)
      assert.strictEqual(codec.read(region, OFFSET, end), "abcde")
    }
  })

  it("have the same bytes when a field repeats them, changes, and varies", () => {
    const schema = Schema.Struct({ kind: Schema.String, note: Schema.Union([Schema.Null, Schema.String]) })
    const texts = [
      "",
      "\u0000",
      ..."aé€".split("").flatMap((character) =>
        Array.from({ length: 18 }, (_, length) => "abcdefghijklmnopq".slice(0, length) + character)
      )
    ]
    for (const text of texts) {
      for (let i = 0; i < 20; i++) assert.roundTrip(schema, { kind: text, note: text })
      assert.roundTrip(schema, { kind: `${text}!`, note: null })
      assert.roundTrip(schema, { kind: text, note: `!${text}` })
    }
    for (let i = 0; i < 100; i++) assert.roundTrip(schema, { kind: `k${i}`, note: `n${i % 3}` })
    for (const text of texts) assert.roundTrip(schema, { kind: text, note: text })
  })

  it("are never served from another text of the same look", () => {
    const codec = compile(Schema.String)
    const [region, scratch] = [Region.make(64), new Scratch()]
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 20_000; i++) {
        const text = `k${i.toString(36)}`
        const end = codec.encode(text, scratch)
        scratch.copyTo(region, 0)
        assert.strictEqual(codec.read(region, 0, end), text)
      }
    }
  })
})

describe("Codec structs", () => {
  it("pack booleans, literals and tags into shared words", () => {
    const schema = Schema.Struct({
      a: Schema.Boolean,
      b: Schema.Literals(["x", "y", "z"]),
      c: Schema.NullOr(u32),
      d: Schema.optionalKey(Schema.Boolean)
    })
    assert.strictEqual(compile(schema).fixedBytes, 8)
    assert.strictEqual(compile(schema).layout, `1:{a:(false|true),b:("x"|"y"|"z"),c:(null|u32),d:(absent|false|true)}`)
    assert.roundTrip(schema, { a: true, b: "z", c: 7, d: false })
    assert.roundTrip(schema, { a: false, b: "x", c: null })
  })

  it("with more bits than one word has", () => {
    const names = Array.from({ length: 70 }, (_, i) => `b${i}`)
    const schema = Schema.Struct(Object.fromEntries(names.map((name) => [name, Schema.Boolean])))
    assert.strictEqual(compile(schema).fixedBytes, 16)
    assert.roundTrip(schema, Object.fromEntries(names.map((name, i) => [name, i % 3 === 0])))
  })

  it("tell an absent key from an undefined one", () => {
    const schema = Schema.Struct({ a: Schema.optional(Schema.Number), b: Schema.optional(Schema.String) })
    for (const value of [{}, { a: undefined }, { a: 1 }, { b: undefined }, { a: 1, b: "x" }]) {
      assert.deepStrictEqual(crosses(schema, value), value)
    }
  })

  it("drop keys their schema does not know", () => {
    assert.deepStrictEqual(crosses(Schema.Struct({ a: Schema.Number }), { a: 1, b: 2 }), { a: 1 })
  })

  it("keep keys named like inherited ones as their own", () => {
    const fields = {
      ["__proto__"]: Schema.String,
      constructor: Schema.optionalKey(Schema.Number),
      toString: Schema.String
    }
    const schema = Schema.Struct(fields)
    const value = { ["__proto__"]: "p", constructor: 1, toString: "t" }
    for (const codec of bothBackEnds(schema as Schema.Top)) {
      const { end, region } = write(codec, value)
      const read = codec.read(region, OFFSET, end) as object
      assert.strictEqual(Object.getPrototypeOf(read), Object.prototype)
      assert.deepStrictEqual(new Map(Object.entries(read)), new Map(Object.entries(value)))
    }
  })

  it("do not let a name break out of the source", () => {
    const key = "a\"];throw new Error('x');//\u2028\\"
    assert.roundTrip(Schema.Struct({ [key]: Schema.Literal(`"+process.exit(1)+"`) }), { [key]: `"+process.exit(1)+"` })
  })
})

describe("Codec unions", () => {
  it("of tagged structs find their member by its tag", () => {
    const schema = samples["tagged union"]!
    for (const value of [{ _tag: "Close" }, { _tag: "Withdraw", id: "a", amount: 1, note: null }]) {
      assert.deepStrictEqual(crosses(schema, value), value)
    }
    assert.strictEqual(compile(schema).isValid({ _tag: "Other" }), false)
  })

  it("of structs without a tag try their members in order, as the schema does", () => {
    const schema = Schema.Union([
      Schema.Struct({ a: Schema.String }),
      Schema.Struct({ a: Schema.Number, b: Schema.String })
    ])
    assert.deepStrictEqual(crosses(schema, { a: 1, b: "x" }), { a: 1, b: "x" })
    assert.deepStrictEqual(crosses(schema, { a: "s", b: "x" }), { a: "s" })
  })

  it("of many literals", () => {
    const literals = Array.from({ length: 300 }, (_, i) => `literal ${i}`)
    const schema = Schema.Struct({
      a: Schema.Literals(literals),
      b: Schema.Union([Schema.Literals(literals), Schema.Number])
    })
    assert.strictEqual(compile(Schema.Literals(literals)).fixedBytes, 8)
    for (const a of [literals[0]!, literals[299]!]) assert.roundTrip(schema, { a, b: a })
    assert.roundTrip(schema, { a: literals[1]!, b: 5 })
  })

  it("with mode oneOf take what exactly one member takes", () => {
    const schema = Schema.Union([Schema.Struct({ a: Schema.Number }), Schema.Struct({ b: Schema.Number })], {
      mode: "oneOf"
    })
    assert.strictEqual(compile(schema).isValid({ a: 1 }), true)
    assert.strictEqual(compile(schema).isValid({ a: 1, b: 2 }), false)
  })
})

describe("Codec records", () => {
  it("keep every key, __proto__ included, as the object's own", () => {
    const value = JSON.parse(`{"__proto__":1,"constructor":2,"":3,"a b":4}`) as Record<string, number>
    const read = crosses(Schema.Record(Schema.String, Schema.Number), value) as object
    assert.strictEqual(Object.getPrototypeOf(read), Object.prototype)
    assert.deepStrictEqual(Object.entries(read), Object.entries(value))
  })

  it("with other keys, more or fewer, than the ones before it", () => {
    const [generated, closures] = bothBackEnds(Schema.Record(Schema.String, Schema.Number))
    const keyed = (count: number, key: (i: number) => string) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [key(i), i]))
    const all = [
      keyed(3, (i) => `key${i}`),
      keyed(3, (i) => `key${2 - i}`),
      keyed(40, (i) => "k".repeat(i)),
      keyed(20, (i) => `ключ${i}`),
      keyed(20, (i) => `ÿ${i}`),
      keyed(1500, (i) => `${i % 3}-${i}`),
      keyed(1, () => "__proto__"),
      {},
      keyed(1024, (i) => `key${i}`)
    ]
    for (let round = 0; round < 40; round++) {
      const value = all[round * 7 % all.length]!
      const { end, region } = write(generated, value)
      const other = write(closures, value)
      assert.deepStrictEqual(region.u8.subarray(OFFSET, end), other.region.u8.subarray(OFFSET, other.end))
      assert.deepStrictEqual(generated.read(region, OFFSET, end), value)
    }
  })

  it("whose getter takes a key away has what is there", () => {
    for (const codec of bothBackEnds(Schema.Record(Schema.String, Schema.UndefinedOr(Schema.Number)))) {
      const value: Record<string, number> = {
        get a() {
          delete value.c
          return 1
        },
        b: 2,
        c: 3,
        d: 4
      }
      const { end, region } = write(codec, value)
      assert.deepStrictEqual(codec.read(region, OFFSET, end), { a: 1, b: 2, c: undefined, d: 4 })
    }
  })
})

describe("Codec declarations", () => {
  it("copies bytes out of the record", () => {
    const bytes = Uint8Array.of(1, 2, 3)
    const { end, region } = writeWithBoth(Schema.Uint8Array, bytes)
    const read = compile(Schema.Uint8Array).read(region, OFFSET, end)
    region.u8.fill(9)
    assert.deepStrictEqual(read, bytes)
  })

  it("takes a Buffer for bytes and gives a Uint8Array", () => {
    assert.deepStrictEqual(crosses(Schema.Uint8Array, Buffer.from("abc")), new Uint8Array([97, 98, 99]))
  })

  it("brings options back as options", () => {
    const schema = Schema.Option(Schema.Option(Schema.String))
    for (const value of [Option.none(), Option.some(Option.none()), Option.some(Option.some("x"))]) {
      assert.roundTrip(schema, value)
    }
  })

  it("takes anything for void and hands out undefined", () => {
    assert.strictEqual(compile(Schema.Void).fixedBytes, 0)
    for (const value of [undefined, 1, {}]) assert.strictEqual(crosses(Schema.Void, value), undefined)
  })
})

describe("Codec JSON values", () => {
  it("keep what JSON text would lose", () => {
    const value = JSON.parse(`{"__proto__":1,"a":[null,true,"x"],"constructor":{}}`) as Record<string, unknown>
    value["zero"] = -0
    value["text"] = "\ud800"
    const read = crosses(Schema.Unknown, value) as object
    assert.strictEqual(Object.getPrototypeOf(read), Object.prototype)
    assert.deepStrictEqual(read, value)
  })

  it("refuse what is none", () => {
    const cyclic: Array<unknown> = []
    cyclic.push(cyclic)
    // oxlint-disable-next-line no-sparse-arrays -- a hole is the case
    const values = [undefined, NaN, Infinity, 1n, Symbol.for("a"), () => 1, new Date(0), new Map(), [1, , 2], cyclic]
    for (const schema of [Schema.Unknown, Schema.Any, Schema.Json, Schema.ObjectKeyword]) {
      for (const value of values) {
        assert.strictEqual(writeWithBoth(schema, value).end, INVALID)
        assert.strictEqual(writeWithBoth(schema, { a: [value] }).end, INVALID)
      }
    }
    assert.refused(Schema.ObjectKeyword, 1)
  })
})

describe("Codec symbols", () => {
  it("cross when they are registered", () => {
    const symbol = Symbol.for("wire/test/registered \ud800")
    assert.strictEqual(crosses(Schema.Symbol, symbol), symbol)
    assert.refused(Schema.Symbol, Symbol("wire/test/registered"))
  })

  it("that are unique need no bytes", () => {
    const symbol = Symbol("wire/test/unique")
    const schema = Schema.Struct({ a: Schema.UniqueSymbol(symbol) })
    assert.strictEqual(compile(schema).fixedBytes, 0)
    assert.deepStrictEqual(crosses(schema, { a: symbol }), { a: symbol })
    assert.refused(schema, { a: Symbol("wire/test/unique") })
  })

  it("are keys of structs and of records", () => {
    const [a, b] = [Symbol("wire/test/a"), Symbol.for("wire/test/b")]
    const struct = Schema.Struct({ x: Schema.Number, [a]: Schema.optionalKey(Schema.String) })
    for (const value of [{ x: 1 }, { x: 1, [a]: "y" }]) assert.deepStrictEqual(crosses(struct, value), value)
    assert.refused(struct, { x: 1, [a]: undefined })
    const record = Schema.Record(Schema.Symbol, Schema.Number)
    assert.deepStrictEqual(crosses(record, { [b]: 1, text: 2 }), { [b]: 1 })
    assert.refused(record, { [a]: 1 })
  })
})

describe("Codec tuples and records with a rest", () => {
  const tuple = Schema.Tuple([Schema.Number, Schema.optionalKey(Schema.String), Schema.optional(Schema.Number)])
  const rest = Schema.TupleWithRest(Schema.Tuple([Schema.String]), [Schema.Number, Schema.Boolean, Schema.String])

  it("take as many elements as their schema", () => {
    for (const value of [[1], [1, "a"], [1, "a", 2], [1, "a", undefined]]) assert.roundTrip(tuple, value as never)
    for (const value of [[], [1, 2], [1, undefined], [1, "a", 2, 3]]) assert.refused(tuple, value)
    for (const value of [["a", true, "z"], ["a", 1, 2, 3, false, "z"]]) assert.roundTrip(rest, value as never)
    for (const value of [[], ["a"], ["a", true], ["a", 1, "z"], ["a", "b", true, "z"]]) assert.refused(rest, value)
    assert.refused(Schema.NonEmptyArray(Schema.Number), [])
    assert.strictEqual(compile(Schema.NonEmptyArray(Schema.Number)).layout, "1:f64[]")
  })

  it("drop keys that their schema skips, and check those that have a field too", () => {
    const long = Schema.Record(Schema.String.check(Schema.isMinLength(3)), Schema.Number)
    assert.deepStrictEqual(crosses(long, { abc: 1, ab: "x" }), { abc: 1 })
    const open = Schema.StructWithRest(Schema.Struct({ a: Schema.Number }), [
      Schema.Record(Schema.String, Schema.NullOr(Schema.Number))
    ])
    assert.deepStrictEqual(crosses(open, { b: null, a: 1 }), { a: 1, b: null })
    assert.refused(open, { a: null, b: 1 })
    assert.refused(open, { a: 1, b: "x" })
    const strict = Schema.StructWithRest(Schema.Struct({ a: Schema.Number }), [
      Schema.Record(Schema.String, Schema.Number.check(Schema.isGreaterThan(5)))
    ])
    assert.refused(strict, { a: 1 })
  })
})

describe("Codec classes", () => {
  const ada = new Person({ name: "Ada", born: new Date(-4_857_494_400_000), nick: "A" })

  it("come back as instances", () => {
    const read = crosses(Person, ada)
    assert.ok(read instanceof Person)
    assert.deepStrictEqual(read, ada)
  })

  it("come back as instances inside of structs, arrays and unions", () => {
    const schema = Schema.Struct({ people: Schema.Array(Person), maybe: Schema.NullOr(Person) })
    const read = crosses(schema, { people: [ada, ada], maybe: ada }) as {
      people: ReadonlyArray<unknown>
      maybe: unknown
    }
    assert.ok([...read.people, read.maybe].every((person) => person instanceof Person))
  })

  it("of errors keep their class, tag and fields", () => {
    const schema = Schema.Union([Overflow, Denied])
    const overflow = crosses(schema, new Overflow({ limit: 3 }))
    assert.ok(overflow instanceof Overflow && overflow instanceof Error)
    assert.strictEqual(overflow.limit, 3)
    const denied = crosses(schema, new Denied({ who: ada, reasons: ["no"] }))
    assert.ok(denied instanceof Denied && denied.who instanceof Person)
    assert.strictEqual(denied._tag, "Denied")
  })

  it("of errors arrive without stack frames and leave the limit of frames alone", () => {
    const before = Error.stackTraceLimit
    const reads = [1, 2].map((limit) => crosses(Overflow, new Overflow({ limit })) as Overflow)
    assert.ok(!reads[1]!.stack!.includes("\n    at "))
    assert.strictEqual(Error.stackTraceLimit, before)
  })

  it("cost nothing in the layout", () => {
    assert.strictEqual(compile(Overflow).layout, `1:{_tag:"Overflow",limit:f64}`)
  })
})

describe("Codec declarations and transformations", () => {
  const schema = Schema.Exit(Schema.Struct({ n: Schema.Number }), Overflow, Schema.Defect())

  it("bring exits back with their causes", () => {
    assert.deepStrictEqual(crosses(schema, Exit.succeed({ n: 1 })), Exit.succeed({ n: 1 }))
    const failed = crosses(schema, Exit.fail(new Overflow({ limit: 1 }))) as Exit.Exit<unknown, unknown>
    assert.ok(Exit.isFailure(failed) && Cause.squash(failed.cause) instanceof Overflow)
    const died = crosses(schema, Exit.die(new Error("boom"))) as Exit.Exit<unknown, unknown>
    assert.ok(Exit.isFailure(died) && Cause.hasDies(died.cause))
    assert.strictEqual((Cause.squash(died.cause) as Error).message, "boom")
  })

  it("have the layout of what they contain", () => {
    assert.strictEqual(compile(Schema.HashMap(Schema.String, u32)).layout, "1:[text,u32][]")
    assert.strictEqual(
      compile(Schema.Exit(u32, Schema.String, Schema.Never)).layout,
      `1:({_tag:"Success",value:u32}|{_tag:"Failure",cause:{reasons:`
        + `({_tag:"Fail",error:text}|{_tag:"Die",defect:never}|{_tag:"Interrupt",fiberId:(undefined|f64)})[]}})`
    )
  })

  it("keep lone surrogates", () => {
    const text = Schema.Exit(Schema.String, Schema.String, Schema.Unknown)
    for (const exit of [Exit.succeed("\ud800"), Exit.fail("\udc00"), Exit.die({ a: ["\ud800"] })]) {
      assert.deepStrictEqual(crosses(text, exit), exit)
    }
  })

  it("bring back members of a union that nothing tells apart", () => {
    const alike = Schema.Union([Schema.Struct({ a: Schema.Number }), Schema.Struct({ b: Schema.Number })])
    const schema = Schema.ReadonlyMap(Schema.String, alike)
    const map = new Map([["x", { a: 1 }], ["y", { b: 2 }]])
    assert.deepStrictEqual(crosses(schema, map), map)
  })

  it("refuse the values of other declarations", () => {
    assert.refused(Schema.Exit(Schema.Number, Schema.String, Schema.Unknown), { _tag: "Success", value: 1 })
    assert.refused(Schema.ReadonlyMap(Schema.String, Schema.Number), new Set(["a"]))
    assert.refused(Schema.ReadonlyMap(Schema.String, Schema.Number), new Map([["a", "b"]]))
    assert.refused(Schema.URL, "https://effect.website")
    assert.refused(Schema.Redacted(Schema.String), "secret")
  })

  it("keep secrets redacted", () => {
    const read = crosses(Schema.Redacted(Schema.String), Redacted.make("secret")) as Redacted.Redacted<string>
    assert.strictEqual(Redacted.value(read), "secret")
    assert.ok(!inspect(read).includes("secret"))
  })

  it("that contain themselves cross", () => {
    interface Directory {
      readonly entries: HashMap.HashMap<string, Directory>
    }
    const Directory: Schema.Codec<Directory> = Schema.Struct({
      entries: Schema.HashMap(Schema.String, Schema.suspend((): Schema.Codec<Directory> => Directory))
    })
    const directory = (entries: ReadonlyArray<readonly [string, Directory]>): Directory => ({
      entries: HashMap.fromIterable(entries)
    })
    const value = directory([["a", directory([["b", directory([])]])], ["c", directory([])]])
    assert.ok(Schema.toEquivalence(Directory)(crosses(Directory, value) as Directory, value))
  })

  it("are refused when they are encoded by themselves without end", () => {
    const endless = (): Schema.Codec<string> =>
      Schema.declare((value): value is string => typeof value === "string", {
        toCodec: () =>
          Schema.link<string>()(Schema.Tuple([endless()]), {
            decode: SchemaGetter.transform(([text]) => text),
            encode: SchemaGetter.transform((text) => [text] as const)
          })
      })
    assert.throws(
      () => compile(Schema.Struct({ a: endless() })),
      (error: unknown) => error instanceof SchemaUnsupported && error.reason.includes("nest more than")
    )
  })

  it("are encoded once", () => {
    let encoded = 0
    const counted = Schema.String.pipe(Schema.decodeTo(Schema.String, {
      decode: { _tag: "Transform", transform: (text: string) => text } as never,
      encode: { _tag: "Transform", transform: (text: string) => (encoded++, text) } as never
    }))
    for (const codec of bothBackEnds(Schema.Array(counted))) {
      encoded = 0
      const { end, region } = write(codec, ["a", "b", "b", "c"])
      assert.strictEqual(encoded, 4)
      assert.deepStrictEqual(codec.read(region, OFFSET, end), ["a", "b", "b", "c"])
    }
  })

  it("are refused at definition when nothing says how they are encoded", () => {
    class Opaque {
      readonly secret = 1
    }
    const schema = Schema.Struct({ deep: Schema.Array(Schema.instanceOf(Opaque)) })
    assert.throws(() => compile(schema), (error: unknown) => {
      assert.ok(error instanceof SchemaUnsupported)
      assert.strictEqual(error.path, "value.deep[]")
      assert.ok(error.reason.length > 0 && error.message.includes("value.deep[]"))
      return true
    })
  })
})

describe("Codec.layout", () => {
  it("has a hash that depends on the layout alone", () => {
    const a = compile(Schema.Struct({ a: Schema.Number, b: Schema.String }))
    const b = compile(Schema.Struct({ a: Schema.Number.check(Schema.isGreaterThan(0)), b: Schema.String }))
    assert.strictEqual(a.layout, b.layout)
    assert.strictEqual(a.layoutHash, b.layoutHash)
    assert.ok(Number.isSafeInteger(a.layoutHash) && a.layoutHash >= 0 && a.layoutHash < 2 ** 52)
  })

  it("differs when a field is renamed, moved, or has another type or width", () => {
    const hashes = [
      Schema.Struct({ a: Schema.Number, b: Schema.String }),
      Schema.Struct({ a: Schema.Number, c: Schema.String }),
      Schema.Struct({ b: Schema.String, a: Schema.Number }),
      Schema.Struct({ a: u32, b: Schema.String }),
      Schema.Struct({ a: Schema.optionalKey(Schema.Number), b: Schema.String }),
      Schema.Struct({ a: Schema.Number, b: Schema.Array(Schema.String) }),
      Schema.Struct({ a: Schema.Number, b: Schema.Literal("b") })
    ].map((schema) => compile(schema).layoutHash)
    assert.strictEqual(new Set(hashes).size, hashes.length)
  })

  it("names recursions", () => {
    assert.strictEqual(compile(Tree).layout, "1:#0={label:text,children:#0[]}")
    assert.strictEqual(compile(List).layout, "1:#0={head:f64,tail:(null|#0)}")
  })

  it("is the same for both back ends, and stable over releases of the code", () => {
    for (const schema of Object.values(samples)) {
      const [generated, closures] = bothBackEnds(schema)
      assert.strictEqual(closures.layout, generated.layout)
      assert.strictEqual(closures.layoutHash, generated.layoutHash)
      assert.strictEqual(closures.fixedBytes, generated.fixedBytes)
    }
    assert.strictEqual(compile(Schema.Struct({ a: Schema.Number })).layoutHash, 1_527_809_818_538_027)
  })
})

describe("Codec.compile", () => {
  it("gives the same codec for the same schema", () => {
    const schema = Schema.Struct({ a: Schema.Number })
    assert.strictEqual(compile(schema), compile(schema))
    assert.ok(compile(schema) !== compile(schema, { eval: false }))
  })

  it("serves regions at any place of a buffer", () => {
    const schema = Schema.Struct({ a: Schema.String, b: Schema.Number })
    const codec = compile(schema)
    const region = new Region(new SharedArrayBuffer(256), 64, 128)
    const scratch = new Scratch()
    const end = 32 + codec.encode({ a: "x", b: 1 }, scratch)
    scratch.copyTo(region, 32)
    assert.deepStrictEqual(codec.read(region, 32, end), { a: "x", b: 1 })
  })
})

describe("Codec.explain", () => {
  it("gives the words of the schema and the place of the fault", () => {
    const codec = compile(Schema.Struct({ items: Schema.Array(Schema.Struct({ qty: u32 })) }))
    const text = codec.explain({ items: [{ qty: 1 }, { qty: -1 }] })
    assert.ok(text.includes(`["items"][1]["qty"]`), text)
    assert.ok(codec.explain({ items: [] }).startsWith("the value is valid now"))
  })

  it("names what its schema takes and bytes cannot hold, with its place", () => {
    const codec = compile(Schema.Struct({ items: Schema.Array(Schema.Struct({ extra: Schema.Unknown })) }))
    const text = (extra: unknown) => codec.explain({ items: [{ extra: 1 }, { extra }] })
    assert.strictEqual(
      text({ deep: [1, () => 1] }),
      "a function has no binary form: a part whose type is unknown carries JSON values\n"
        + `  at ["items"][1]["extra"]["deep"][1]`
    )
    assert.ok(text(new Map()).startsWith("an object that is no plain one has no binary form"), text(new Map()))
    assert.ok(text(NaN).startsWith("NaN has no binary form"), text(NaN))
    assert.strictEqual(compile(Schema.Unknown).explain(undefined).includes(" at "), false)
  })
})
