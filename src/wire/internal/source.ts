/**
 * The words of the generated source: names, literals and tests of single values. Nothing from a schema enters the source except through
 * {@link literal} and {@link quote}.
 */
import type { Words } from "./kind.ts"
import type { Constant } from "./plan.ts"

/** A string literal. */
export const quote = (text: string): string => JSON.stringify(text)

/** A literal of a constant. */
export const literal = (value: Constant): string => {
  if (typeof value === "bigint") return `${value}n`
  if (value === undefined) return "undefined"
  if (Object.is(value, -0)) return "-0"
  return typeof value === "number" && value < 0 ? `(${value})` : JSON.stringify(value)
}

interface Lengths {
  readonly minLength: number
  readonly maxLength: number
}

/** A condition that holds for a length that a plan refuses, after `||`. */
export const lengthTest = ({ maxLength, minLength }: Lengths, length: string): string =>
  (minLength > 0 ? `||${length}<${minLength}` : "") + (maxLength < Infinity ? `||${length}>${maxLength}` : "")

/** The same for closures. */
export const hasLength = ({ maxLength, minLength }: Lengths, length: number): boolean =>
  length >= minLength && length <= maxLength

/** A statement: a variable part has room for its first slot. */
export const roomTest = (path: string): string => `if(e+8>E)H$cut(${quote(path)},8,E-e);`

/** Statements that read a text into a variable. */
export const readsText = ({ name }: Words, path: string, x: string): string => {
  const [h, z] = [name("h"), name("z")]
  return `${roomTest(path)}const ${h}=i32[e>>2],${z}=H$stringEnd(${h},e,E,${quote(path)});`
    + `${x}=H$readString(${h},e,i32,u8);e=${z};`
}
