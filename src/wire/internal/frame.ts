/**
 * What the closures of a codec share, and how they look at the keys of a value.
 */
import type { Field } from "./plan.ts"
import { Passages } from "./runtime.ts"

/** What the closures of one codec share while one of them runs. */
export class Frame {
  i32: Int32Array = new Int32Array(0)
  f64: Float64Array = new Float64Array(0)
  u8: Uint8Array = new Uint8Array(0)
  /** Where the next variable part starts. */
  cursor = 0
  /** Nothing is read at or after it. */
  end = 0
  /** How often recursive parts have entered themselves. */
  depth = 0
  /** Set once `depth` has exceeded its limit: everything that follows gives up at once. */
  exceeded = false
  readonly passages = new Passages()

  enter(region: { readonly i32: Int32Array; readonly f64: Float64Array; readonly u8: Uint8Array }): void {
    this.i32 = region.i32
    this.f64 = region.f64
    this.u8 = region.u8
    this.restart()
  }

  restart(): void {
    this.depth = 0
    this.exceeded = false
  }
}

/** Whether a value has the key of a field. Names that every object inherits count only when they are its own. */
export const hasKey = (value: object, field: Field): boolean => {
  const key = String(field.key)
  return key in Object.prototype ? Object.hasOwn(value, key) : key in value
}

/** The value of a field. */
export const getKey = (value: any, field: Field): unknown => {
  if (field.key === undefined) return value
  if (typeof field.key === "string" && field.key in Object.prototype && !Object.hasOwn(value, field.key)) {
    return undefined
  }
  return value[field.key]
}
