/**
 * Text in shared memory.
 *
 * ```text
 *  | u32 header: bit 31 = 2 bytes a character, bits 0..30 = length in characters | characters ... | pad to 8 |
 * ```
 *
 * Characters are UTF-16 code units as JavaScript has them: one byte each when all are below 256 (in text of more than 24 characters: below
 * 128), two bytes each otherwise, the low one first. So every string comes back as it was, lone surrogates included, and no text is ever
 * interpreted. Which of the two forms is used depends on the text alone. Text of up to 16 one-byte characters is packed into words with the
 * first character lowest.
 */
import { MalformedRecord } from "../WireError.ts"
import type { Stretch } from "./stretch.ts"

interface NativeText {
  utf8Write(this: Uint8Array, text: string, offset: number, length: number): number
  ucs2Write(this: Uint8Array, text: string, offset: number, length: number): number
  latin1Slice(this: Uint8Array, start: number, end: number): string
  ucs2Slice(this: Uint8Array, start: number, end: number): string
}

// Methods of Node's buffers that its types do not list.
const { latin1Slice, ucs2Slice, ucs2Write, utf8Write } = Buffer.prototype as unknown as NativeText

/** The longest text whose characters are packed into whole words. */
const SHORT = 16
/** The longest text that is written character by character; above it a native call is cheaper. */
const MEDIUM = 24
/** The same for characters of two bytes. */
const MEDIUM_WIDE = 32
const WIDE = 0x8000_0000 | 0

/** Writes a text at an 8-aligned offset and returns the 8-aligned end. */
export const writeString = (text: string, offset: number, to: Stretch): number => {
  to.reserve(offset + text.length * 2 + 11)
  return placeString(text, offset, to.i32, to.u8)
}

/** The same where there is room for it: 11 bytes and two for each character. */
export const placeString = (text: string, offset: number, i32: Int32Array, u8: Uint8Array): number => {
  const n = text.length
  if (n > SHORT) return n > MEDIUM ? writeLong(text, offset, i32, u8) : writeMedium(text, offset, i32, u8)
  let cell = (offset >> 2) + 1
  let seen = 0
  let i = 0
  for (const whole = n & ~3; i < whole; i += 4) {
    const a = text.charCodeAt(i)
    const b = text.charCodeAt(i + 1)
    const c = text.charCodeAt(i + 2)
    const d = text.charCodeAt(i + 3)
    seen |= a | b | c | d
    if (seen > 255) return writeWide(text, offset, i32, u8)
    i32[cell++] = a | b << 8 | c << 16 | d << 24
  }
  if (i < n) {
    let word = text.charCodeAt(i)
    seen |= word
    if (++i < n) {
      const b = text.charCodeAt(i)
      seen |= b
      word |= b << 8
      if (++i < n) {
        const c = text.charCodeAt(i)
        seen |= c
        word |= c << 16
      }
    }
    i32[cell] = word
  }
  if (seen > 255) return writeWide(text, offset, i32, u8)
  i32[offset >> 2] = n
  return (offset + n + 11) & ~7
}

/**
 * The text that a field was last written with, and its words.
 *
 * Fields that hold the same short text in message after message (a kind, a topic, a currency) need not look at its characters again. A field
 * whose texts vary is found out after some messages and left alone.
 */
export class Repeated {
  text = ""
  a = 0
  b = 0
  c = 0
  d = 0
  /** How many more messages had another text than the same, up to {@link VARIES}. */
  score = 0
}

/** The score from which on a field is taken to vary. */
export const VARIES = 64
/** How often a field that misses learns the text it has. */
const LEARN = 16

/** The same as {@link writeString}, for a field whose score is below {@link VARIES}. */
export const writeRepeated = (text: string, offset: number, to: Stretch, last: Repeated): number => {
  to.reserve(offset + text.length * 2 + 11)
  return placeRepeated(text, offset, to.i32, to.u8, last)
}

/** The same where there is room for it. */
export const placeRepeated = (
  text: string,
  offset: number,
  i32: Int32Array,
  u8: Uint8Array,
  last: Repeated
): number => {
  if (text !== last.text) {
    if (last.score++ % LEARN === 0) learn(text, last)
    return placeString(text, offset, i32, u8)
  }
  if (last.score > 0) last.score--
  const n = text.length
  const cell = offset >> 2
  i32[cell] = n
  if (n > 0) {
    i32[cell + 1] = last.a
    if (n > 4) {
      i32[cell + 2] = last.b
      if (n > 8) {
        i32[cell + 3] = last.c
        if (n > 12) i32[cell + 4] = last.d
      }
    }
  }
  return (offset + n + 11) & ~7
}

