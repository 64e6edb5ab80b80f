/**
 * Codecs: from a schema to functions that write its values for shared memory and read them back.
 *
 * {@link compile} turns the encoded side of a schema into a fixed layout, and the layout into functions that write into a `Scratch`, to be
 * copied from there, and read from a `Region`. A record starts at a multiple of 8 and ends at one:
 *
 * ```text
 *  offset                                                            end
 *  | 8-byte slots | packed bits | 4-byte cells | strings, arrays, ... |
 *  |<------------ fixed part ----------------->|<-- variable parts -->|
 * ```
 *
 * What a codec promises:
 *
 * - `read` of what `encode` wrote gives an equal value: `NaN`, `-0` and lone surrogates included, classes as instances of their class. The
 *   exception is `-0` in an integer width, which arrives as `0`.
 * - `encode` takes exactly the values that `isValid` accepts, and reads each of their properties once; only what tells the members of a union
 *   apart is looked at again, and a record of which a getter takes keys away. What is written is what was checked, whatever a getter or a proxy answers the next time.
 * - `read` reads nothing outside of `[offset, end)`, allocates no more than the bytes that are there justify, and answers damaged memory
 *   with a value or with `MalformedRecord`, never with another error and never with a loop.
 * - Errors arrive with their class, tag and fields, and without stack frames.
 * - Both back ends, generated source and closures, make the same bytes.
 *
 * What it never does: select a constructor by data, revive functions, follow prototypes when it reads a record's keys, or carry values
 * between different builds of a schema (compare {@link Codec.layoutHash} first).
 *
 * Every schema that Effect can encode crosses; what is laid out as it is, what is encoded first and what is refused is listed in
 * `docs/reference/codec.md`. Transformations run the schema's parser around the part they transform; schema classes do not need it.
 * Records lie in the first 2 GiB of their region.
 */
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import type { Region } from "../memory/Region.ts"
import type { Carriage } from "./Carriage.ts"
import { compose } from "./internal/closures.ts"
import { explainer } from "./internal/explain.ts"
import { canGenerate, generate } from "./internal/generate.ts"
import type * as Machine from "./internal/machine.ts"
import * as Plan from "./internal/plan.ts"
import { makeProgram } from "./internal/program.ts"
import { hashText } from "./internal/text.ts"
import { walkSchema, WidthKey } from "./internal/walk.ts"
import type { Way } from "./internal/way.ts"
import type { Scratch } from "./Scratch.ts"

/** What {@link Codec.encode} answers for a value that breaks its schema. */
export const INVALID = -1

export { NOT_PLACED, TOO_LARGE_TO_PLACE } from "./internal/machine.ts"

/** Where a record is written in place: a ring. */
export type Target = Machine.Target

/** How a number is stored. */
export type Width = Plan.Width

/** Writes and reads the values of one schema. */
export interface Codec<in out A> {
  /** A readable description of the bytes; the same in every thread and process that compiles the same schema. */
  readonly layout: string
  /**
   * A hash of {@link layout}, below 2^52: two ends compare it when they open a link.
   *
   * **Gotchas**: it names the bytes, not what is made of them. `Schema.Int` and `Schema.Number`, or a class and the struct of its fields, have
   * the same.
   */
  readonly layoutHash: number
  /**
   * Whether a value can hold something that leaves its sender with it: then who sends looks after `cargo` of the scratch, and who receives
   * after `arrived` of the carriage, as `wire/Carriage` tells.
   */
  readonly carries: boolean
  /** Whether a value can hold a reference to an actor, which only threads carry that have links between them. */
  readonly refers: boolean
  /** Whether a value can hold a `wire/Val`, which is frozen on threads that ask for it. */
  readonly shares: boolean
  /** The size of every value, a multiple of 8, when all have the same. */
  readonly fixedBytes: number | undefined
  /**
   * Writes a value into a scratch and answers how many bytes it took, a multiple of 8, or {@link INVALID} when the value breaks its schema.
   *
   * **Details**: all user code (getters, checks, encoders) runs in here, so none runs between the claim of a record and its commit. What user
   * code throws is thrown; the scratch can be used again at once.
   *
   * **Errors**: `ScratchFull` for a value of more than 2 GiB.
   */
  encode(value: A, scratch: Scratch): number
  /**
   * Writes a value in place, where a value is nothing but texts, numbers, dates and choices: reads and checks all of it, then claims the most
   * that it may take, then stores, and leaves its size in the target. Answers the offset, what the claim answered, {@link NOT_PLACED}, or
   * {@link TOO_LARGE_TO_PLACE}.
   *
   * **Details**: `undefined` for all other schemas, and without generated source; `encode` serves every schema. No user code runs between the
   * claim and the end. Where {@link fixedBytes} is known so many are claimed. A text may take up to twice what it does take: where that has no
   * room, `encode` tells how much is needed.
   */
  readonly place: ((value: A, target: Target) => number) | undefined
  /**
   * Reads the value that was written at `offset`; everything it needs must lie below `end`.
   *
   * **Details**: values that travel with their messages find the services of this thread in `carriage`. What has moved with the message is in
   * its `arrived` afterwards, also when this throws; a codec that does not {@link carries} leaves that as it is.
   *
   * **Errors**: `MalformedRecord` when the bytes are not a value of the schema.
   */
  read(region: Region, offset: number, end: number, carriage?: Carriage): A
  /** Gets a thread ready on which values may arrive from now on, for kinds of values that need that; again, it does nothing. */
  prepare(carriage: Carriage): void
  /** Whether `encode` would take a value. */
  isValid(value: unknown): boolean
  /**
   * Why `encode` refuses a value, in the words of its schema. Slow: for error texts.
   *
   * **Details**: a value that travels is judged with the services of `carriage`, that of the scratch.
   */
  explain(value: unknown, carriage?: Carriage): string
}

