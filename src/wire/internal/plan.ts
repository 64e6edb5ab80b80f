/**
 * The plan: what a schema becomes between the walk over its syntax tree and the two back ends.
 *
 * Plain data. A plan says which values are taken, how they lie in memory, and nothing about how the code that does it is made. Everything
 * that has more than one part is a *block*: a fixed part of 8-byte slots, 4-byte cells and packed bits, followed by the variable parts of
 * its fields in order.
 *
 * ```text
 *  block    | slots: f64, i64, Date | cells: u32, i32, f32, ... | bit words | pad to 8 |  variable parts ...
 *  string   | u32: bit 31 = two bytes a character, length in characters | characters | pad to 8
 *  bytes    | u32 length | 0 | bytes | pad to 8
 *  array    | u32 count  | 0 | items: packed cells or slots, or one block an item
 *  record   | u32 count  | 0 | key string, value block | ...
 *  bigint   | i32 kind   | 0 | i64, or a string of hexadecimal digits
 *  union    | tag in the bit words of its block | the chosen alternative: nothing, a slot of the fixed part, or a block
 * ```
 *
 * Bytes that carry no information (padding, the slot of an absent alternative) are left as they were.
 */

import type { Carriage } from "../Carriage.ts"
import type { Way } from "./way.ts"

/** How a number is stored. */
export type Width = "u8" | "u16" | "u32" | "i8" | "i16" | "i32" | "f32" | "f64" | "i64"

/** The values that take no bytes, because the schema says what they are. */
export type Constant = string | number | boolean | bigint | null | undefined

/** A residual check: one that is run as it is, after the value has been found well formed. */
export type Filter = (value: never) => boolean

/** A check on a number that both back ends know how to do in place. */
export interface NumberTest {
  readonly op: "integer" | "finite" | ">" | ">=" | "<" | "<="
  readonly value: number
}

interface Base {
  /** Checks of the schema that are not done in place. */
  readonly filters: ReadonlyArray<Filter>
  /** Where in the schema, for errors. */
  readonly path: string
}

/** A number in a cell or a slot. */
export interface NumberPlan extends Base {
  readonly kind: "number"
  readonly width: Exclude<Width, "i64">
  readonly tests: ReadonlyArray<NumberTest>
}

/** A bigint of 64 bits in a slot. */
export interface Int64Plan extends Base {
  readonly kind: "int64"
}

/** A bigint of any size. */
export interface BigIntPlan extends Base {
  readonly kind: "bigint"
}

/** A `Date`, as its milliseconds in a slot. */
export interface DatePlan extends Base {
  readonly kind: "date"
}

/** A string. */
export interface StringPlan extends Base {
  readonly kind: "string"
  readonly minLength: number
  readonly maxLength: number
}

/** A `Uint8Array`, copied in and out. */
export interface BytesPlan extends Base {
  readonly kind: "bytes"
}

/** One value, in no bytes. */
export interface ConstantPlan extends Base {
  readonly kind: "constant"
  readonly value: Constant
  /** `Schema.Void` takes anything and hands out `undefined`. */
  readonly lax: boolean
}

/** One of several constants, as its index in packed bits. */
export interface ChoicePlan extends Base {
  readonly kind: "choice"
  readonly values: ReadonlyArray<Constant>
}

/** Items of one plan. */
export interface ArrayPlan extends Base {
  readonly kind: "array"
  readonly item: Plan
  readonly minLength: number
  readonly maxLength: number
}

/** String keys with values of one plan. */
export interface RecordPlan extends Base {
  readonly kind: "record"
  readonly keys: StringPlan
  readonly value: Plan
}

/** A field of a block. */
export interface Field {
  /** Property name or element index; `undefined` when the block is its single field. */
  readonly key: string | number | undefined
  /** Whether the key may be missing: its plan is then a union with the alternative `absent`. */
  readonly optional: boolean
  readonly plan: Plan
  /** Filled in by the layout. */
  place: Place
}

/** Where a field lies in the fixed part of its block. Cells are 4 bytes, counted from the start of the block; -1 means none. */
export interface Place {
  readonly cell: number
  readonly bitCell: number
  readonly shift: number
  readonly bits: number
}

