/**
 * Schemas that between them use every kind of plan.
 */
import * as Schema from "effect/Schema"
import { width } from "../../src/wire/Codec.ts"

export const u32 = Schema.Number.pipe(width("u32"))

export class Person extends Schema.Class<Person>("wire/test/Person")({
  name: Schema.String,
  born: Schema.DateFromString,
  nick: Schema.optionalKey(Schema.String)
}) {}

export class Overflow extends Schema.TaggedError<Overflow>("wire/test/Overflow")("Overflow", { limit: Schema.Int }) {}

export class Denied extends Schema.TaggedError<Denied>("wire/test/Denied")("Denied", {
  who: Person,
  reasons: Schema.Array(Schema.String)
}) {}

export interface Tree {
  readonly label: string
  readonly children: ReadonlyArray<Tree>
}

export const Tree: Schema.Codec<Tree> = Schema.Struct({
  label: Schema.String,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
})

export interface List {
  readonly head: number
  readonly tail: List | null
}

export const List: Schema.Codec<List> = Schema.Struct({
  head: Schema.Number,
  tail: Schema.NullOr(Schema.suspend((): Schema.Codec<List> => List))
})

export type Expression = number | { readonly op: "+" | "-"; readonly parts: readonly [Expression, Expression] }

export const Expression: Schema.Codec<Expression> = Schema.Union([
  Schema.Finite,
  Schema.Struct({
    op: Schema.Literals(["+", "-"]),
    parts: Schema.Tuple([
      Schema.suspend((): Schema.Codec<Expression> => Expression),
      Schema.suspend((): Schema.Codec<Expression> => Expression)
    ])
  })
])

const Colour = { Red: 0, Green: 1, Blue: "blue" } as const

