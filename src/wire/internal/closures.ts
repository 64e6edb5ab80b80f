/**
 * The back end that composes closures, for processes that forbid code from strings.
 *
 * It makes the same bytes as the generated source: the same stores in the same order, also for values that are refused half way.
 */
import { makeBounds } from "./closureBound.ts"
import { makeReaders } from "./closureRead.ts"
import { makeWriters } from "./closureWrite.ts"
import { Frame } from "./frame.ts"
import type { Machine } from "./machine.ts"
import type { Program } from "./program.ts"

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
