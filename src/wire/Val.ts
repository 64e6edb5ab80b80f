/**
 * Values that nobody changes any more, so that any number of actors may have them: Pony's `val`.
 *
 * The type is readonly all the way down, which is what the compiler proves. A thread can also be told to freeze them
 * (`ThreadVals`, which the test kit does by itself): then who changes one after all, by a cast or in plain JavaScript, gets a `TypeError` where he does it,
 * on the side of the sender and on that of the receiver. Within a thread a message has the value itself, and no copy, unless something moves with it.
 *
 * **Example** (A table that many read)
 *
 * ```ts
 * import { Actor, Val } from "shared-nothing"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 *
 * const Rates = Val.of(Schema.ReadonlyMap(Schema.String, Schema.Struct({ rate: Schema.Number, since: Schema.Date })))
 *
 * const Quotes = Actor.make("Quotes", [Rpc.make("Publish", { payload: { rates: Rates } })])
 * ```
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Pipeable from "effect/Pipeable"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaParser from "effect/SchemaParser"
import * as SchemaTransformation from "effect/SchemaTransformation"
import type * as Carry from "./Carry.ts"
import { SHARED } from "./internal/plan.ts"
import { PassingKey, type Transformation, TransformationKey } from "./internal/transformed.ts"
import * as Way from "./internal/way.ts"

type Primitive = string | number | bigint | boolean | symbol | null | undefined

type Elements =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array

/** What changes an array of numbers, or hands out another view of it. */
type Changing = "set" | "fill" | "copyWithin" | "reverse" | "sort" | "subarray" | "buffer" | "valueOf"

/**
 * A type with everything in it readonly: properties, elements, maps, sets, dates and bytes.
 *
 * **Details** Values of Effect's own types (`Option`, `Chunk`, `HashMap`, …) are as they are: immutable by themselves.
 */
export type Val<T> = 0 extends 1 & T ? T
  : unknown extends T ? T
  : T extends Primitive | ((...args: never) => unknown) ? T
  : T extends ReadonlyMap<infer K, infer V> ? ReadonlyMap<Val<K>, Val<V>>
  : T extends ReadonlySet<infer A> ? ReadonlySet<Val<A>>
  : T extends Date ? Omit<Date, `set${string}`>
  : T extends Elements
    ? Omit<T, Changing | number> & { readonly [index: number]: T extends { [index: number]: infer A } ? A : never }
  : T extends Pipeable.Pipeable ? T
  : { readonly [K in keyof T]: Val<T[K]> }

/** The schema of such values. */
export interface Of<S extends Schema.Top>
  extends Carry.Of<Val<S["Type"]>, S["Encoded"], S["DecodingServices"], S["EncodingServices"]>
{}

// A parser outside of a codec has no thread, and freezes nothing.
const step = SchemaGetter.transformEffect((value: unknown) =>
  Effect.withFiber<unknown>((fiber) => {
    const way = fiber.getRef(Way.Current)
    return Exit.succeed(freeze(value, way === Way.CHECKED ? undefined : way))
  })
)

const passing = SchemaTransformation.makeTransformation({ decode: step, encode: step })

const freeze = (value: unknown, way: Way.Way | undefined): unknown => {
  const freezing = way?.carriage.freezing
  if (freezing?.isOn === true) freezing.freeze(value)
  return value
}

/** Its bytes are those of the schema that it is made of. */
const transformation: Transformation = { travels: SHARED, encode: freeze, decode: freeze }

/**
 * Makes the schema of the immutable values of a schema.
 *
 * **Errors** Nothing can be in it that moves with its message: `Actor.make` throws `InvalidProtocol`.
 */
export const of = <S extends Schema.Top>(schema: S): Of<S> => {
  const inside: Schema.Top = Schema.toType(schema)
  const val = Schema.declareConstructor<unknown>()(
    [inside],
    ([typed]) => {
      const parse = SchemaParser.decodeUnknownEffect(typed)
      // The value itself, which is to be frozen, and not what a parser makes of it.
      return (value, _ast, options) => Effect.as(parse(value, options), value)
    },
    { expected: "a Val", [TransformationKey]: transformation, [PassingKey]: passing }
  )
  const decoded = schema.pipe(Schema.decodeTo(val as Schema.Top, passing))
  // The type says more than the values do.
  return decoded as unknown as Of<S>
}
