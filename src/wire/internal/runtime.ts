/**
 * What both back ends call: the parts of reading and writing that are not worth generating, and the ways a record can be malformed.
 */
import { MalformedRecord } from "../WireError.ts"
import type { ViaPlan } from "./plan.ts"
import { Undecodable } from "./plan.ts"
import { readString, stringBound, stringEnd, writeString } from "./strings.ts"

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

/** The milliseconds of a date, `NaN` for everything else. */
export const millisOf = (value: unknown): number => {
  try {
    return value instanceof Date ? value.getTime() : NaN
  } catch {
    return NaN
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

/** The most bytes a bigint takes. */
export const bigintBound = (value: bigint): number => isInt64(value) ? 16 : 8 + stringBound(magnitudeText(value))

/** Writes a bigint of any size. */
export const writeBigint = (value: bigint, offset: number, view: Int32Array, u8: Uint8Array): number => {
  if (isInt64(value)) {
    view[offset >> 2] = INT64
    writeInt64(value, (offset >> 2) + 2, view)
    return offset + 16
  }
  view[offset >> 2] = value < 0n ? NEGATIVE : POSITIVE
  return writeString(magnitudeText(value), offset + 8, view, u8)
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

/** The most bytes a byte string takes. */
export const bytesBound = (bytes: Uint8Array): number => 8 + Math.ceil(bytes.length / 8) * 8

/** Copies bytes in. */
export const writeBytes = (bytes: Uint8Array, offset: number, view: Int32Array, u8: Uint8Array): number => {
  const n = bytes.length
  view[offset >> 2] = n
  u8.set(bytes, offset + 8)
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

/**
 * Parts whose size is known only once they are encoded. The bound encodes them and keeps the result; the write that follows takes it from
 * here when it meets the same value at the same place.
 */
export class Passages {
  readonly #plans: Array<ViaPlan> = []
  readonly #sources: Array<unknown> = []
  readonly #encoded: Array<unknown> = []
  #next = 0

  /** Forgets what was kept. */
  clear(): void {
    this.#plans.length = 0
    this.#sources.length = 0
    this.#encoded.length = 0
    this.#next = 0
  }

  /** Starts to take from the beginning. */
  rewind(): void {
    this.#next = 0
  }

  /** Encodes a part and keeps the result. */
  prepare(plan: ViaPlan, value: unknown): unknown {
    const encoded = plan.encode(value)
    this.#plans.push(plan)
    this.#sources.push(value)
    this.#encoded.push(encoded)
    return encoded
  }

  /** The encoded part: what was kept, or encoded now. */
  take(plan: ViaPlan, value: unknown): unknown {
    for (let i = this.#next; i < this.#plans.length; i++) {
      if (this.#plans[i] === plan && Object.is(this.#sources[i], value)) {
        this.#next = i + 1
        return this.#encoded[i]
      }
    }
    return plan.encode(value)
  }

  /** Turns what was read into the value. */
  restore(plan: ViaPlan, encoded: never): unknown {
    const value = plan.decode(encoded)
    if (value instanceof Undecodable) {
      badValue(plan.path, `a part that its schema does not decode (${value.reason})`, "an encoded value")
    }
    return value
  }
}
