/**
 * What both back ends call: the parts of reading and writing that are not worth generating, and the ways a record can be malformed.
 */
import { MalformedRecord } from "../WireError.ts"
import type { ViaPlan } from "./plan.ts"
import { Undecodable } from "./plan.ts"
import type { Stretch } from "./stretch.ts"
import { readString, stringEnd, writeString } from "./strings.ts"
import type { Way } from "./way.ts"

/** A record ends before its parts do. */
export const cut = (where: string, needed: number, left: number): never => {
  throw new MalformedRecord({ where, found: `${Math.max(0, left)} bytes left`, limit: `at least ${needed} bytes` })
}

/** A count asks for more than the bytes that are there can hold. */
export const tooMany = (where: string, count: number, most: number): never => {
  throw new MalformedRecord({ where, found: `count ${count}`, limit: `at most ${Math.max(0, Math.floor(most))}` })
}

/** A tag or an index names no alternative. */
export const badTag = (where: string, tag: number, alternatives: number): never => {
  throw new MalformedRecord({ where, found: `tag ${tag}`, limit: `below ${alternatives}` })
}

/** A part cannot be turned into a value. */
export const badValue = (where: string, found: string, limit: string): never => {
  throw new MalformedRecord({ where, found, limit })
}

/** Checks that a variable part has room for its first slot. */
export const room = (offset: number, end: number, where: string): void => {
  if (offset + 8 > end) cut(where, 8, end - offset)
}

/** An array for `count` items that have been justified; large ones grow as they are filled. */
export const allocate = (count: number): Array<unknown> => count <= 65_536 ? new Array<unknown>(count) : []

const { getTime } = Date.prototype

/** The milliseconds of a date of any realm, `NaN` for everything else. */
export const millisOf = (value: unknown): number => {
  if (typeof value !== "object" || value === null) return NaN
  try {
    return getTime.call(value as Date)
  } catch {
    return NaN
  }
}

/** Whether a value is a date of any realm, also one that is invalid. */
export const isDate = (value: unknown): value is Date => {
  if (typeof value !== "object" || value === null) return false
  try {
    getTime.call(value as Date)
    return true
  } catch {
    return false
  }
}

/** The date of these milliseconds. */
export const readDate = (millis: number, where: string): Date => {
  if (!(Math.abs(millis) <= 8.64e15)) badValue(where, `date ${millis}`, "milliseconds of a valid date")
  return new Date(millis)
}

const f32 = new Float32Array(1)
const f32Bits = new Int32Array(f32.buffer)
const i64 = new BigInt64Array(1)
const i64Bits = new Int32Array(i64.buffer)

/** The bits of a 32-bit float. */
export const floatBits = (value: number): number => {
  f32[0] = value
  return f32Bits[0]!
}

/** The 32-bit float of these bits. */
export const bitsFloat = (bits: number): number => {
  f32Bits[0] = bits
  return f32[0]!
}

/** Whether a value is a bigint of 64 bits. */
export const isInt64 = (value: unknown): value is bigint =>
  typeof value === "bigint" && BigInt.asIntN(64, value) === value

/** Stores a bigint of 64 bits at a cell. */
export const writeInt64 = (value: bigint, cell: number, view: Int32Array): void => {
  i64[0] = value
  view[cell] = i64Bits[0]!
  view[cell + 1] = i64Bits[1]!
}

/** Loads a bigint of 64 bits from a cell. */
export const readInt64 = (cell: number, view: Int32Array): bigint => {
  i64Bits[0] = view[cell]!
  i64Bits[1] = view[cell + 1]!
  return i64[0]!
}

const INT64 = 0
const POSITIVE = 1
const NEGATIVE = 2

const magnitudeText = (value: bigint): string => (value < 0n ? -value : value).toString(16)

/** Writes a bigint of any size and returns the 8-aligned end. */
export const writeBigint = (value: bigint, offset: number, to: Stretch): number => {
  to.reserve(offset + 16)
  if (isInt64(value)) {
    to.i32[offset >> 2] = INT64
    writeInt64(value, (offset >> 2) + 2, to.i32)
    return offset + 16
  }
  to.i32[offset >> 2] = value < 0n ? NEGATIVE : POSITIVE
  return writeString(magnitudeText(value), offset + 8, to)
}

