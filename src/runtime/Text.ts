/**
 * Text of any value, and never an exception: what user code throws, fails with or holds on to may be an object without a
 * prototype, a revoked proxy, or something whose getters throw.
 *
 * Nothing in this library turns a value that it did not make into text by any other way.
 */

const NO_TEXT = "a value that cannot be printed"

const attempt = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null || typeof value === "function"

/** A property as text; `undefined` when there is none, when it is empty, or when reading it throws. */
const textAt = (value: object, key: string): string | undefined => {
  const text = attempt(() => (value as Readonly<Record<string, unknown>>)[key])
  return typeof text === "string" && text !== "" ? text : undefined
}

// An error is told by its shape: it may come from another realm, whose `Error` is not ours.
const isErrorLike = (value: object): boolean => textAt(value, "message") !== undefined

const jsonOf = (value: object): string | undefined => {
  const json = attempt(() => JSON.stringify(value))
  return typeof json === "string" && json !== "{}" && json !== "[]" ? json : undefined
}

/** One line: `TypeError: x is not a function`, `{"_tag":"Refused","by":3}`, `7`. */
export const textOf = (value: unknown): string => {
  if (typeof value === "string") return value
  if (!isObject(value)) return attempt(() => String(value)) ?? NO_TEXT
  const name = textAt(value, "_tag") ?? textAt(value, "name")
  if (isErrorLike(value)) return `${name ?? "Error"}: ${textAt(value, "message")!}`
  const json = typeof value === "object" ? jsonOf(value) : undefined
  if (json !== undefined) return json
  // What has nothing better to say still says "[object Object]".
  return attempt(() => String(value as { toString(): string })) ?? name ?? NO_TEXT
}

/** The message of an error, without its name; else the same as {@link textOf}. */
export const messageOf = (value: unknown): string =>
  isObject(value) ? textAt(value, "message") ?? textOf(value) : textOf(value)

/** The name of an error, or the tag of a tagged one; `"Error"` for everything else. */
export const nameOf = (value: unknown): string =>
  isObject(value) ? textAt(value, "_tag") ?? textAt(value, "name") ?? "Error" : "Error"

/** The stack of an error, if it has one. */
export const stackOf = (value: unknown): string | undefined => isObject(value) ? textAt(value, "stack") : undefined