// The words are made from the text, not read from memory that may have changed since it was written.
const learn = (text: string, last: Repeated): void => {
  if (!isPackable(text)) return
  last.text = text
  last.a = wordOf(text, 0)
  last.b = wordOf(text, 4)
  last.c = wordOf(text, 8)
  last.d = wordOf(text, 12)
}

const isPackable = (text: string): boolean => {
  const n = text.length
  if (n > SHORT) return false
  let seen = 0
  for (let i = 0; i < n; i++) seen |= text.charCodeAt(i)
  return seen <= 255
}

const wordOf = (text: string, start: number): number => {
  let word = 0
  for (let i = 0; i < 4 && start + i < text.length; i++) word |= text.charCodeAt(start + i) << i * 8
  return word
}

/** The most keys of a record that are kept. */
const MOST_KEYS = 1024
/** How often a record learns the keys that it has at other places than those before it. */
const LEARN_KEYS = 16

/** The keys that a record was written with, and their words: key `i` has the four at `words[4 * i]`. */
export class Keys {
  readonly texts: Array<string> = []
  words = new Int32Array(0)
  learns = false
  private records = 0

  /** A record of so many keys is going to be written. */
  begin(count: number): void {
    this.learns = this.records++ % LEARN_KEYS === 0
    if (this.learns && count > this.texts.length && this.texts.length < MOST_KEYS) this.grow(Math.min(count, MOST_KEYS))
  }

  private grow(count: number): void {
    const { words } = this
    this.words = new Int32Array(count * 4)
    this.words.set(words)
    while (this.texts.length < count) this.texts.push("")
  }
}

/** The same as {@link writeString}, for a key of a record. */
export const writeKey = (key: string, index: number, offset: number, to: Stretch, keys: Keys): number => {
  const { texts, words } = keys
  if (index >= texts.length || key !== texts[index]) return writeOtherKey(key, index, offset, to, keys)
  const n = key.length
  to.reserve(offset + n + 11)
  const { i32 } = to
  const cell = offset >> 2
  const word = index << 2
  i32[cell] = n
  if (n > 0) {
    i32[cell + 1] = words[word]!
    if (n > 4) {
      i32[cell + 2] = words[word + 1]!
      if (n > 8) {
        i32[cell + 3] = words[word + 2]!
        if (n > 12) i32[cell + 4] = words[word + 3]!
      }
    }
  }
  return (offset + n + 11) & ~7
}

const writeOtherKey = (key: string, index: number, offset: number, to: Stretch, keys: Keys): number => {
  if (keys.learns && index < keys.texts.length && isPackable(key)) {
    keys.texts[index] = key
    for (let i = 0; i < 4; i++) keys.words[index * 4 + i] = wordOf(key, i * 4)
  }
  return writeString(key, offset, to)
}

const writeMedium = (text: string, offset: number, i32: Int32Array, u8: Uint8Array): number => {
  const n = text.length
  const body = offset + 4
  for (let i = 0; i < n; i++) {
    const c = text.charCodeAt(i)
    if (c > 255) return writeWide(text, offset, i32, u8)
    u8[body + i] = c
  }
  i32[offset >> 2] = n
  return (offset + n + 11) & ~7
}

const writeLong = (text: string, offset: number, i32: Int32Array, u8: Uint8Array): number => {
  const n = text.length
  if (text.charCodeAt(0) > 127 || utf8Write.call(u8, text, offset + 4, n * 2) !== n) {
    return writeWide(text, offset, i32, u8)
  }
  i32[offset >> 2] = n
  return (offset + n + 11) & ~7
}

const writeWide = (text: string, offset: number, i32: Int32Array, u8: Uint8Array): number => {
  const n = text.length
  const body = offset + 4
  if (n > MEDIUM_WIDE) {
    ucs2Write.call(u8, text, body, n * 2)
  } else {
    for (let i = 0; i < n; i++) {
      const c = text.charCodeAt(i)
      u8[body + i * 2] = c
      u8[body + i * 2 + 1] = c >> 8
    }
  }
  i32[offset >> 2] = n | WIDE
  return (offset + n * 2 + 11) & ~7
}

const tooLong = (header: number, offset: number, end: number, where: string): never => {
  throw new MalformedRecord({
    where,
    found: `text of ${header & 0x7fff_ffff} characters`,
    limit: `at most ${end - offset} bytes`
  })
}