/** A struct, a tuple, or the single value of an item, of an alternative, or of the whole record. */
export interface BlockPlan extends Base {
  readonly kind: "block"
  readonly shape: "object" | "tuple" | "self"
  /** Filled in after construction: a block can contain itself. */
  fields: ReadonlyArray<Field>
  /** Bytes of the fixed part; filled in by the layout. */
  fixedBytes: number
  /** Cells that hold packed bits; filled in by the layout. */
  bitCells: ReadonlyArray<number>
  /** Whether values need to be told apart from arrays explicitly. */
  refuseArrays: boolean
}

/** What a value must look like at first sight to be tried with an alternative. */
export interface Shape {
  readonly type: "string" | "number" | "bigint" | "boolean" | "object" | "array" | "date" | "bytes" | "any"
  /** For objects: properties that must hold these constants. */
  readonly sentinels: ReadonlyArray<readonly [key: string, value: Constant]>
}

/** One alternative of a union. */
export type Alternative =
  | { readonly kind: "absent" }
  | { readonly kind: "constant"; readonly value: Constant; readonly lax: boolean }
  | {
    readonly kind: "plan"
    readonly plan: Plan
    readonly shape: Shape
    /** No later alternative can take a value of this shape: a refusal is final. */
    readonly final: boolean
  }

/** One of several alternatives. */
export interface UnionPlan extends Base {
  readonly kind: "union"
  readonly alternatives: ReadonlyArray<Alternative>
}

/** See {@link ViaPlan.prepare}. */
export type Prepare = (carriage: Carriage) => void

/** The value is immutable: a thread that asks for it freezes what is sent and what is read. */
export const SHARED = 1
/** The value needs the services of its thread, and stays its sender's. */
export const COPIED = 2
/** The value needs the services of its thread, and leaves its sender. */
export const MOVED = 4
/** The value names something that only threads with links between them reach; beside {@link COPIED}. */
export const ADDRESSED = 8
/** What becomes of values on their way: bits, since a message may hold several. */
export type Travels = number

/** A value that is transformed by its schema before it is written and after it is read. */
export interface ViaPlan extends Base {
  readonly kind: "via"
  readonly inner: Plan
  /** The encoded value, or {@link Refused}. */
  readonly encode: (value: unknown, way: Way | undefined) => unknown
  /** The value, or an {@link Undecodable}. */
  readonly decode: (value: unknown, way: Way | undefined) => unknown
  /** Whether `encode` would take a value, for values that can only be encoded on their way. */
  readonly accepts?: ((value: unknown) => boolean) | undefined
  /** What becomes of it on its way; nothing when absent. */
  readonly travels?: Travels | undefined
  /** Gets a thread ready on which such values may arrive. */
  readonly prepare?: Prepare | undefined
}

/** An instance of a class, written as its fields. */
export interface InstancePlan extends Base {
  readonly kind: "instance"
  readonly inner: Plan
  readonly isInstance: (value: unknown) => boolean
  /** The instance, or {@link Refused}. */
  readonly construct: (fields: unknown) => unknown
}

/** A schema that is still being walked: a recursion. */
export interface RefPlan extends Base {
  readonly kind: "ref"
  readonly target: () => BlockPlan
}

/** No value at all. */
export interface NeverPlan extends Base {
  readonly kind: "never"
}

export type Plan =
  | NumberPlan
  | Int64Plan
  | BigIntPlan
  | DatePlan
  | StringPlan
  | BytesPlan
  | ConstantPlan
  | ChoicePlan
  | ArrayPlan
  | RecordPlan
  | BlockPlan
  | UnionPlan
  | ViaPlan
  | InstancePlan
  | RefPlan
  | NeverPlan

/** What came of a part that its schema does not decode. */
export class Undecodable {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

/** A value that its schema does not take. */
export const Refused: unique symbol = Symbol.for("shared-nothing/Refused")

/** The place of a field before the layout ran. */
export const nowhere: Place = { cell: -1, bitCell: -1, shift: 0, bits: 0 }

/** A block without fields, to be filled in. */
export const emptyBlock = (shape: BlockPlan["shape"], path: string): BlockPlan => ({
  kind: "block",
  shape,
  path,
  filters: [],
  fields: [],
  fixedBytes: 0,
  bitCells: [],
  refuseArrays: false
})