const codecs = new WeakMap<SchemaAST.AST, Codec<never>>()
const closureCodecs = new WeakMap<SchemaAST.AST, Codec<never>>()

/**
 * Compiles a schema. The same schema gives the same codec again.
 *
 * **Details**: generates source unless the process forbids it or `eval` is `false`; the closures used then make the same bytes, about ten
 * times slower.
 *
 * **Errors**: throws `SchemaUnsupported` for a schema whose values cannot cross between threads.
 *
 * **Example**
 *
 * ```ts run
 * import * as Schema from "effect/Schema"
 * import * as Codec from "shared-nothing/wire/Codec"
 * import { Region } from "shared-nothing/memory/Region"
 * import { Scratch } from "shared-nothing/wire/Scratch"
 *
 * const Order = Schema.Struct({ id: Schema.Number.pipe(Codec.width("u32")), item: Schema.String })
 * const codec = Codec.compile(Order)
 * const [scratch, region] = [new Scratch(), Region.make(64)]
 * const bytes = codec.encode({ id: 1, item: "tea" }, scratch) // => 16
 * scratch.copyTo(region, 8)
 * codec.read(region, 8, 8 + bytes) // => { id: 1, item: "tea" }
 * codec.layout // => "1:{id:u32,item:text}"
 * codec.encode({ id: -1, item: "tea" }, scratch) // => -1
 * ```
 */
export const compile = <S extends Schema.Top>(schema: S, options?: {
  /** Whether to generate source. */
  readonly eval?: boolean | undefined
}): Codec<S["Type"]> => {
  const generated = canGenerate && options?.eval !== false
  const known = generated ? codecs : closureCodecs
  let codec = known.get(schema.ast)
  if (codec === undefined) {
    codec = make(schema.ast, generated)
    known.set(schema.ast, codec)
  }
  // The maps hold codecs of every type; this one was made from the schema that was asked for.
  return codec as unknown as Codec<S["Type"]>
}

const make = (ast: SchemaAST.AST, generated: boolean): Codec<never> => {
  const program = makeProgram(walkSchema(ast))
  const machine = generated ? generate(program) : compose(program)
  let explain: Codec<unknown>["explain"] | undefined
  return {
    layout: program.layout,
    layoutHash: hashText(program.layout),
    carries: (program.travels & Plan.MOVED) !== 0,
    refers: (program.travels & Plan.ADDRESSED) !== 0,
    shares: (program.travels & Plan.SHARED) !== 0,
    fixedBytes: program.fixedBytes,
    encode: machine.encode,
    place: machine.place,
    read: (program.travels === 0 ? machine.read : onItsWay(machine.read, program.travels)) as Codec<
      never
    >["read"],
    prepare: (carriage) => program.prepares.forEach((prepare) => prepare(carriage)),
    isValid: machine.isValid,
    explain: (value, carriage) => (explain ??= explainer(ast, program, machine.isValid))(value, carriage)
  }
}

// Code of the user that decodes a part may read other messages of the thread meanwhile: each run has a list of its own.
const onItsWay =
  (read: Machine.Machine["read"], travels: Plan.Travels) =>
  (region: Region, offset: number, end: number, carriage: Carriage | undefined): unknown => {
    if (carriage === undefined || travels === Plan.SHARED && !carriage.freezing.isOn) {
      return read(region, offset, end, undefined)
    }
    const way: Way = { carriage, carried: [], fault: undefined }
    try {
      const value = read(region, offset, end, way)
      if (way.fault !== undefined) throw way.fault
      return value
    } finally {
      if ((travels & Plan.MOVED) !== 0) carriage.arrived = way.carried
    }
  }

const isSingle = Schema.makeFilter((value: number) => Object.is(Math.fround(value), value), {
  expected: "a 32-bit float"
})

const integers = (minimum: number, maximum: number) => [Schema.isInt(), Schema.isBetween({ minimum, maximum })]

const checksOf = (width: Width): ReadonlyArray<SchemaAST.Check<never>> => {
  switch (width) {
    case "u8":
    case "u16":
    case "u32":
      return integers(0, 2 ** Number(width.slice(1)) - 1)
    case "i8":
    case "i16":
    case "i32":
      return integers(-(2 ** (Number(width.slice(1)) - 1)), 2 ** (Number(width.slice(1)) - 1) - 1)
    case "f32":
      return [isSingle]
    case "f64":
      return []
    case "i64":
      return [Schema.isBetweenBigInt({ minimum: -(2n ** 63n), maximum: 2n ** 63n - 1n })]
  }
}

/**
 * Chooses how a number is stored: `Schema.Number.pipe(Codec.width("u32"))`.
 *
 * **Details**: also adds the checks that make the schema refuse what does not fit, so that every parser of it agrees with the codec. `"i64"` is
 * for `Schema.BigInt`. Without a width a number takes 8 bytes (4 when its checks prove that it is a 32-bit integer), a bigint 16 or more.
 *
 * **Gotchas**: apply it after other checks; the annotation sits on the last one.
 */
export const width = (width: Width) => <S extends Schema.Top>(schema: S): S["Rebuild"] => {
  const checks = checksOf(width)
  const checked = checks.length === 0
    ? schema
    : (schema.check as (...checks: ReadonlyArray<SchemaAST.Check<never>>) => Schema.Top)(...checks)
  return checked.annotate({ [WidthKey]: width })
}
