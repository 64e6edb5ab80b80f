/**
 * The back end that composes closures, for processes that forbid code from strings.
 *
 * It makes the same bytes as the generated source: the same stores in the same order, also for values that are refused half way.
 */
import { makeBounds } from "./closureBound.ts"
import { makeReaders } from "./closureRead.ts"
import { makeWriters } from "./closureWrite.ts"
import type { Machine } from "./machine.ts"
import type { Field } from "./plan.ts"
import type { Program } from "./program.ts"
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
  if (typeof field.key === "string" && field.key in Object.prototype && !Object.hasOwn(value, field.key)) return undefined
  return value[field.key]
}

/** Composes the closures of a program. */
export const compose = (program: Program): Machine => {
  const frame = new Frame()
  const bound = makeBounds(program, frame)
  const write = makeWriters(program, frame, true)
  const valid = makeWriters(program, frame, false)
  const read = makeReaders(program, frame)
  return {
    boundBytes(value) {
      if (program.fixedBytes !== undefined) return program.fixedBytes
      frame.restart()
      frame.passages.clear()
      return bound(value)
    },
    write(value, region, offset) {
      frame.enter(region)
      frame.passages.rewind()
      const end = write(value, offset)
      frame.passages.clear()
      return end
    },
    read(region, offset, end) {
      frame.enter(region)
      frame.end = Math.min(end, region.byteLength)
      return read(offset)
    },
    isValid(value) {
      frame.restart()
      frame.passages.clear()
      return valid(value, 0) >= 0
    }
  }
}