/** The 8-aligned end of the text with this header; throws when the text does not fit. `offset` is below `end`, both 8-aligned. */
export const stringEnd = (header: number, offset: number, end: number, where: string): number => {
  const n = header & 0x7fff_ffff
  const bytes = header < 0 ? n * 2 : n
  if (bytes > end - offset - 4) tooLong(header, offset, end, where)
  return (offset + bytes + 11) & ~7
}

/** Reads the text with this header, whose end has been checked. */
export const readString = (header: number, offset: number, i32: Int32Array, u8: Uint8Array): string => {
  if (header < 0) return ucs2Slice.call(u8, offset + 4, offset + 4 + (header & 0x7fff_ffff) * 2)
  return header <= SHORT ? readShort(header, offset >> 2, i32) : latin1Slice.call(u8, offset + 4, offset + 4 + header)
}

// Short texts repeat: tags, keys, currencies. The last ones read are kept in a direct-mapped table and found by comparing the words
// themselves, so that what is handed out always equals the bytes, whatever they are.
const TABLE = 4096
const SHIFT = 20
const tableText = new Array<string>(TABLE).fill("")
const tableWords = new Int32Array(TABLE * 8)

const readShort = (n: number, cell: number, i32: Int32Array): string => {
  if (n > 8) return readSixteen(n, cell, i32)
  if (n === 0) return ""
  const a = i32[cell + 1]!
  const b = n > 4 ? i32[cell + 2]! : 0
  // The products do not wait for each other, which is most of what this function costs.
  const hash = (Math.imul(a, 0x9e37_79b1) ^ Math.imul(b, 0x85eb_ca6b)) >>> SHIFT
  const w = hash << 3
  if (tableWords[w] === a && tableWords[w + 1] === b && tableWords[w + 4] === n) return tableText[hash]!
  return remember(hash, n, a, b, 0, 0)
}

const readSixteen = (n: number, cell: number, i32: Int32Array): string => {
  const a = i32[cell + 1]!
  const b = i32[cell + 2]!
  const c = i32[cell + 3]!
  const d = n > 12 ? i32[cell + 4]! : 0
  const hash = (Math.imul(a, 0x9e37_79b1) ^ Math.imul(b, 0x85eb_ca6b) ^ Math.imul(c, 0xc2b2_ae35)
    ^ Math.imul(d, 0x2c1b_3c6d)) >>> SHIFT
  const w = hash << 3
  if (
    tableWords[w] === a && tableWords[w + 1] === b && tableWords[w + 2] === c && tableWords[w + 3] === d
    && tableWords[w + 4] === n
  ) {
    return tableText[hash]!
  }
  return remember(hash, n, a, b, c, d)
}

const remember = (hash: number, n: number, a: number, b: number, c: number, d: number): string => {
  const w = hash << 3
  tableWords[w] = a
  tableWords[w + 1] = b
  tableWords[w + 2] = c
  tableWords[w + 3] = d
  tableWords[w + 4] = n
  return tableText[hash] = fromWords(n, a, b, c, d)
}

// Made from the words that were compared, not from memory that may have changed since.
const fromWords = (n: number, a: number, b: number, c: number, d: number): string => {
  const f = String.fromCharCode
  const a0 = a & 255
  const a1 = a >> 8 & 255
  const a2 = a >> 16 & 255
  const a3 = a >>> 24
  if (n === 1) return f(a0)
  if (n <= 4) return n === 2 ? f(a0, a1) : n === 3 ? f(a0, a1, a2) : f(a0, a1, a2, a3)
  const b0 = b & 255
  const b1 = b >> 8 & 255
  const b2 = b >> 16 & 255
  const b3 = b >>> 24
  if (n === 5) return f(a0, a1, a2, a3, b0)
  if (n === 6) return f(a0, a1, a2, a3, b0, b1)
  if (n === 7) return f(a0, a1, a2, a3, b0, b1, b2)
  if (n === 8) return f(a0, a1, a2, a3, b0, b1, b2, b3)
  const c0 = c & 255
  const c1 = c >> 8 & 255
  const c2 = c >> 16 & 255
  const c3 = c >>> 24
  if (n === 9) return f(a0, a1, a2, a3, b0, b1, b2, b3, c0)
  if (n === 10) return f(a0, a1, a2, a3, b0, b1, b2, b3, c0, c1)
  if (n === 11) return f(a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2)
  if (n === 12) return f(a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3)
  const d0 = d & 255
  const d1 = d >> 8 & 255
  const d2 = d >> 16 & 255
  if (n === 13) return f(a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0)
  if (n === 14) return f(a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1)
  if (n === 15) return f(a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2)
  return f(a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d >>> 24)
}