/** The end of the bigint at this offset. */
export const bigintEnd = (kind: number, offset: number, end: number, view: Int32Array, where: string): number => {
  if (kind < INT64 || kind > NEGATIVE) badTag(where, kind, 3)
  if (offset + 16 > end) cut(where, 16, end - offset)
  return kind === INT64 ? offset + 16 : stringEnd(view[(offset >> 2) + 2]!, offset + 8, end, where)
}

/** Reads the bigint of this kind, whose end has been checked. */
export const readBigint = (
  kind: number,
  offset: number,
  partEnd: number,
  view: Int32Array,
  u8: Uint8Array,
  where: string
): bigint => {
  if (kind === INT64) return readInt64((offset >> 2) + 2, view)
  // The header may have changed since it was checked: it is checked again before it is used.
  const header = view[(offset >> 2) + 2]!
  stringEnd(header, offset + 8, partEnd, where)
  const digits = readString(header, offset + 8, view, u8)
  if (!/^[0-9a-f]+$/.test(digits)) badValue(where, "text that is not hexadecimal", "the digits of a bigint")
  const magnitude = BigInt(`0x${digits}`)
  return kind === NEGATIVE ? -magnitude : magnitude
}

// The brand and the length of a typed array of any realm, whatever its class says.
const typed = Object.getPrototypeOf(Uint8Array.prototype) as object
const tagOf = Object.getOwnPropertyDescriptor(typed, Symbol.toStringTag)!.get!
const lengthOf = Object.getOwnPropertyDescriptor(typed, "length")!.get!

/** Whether a value is a `Uint8Array` of any realm. */
export const isBytes = (value: unknown): value is Uint8Array => tagOf.call(value) === "Uint8Array"

/** Copies bytes in and returns the 8-aligned end. */
export const writeBytes = (bytes: Uint8Array, offset: number, to: Stretch): number => {
  const n = lengthOf.call(bytes) as number
  to.reserve(offset + n + 15)
  to.i32[offset >> 2] = n
  to.u8.set(bytes, offset + 8)
  return (offset + n + 15) & ~7
}

/** The end of the bytes with this length. */
export const bytesEnd = (length: number, offset: number, end: number, where: string): number => {
  if (length > end - offset - 8) tooMany(where, length, end - offset - 8)
  return (offset + length + 15) & ~7
}

/** Copies bytes out. */
export const readBytes = (length: number, offset: number, u8: Uint8Array): Uint8Array =>
  u8.slice(offset + 8, offset + 8 + length)

/** Adds a property under any name, `__proto__` included, as the object's own. */
export const defineKey = (target: Record<string, unknown>, key: string, value: unknown): void => {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
  } else {
    target[key] = value
  }
}

/** With more properties than this the engine keeps them in a table, where it is quicker to look up one after the other. */
const MOST_IN_SHAPE = 1020

/** The values of these keys, which are all that an object has. */
export const valuesOf = (record: Record<string, unknown>, keys: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  if (keys.length <= MOST_IN_SHAPE) {
    const values = Object.values(record)
    // A getter may remove keys, a proxy answer what it likes.
    if (values.length === keys.length) return values
  }
  return keys.map((key) => record[key])
}

/** The place of a key that is absent: a value that no schema produces. */
export const Absent = Symbol("absent")

/** What reading and writing have at hand, of closures. */
export interface Passing {
  readonly i32: Int32Array
  cursor: number
  readonly end: number
}

/** Reads a count of parts that take at least so many bytes each, and moves the cursor behind it. */
export const readCount = (passing: Passing, path: string, least: number): number => {
  const start = passing.cursor
  room(start, passing.end, path)
  const count = passing.i32[start >> 2]! >>> 0
  passing.cursor = start + 8
  const most = (passing.end - passing.cursor) / least
  if (count > most) tooMany(path, count, most)
  return count
}

/** A value nests more deeply than a writer could. */
export const tooDeep = (where: string, most: number): never =>
  badValue(where, `more than ${most} levels`, `at most ${most} levels`)

/** A part that was read whole cannot be turned into a value. Where something may move with the message that is said once the rest has been read: nobody else would find it. */
export const undecoded = (where: string, found: string, limit: string, way: Way | undefined): undefined => {
  if (way === undefined) return badValue(where, found, limit)
  way.fault ??= new MalformedRecord({ where, found, limit })
}

/** Turns what was read into the value. */
export const decoded = (plan: ViaPlan, encoded: unknown, way: Way | undefined): unknown => {
  const value = plan.decode(encoded, way)
  return value instanceof Undecodable
    ? undecoded(plan.path, `a part that its schema does not decode (${value.reason})`, "an encoded value", way)
    : value
}