export const samples: Record<string, Schema.Top> = {
  "three numbers": Schema.Struct({ id: u32, a: u32, b: Schema.Number }),
  "every width": Schema.Struct({
    a: Schema.Number.pipe(width("u8")),
    b: Schema.Number.pipe(width("i8")),
    c: Schema.Number.pipe(width("u16")),
    d: Schema.Number.pipe(width("i16")),
    e: Schema.Number.pipe(width("i32")),
    f: Schema.Number.pipe(width("f64")),
    g: Schema.BigInt.pipe(width("i64")),
    h: Schema.Int,
    i: Schema.Int.check(Schema.isInt32())
  }),
  "short strings": Schema.Struct({ id: u32, type: Schema.String, user: Schema.String, qty: u32, price: Schema.Number }),
  "nested objects": Schema.Struct({
    id: u32,
    items: Schema.Array(Schema.Struct({ sku: Schema.String, qty: u32, price: Schema.Number }))
  }),
  "nested structs": Schema.Struct({ a: Schema.Struct({ b: Schema.Struct({ c: Schema.String, d: Schema.Boolean }) }) }),
  "booleans and choices": Schema.Struct({
    a: Schema.Boolean,
    b: Schema.Literals(["x", "y", "z"]),
    c: Schema.Enum(Colour),
    d: Schema.Boolean,
    e: Schema.Literals([1, "1", true, 2n, -1])
  }),
  "optional fields": Schema.Struct({
    a: Schema.optionalKey(Schema.Number),
    b: Schema.optional(Schema.String),
    c: Schema.optionalKey(Schema.Array(Schema.Boolean)),
    d: Schema.optional(Schema.NullOr(u32)),
    e: Schema.optionalKey(Schema.Literal("only")),
    f: Schema.UndefinedOr(Schema.String),
    g: Schema.String
  }),
  "tagged union": Schema.Union([
    Schema.TaggedStruct("Deposit", { id: Schema.String, amount: Schema.Number }),
    Schema.TaggedStruct("Withdraw", { id: Schema.String, amount: Schema.Number, note: Schema.NullOr(Schema.String) }),
    Schema.TaggedStruct("Close", {})
  ]),
  "mixed union": Schema.Union([
    Schema.Null,
    Schema.Undefined,
    Schema.Boolean,
    Schema.String,
    Schema.Number,
    Schema.BigInt,
    Schema.Date,
    Schema.Array(Schema.Number),
    Schema.TaggedStruct("A", { n: Schema.Number })
  ]),
  "overlapping union": Schema.Union([
    Schema.Struct({ a: Schema.String, b: Schema.Number }),
    Schema.Struct({ a: Schema.String, c: Schema.Array(Schema.String) }),
    Schema.Struct({ a: Schema.Number })
  ]),
  "integer or text or number": Schema.Union([Schema.Int, Schema.NonEmptyString, Schema.Number]),
  "arrays": Schema.Struct({
    a: Schema.Array(Schema.Number),
    b: Schema.Array(u32),
    c: Schema.Array(Schema.String),
    d: Schema.Array(Schema.Boolean),
    e: Schema.Array(Schema.Array(Schema.Date)),
    f: Schema.Array(Schema.Null),
    g: Schema.Array(Schema.NullOr(Schema.Number)),
    h: Schema.Array(Schema.BigInt.pipe(width("i64")))
  }),
  "checked": Schema.Struct({
    a: Schema.String.check(Schema.isMinLength(2), Schema.isMaxLength(5)),
    b: Schema.Number.check(Schema.isBetween({ minimum: -1, maximum: 1 })),
    c: Schema.Array(Schema.Int).check(Schema.isMaxLength(3)),
    d: Schema.Number.check(Schema.isMultipleOf(3)),
    e: Schema.Finite
  }),
  "tuple": Schema.Tuple([Schema.String, Schema.Number, Schema.Boolean, Schema.NullOr(Schema.String)]),
  "tuple with rest": Schema.TupleWithRest(Schema.Tuple([Schema.Boolean]), [Schema.Number]),
  "record": Schema.Record(Schema.String, Schema.Number),
  "record of structs": Schema.Struct({ r: Schema.Record(Schema.String, Schema.Struct({ a: Schema.String })) }),
  "template literal": Schema.TemplateLiteral(["id-", Schema.Int]),
  "bigint": Schema.BigInt,
  "bytes": Schema.Struct({ a: Schema.Uint8Array, b: Schema.String }),
  "dates": Schema.Struct({ at: Schema.Date, until: Schema.NullOr(Schema.Date) }),
  "class": Person,
  "classes in arrays": Schema.Array(Person),
  "union of errors": Schema.Union([Overflow, Denied]),
  "transformations": Schema.Struct({
    a: Schema.NumberFromString,
    b: Schema.optionalKey(Schema.DateFromString),
    c: Schema.Array(Schema.DateFromMillis),
    d: Schema.NullOr(Schema.NumberFromString),
    e: Schema.DateTimeUtcFromString
  }),
  "exit": Schema.Exit(Schema.Number, Overflow, Schema.Finite),
  "option": Schema.Struct({
    a: Schema.Option(Schema.String),
    b: Schema.optional(Schema.Option(Schema.Number)),
    c: Schema.Array(Schema.Option(Schema.Literal("x")))
  }),
  "map": Schema.ReadonlyMap(Schema.Literals(["a", "b", "c"]), Schema.Number),
  "collections": Schema.Struct({
    a: Schema.HashMap(Schema.String, u32),
    b: Schema.HashSet(Schema.Number),
    c: Schema.Chunk(Schema.NullOr(Schema.String)),
    d: Schema.ReadonlySet(Schema.Date)
  }),
  "times": Schema.Struct({ a: Schema.DateTimeUtc, b: Schema.Duration, c: Schema.TimeZoneOffset }),
  "decimal": Schema.BigDecimal,
  "result": Schema.Result(Schema.String, Overflow),
  "cause": Schema.Cause(Overflow, Schema.Defect()),
  "defect": Schema.Defect(),
  "json": Schema.Struct({ a: Schema.Json, b: Schema.JsonObject }),
  "symbols": Schema.Struct({ a: Schema.Symbol, [Symbol.for("wire/test/key")]: Schema.optionalKey(Schema.String) }),
  "tuple with optional elements": Schema.Tuple([Schema.Number, Schema.optionalKey(Schema.String)]),
  "array with a first item": Schema.NonEmptyArray(Schema.String),
  "record of long keys": Schema.Record(Schema.String.check(Schema.isMinLength(2)), Schema.Boolean),
  "struct with a rest": Schema.StructWithRest(Schema.Struct({ a: u32 }), [Schema.Record(Schema.String, u32)]),
  "moved keys": Schema.Struct({ a: Schema.OptionFromOptionalKey(Schema.String), b: Schema.String }),
  "url": Schema.URL,
  "tree": Tree,
  "list": List,
  "expression": Expression,
  "constant": Schema.Literal("always"),
  "null": Schema.Null,
  "number": Schema.Number,
  "string": Schema.String
}
