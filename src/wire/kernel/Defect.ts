/**
 * What a crash has left behind, as it travels: anything may be thrown, so anything crosses, and making it cross never throws.
 *
 * - An error keeps its name, message, stack and causes, and arrives as an `Error`. Its other fields stay behind.
 * - Plain data arrives as what JSON makes of it, as far as that is short.
 * - Everything else (symbols, functions, proxies that are revoked, what is too long) arrives as its text.
 *
 * Texts are cut, so that a crash always fits where it has to be written.
 */
import * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import { messageOf, nameOf, stackOf, textOf } from "../../runtime/Text.ts"

/** How much of a crash is kept. */
export interface Limits {
  /** Characters of a message, of a name, of a text. */
  readonly text: number
  /** Characters of a stack. */
  readonly stack: number
  /** Characters of plain data as JSON. */
  readonly data: number
  /** Errors behind an error, and reasons of a cause. */
  readonly depth: number
}

/** What is kept of every crash. */
export const LIMITS: Limits = { text: 2000, stack: 4000, data: 4000, depth: 4 }

/** What is kept where room is short: under 2 KiB, whatever has happened. */
export const BRIEF: Limits = { text: 100, stack: 0, data: 100, depth: 1 }

const cut = (text: string, length: number): string => text.length <= length ? text : `${text.slice(0, length)}…`

const attempt = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

// By shape, since an error of another realm is no instance of this one's `Error`.
const isError = (value: unknown): value is object => {
  if (typeof value !== "object" || value === null) return false
  return attempt(() => Object.prototype.toString.call(value) === "[object Error]") === true ||
    stackOf(value) !== undefined && attempt(() => typeof (value as { message?: unknown }).message) === "string"
}

type Wire =
  | {
    readonly error: { readonly name: string; readonly message: string; readonly stack?: string; readonly cause?: Wire }
  }
  | { readonly data: Schema.Json }
  | { readonly text: string }
  | { readonly nothing: true }

const errorToWire = (error: object, limits: Limits, depth: number): Wire => {
  const stack = limits.stack === 0 ? undefined : stackOf(error)
  const cause = depth <= 1 ? undefined : attempt(() => (error as { readonly cause?: unknown }).cause)
  return {
    error: {
      name: cut(nameOf(error), limits.text),
      message: cut(attempt(() => (error as Error).message) === "" ? "" : messageOf(error), limits.text),
      ...(stack === undefined ? {} : { stack: cut(stack, limits.stack) }),
      ...(cause === undefined ? {} : { cause: toWire(cause, limits, depth - 1) })
    }
  }
}

const dataOf = (value: unknown, limits: Limits): Schema.Json | undefined => {
  if (value === null || typeof value === "boolean") return value
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined
  if (typeof value === "string") return value.length <= limits.data ? value : undefined
  if (typeof value !== "object") return undefined
  const json = attempt(() => JSON.stringify(value))
  if (typeof json !== "string" || json.length > limits.data) return undefined
  // A collection, which JSON has nothing to say of, is better told by its text.
  if (json === "{}" && attempt(() => Object.prototype.toString.call(value)) !== "[object Object]") return undefined
  return JSON.parse(json) as Schema.Json
}

const toWire = (value: unknown, limits: Limits, depth: number): Wire => {
  if (value === undefined) return { nothing: true }
  if (isError(value)) return errorToWire(value, limits, depth)
  const data = dataOf(value, limits)
  return data === undefined ? { text: cut(textOf(value), limits.text) } : { data }
}

const fromWire = (wire: Wire): unknown => {
  if ("error" in wire) {
    const { cause, message, name, stack } = wire.error
    const error = cause === undefined ? new Error(message) : new Error(message, { cause: fromWire(cause) })
    if (name !== error.name) Object.defineProperty(error, "name", { value: name, configurable: true, writable: true })
    error.stack = stack ?? `${name}: ${message}`
    return error
  }
  if ("data" in wire) return wire.data
  return "text" in wire ? wire.text : undefined
}

const isWire = (json: unknown): json is Wire => {
  if (typeof json !== "object" || json === null) return false
  if ("error" in json) {
    const { error } = json as { readonly error: { readonly [key: string]: unknown } | null }
    return typeof error === "object" && error !== null && typeof error["name"] === "string" &&
      typeof error["message"] === "string" && (error["stack"] === undefined || typeof error["stack"] === "string") &&
      (error["cause"] === undefined || isWire(error["cause"]))
  }
  return "data" in json || "nothing" in json || "text" in json && typeof json.text === "string"
}

/** What arrives elsewhere of a value that was thrown: made of plain parts, so that writing it runs nobody's code. */
export const portable = (value: unknown, limits: Limits = LIMITS): unknown =>
  fromWire(toWire(value, limits, limits.depth))

/** What arrives elsewhere of a cause. */
export const portableCause = (cause: Cause.Cause<unknown>, limits: Limits = LIMITS): Cause.Cause<unknown> =>
  Cause.fromReasons(
    cause.reasons.slice(0, limits.depth).map((reason) => {
      switch (reason._tag) {
        case "Fail":
          return Cause.makeFailReason(portable(reason.error, limits))
        case "Die":
          return Cause.makeDieReason(portable(reason.defect, limits))
        case "Interrupt":
          return Cause.makeInterruptReason(reason.fiberId)
      }
    })
  )

/** The schema of anything that can be thrown. */
export const Defect: Schema.Codec<unknown, Schema.Json> = Schema.Json.pipe(
  Schema.decodeTo(Schema.Unknown, {
    decode: SchemaGetter.transform((json: Schema.Json) => isWire(json) ? fromWire(json) : json),
    encode: SchemaGetter.transform((value: unknown) => toWire(value, LIMITS, LIMITS.depth) as Schema.Json)
  })
)
