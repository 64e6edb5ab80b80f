/**
 * Closures that read a value. See `generateRead.ts` for the checks they make.
 */
import type { Frame } from "./frame.ts"
import { inlineAlternative, minBytes, packedBytes } from "./layout.ts"
import type { ArrayPlan, BlockPlan, NumberPlan, Place, Plan, RecordPlan, UnionPlan } from "./plan.ts"
import { nowhere, Refused } from "./plan.ts"
import type { Program } from "./program.ts"
import { MAX_DEPTH } from "./program.ts"
import * as Runtime from "./runtime.ts"
import { readString, stringEnd } from "./strings.ts"

/** Reads a block at an offset and leaves the cursor at its end. */
type ReadBlock = (offset: number) => unknown

/** Reads a part of the block that starts at `cell`. */
type Read = (cell: number) => unknown

interface Making {
  readonly program: Program
  readonly frame: Frame
  readonly blocks: Map<BlockPlan, ReadBlock>
}

const Absent = Symbol("absent")

/** The reader of the whole record. */
export const makeReaders = (program: Program, frame: Frame): ReadBlock =>
  blockReader({ program, frame, blocks: new Map() }, program.root)

const blockReader = (making: Making, block: BlockPlan): ReadBlock => {
  const known = making.blocks.get(block)
  if (known !== undefined) return known
  const { frame } = making
  let parts: ReadonlyArray<Read> = []
  const read: ReadBlock = (offset) => {
    if (block.fixedBytes > 0 && offset + block.fixedBytes > frame.end) {
      Runtime.cut(block.path, block.fixedBytes, frame.end - offset)
    }
    frame.cursor = offset + block.fixedBytes
    const cell = offset >> 2
    if (block.shape === "self") return parts[0]!(cell)
    if (block.shape === "tuple") return parts.map((part) => part(cell))
    const values = parts.map((part) => part(cell))
    const result = {}
    block.fields.forEach((field, i) => {
      if (!field.optional) Runtime.defineKey(result, String(field.key), values[i])
    })
    block.fields.forEach((field, i) => {
      if (field.optional && values[i] !== Absent) Runtime.defineKey(result, String(field.key), values[i])
    })
    return result
  }
  making.blocks.set(block, read)
  parts = block.fields.map((field) => planReader(making, field.plan, field.place))
  return read
}

const bitsOf = (frame: Frame, cell: number, place: Place): number =>
  place.bits === 0 ? 0 : frame.i32[cell + place.bitCell]! >>> place.shift & (2 ** place.bits - 1)

const planReader = (making: Making, plan: Plan, place: Place): Read => {
  const { frame } = making
  switch (plan.kind) {
    case "number":
      return numberReader(frame, plan, place)
    case "int64":
      return (cell) => Runtime.readInt64(cell + place.cell, frame.i32)
    case "date":
      return (cell) => Runtime.readDate(frame.f64[(cell + place.cell) >> 1]!, plan.path)
    case "constant":
      return () => plan.value
    case "choice":
      return (cell) => choose(plan, place === packedPlace ? frame.i32[cell]! >>> 0 : bitsOf(frame, cell, place))
    case "string":
      return () => readText(frame, plan.path)
    case "bytes":
      return () => readBytes(frame, plan.path)
    case "bigint":
      return () => readBigint(frame, plan.path)
    case "array":
      return arrayReader(making, plan)
    case "record":
      return recordReader(making, plan)
    case "union":
      return unionReader(making, plan, place)
    case "block":
    case "ref":
      return partReader(making, plan)
    case "instance": {
      const inner = planReader(making, plan.inner, place)
      return (cell) => {
        const value = plan.construct(inner(cell))
        return value === Refused
          ? Runtime.badValue(plan.path, "fields that its class does not take", "the fields of an instance")
          : value
      }
    }
    case "via": {
      const inner = planReader(making, plan.inner, place)
      return (cell) => frame.passages.restore(plan, inner(cell) as never)
    }
    case "never":
      return () => Runtime.badTag(plan.path, 0, 0)
  }
}

const choose = (plan: { readonly path: string; readonly values: ReadonlyArray<unknown> }, index: number): unknown => {
  if (index >= plan.values.length) Runtime.badTag(plan.path, index, plan.values.length)
  return plan.values[index]
}

const numberReader = (frame: Frame, plan: NumberPlan, place: Place): Read => {
  const cellAt = (cell: number): number => frame.i32[cell + place.cell]!
  switch (plan.width) {
    case "f64":
      return (cell) => frame.f64[(cell + place.cell) >> 1]
    case "f32":
      return (cell) => Runtime.bitsFloat(cellAt(cell))
    case "u8":
      return (cell) => cellAt(cell) & 255
    case "u16":
      return (cell) => cellAt(cell) & 65_535
    case "u32":
      return (cell) => cellAt(cell) >>> 0
    case "i8":
      return (cell) => cellAt(cell) << 24 >> 24
    case "i16":
      return (cell) => cellAt(cell) << 16 >> 16
    case "i32":
      return cellAt
  }
}

const readText = (frame: Frame, path: string): string => {
  const start = frame.cursor
  Runtime.room(start, frame.end, path)
  const header = frame.i32[start >> 2]!
  const end = stringEnd(header, start, frame.end, path)
  const text = readString(header, start, frame.i32, frame.u8)
  frame.cursor = end
  return text
}

const readBytes = (frame: Frame, path: string): Uint8Array => {
  const start = frame.cursor
  Runtime.room(start, frame.end, path)
  const length = frame.i32[start >> 2]! >>> 0
  const end = Runtime.bytesEnd(length, start, frame.end, path)
  const bytes = Runtime.readBytes(length, start, frame.u8)
  frame.cursor = end
  return bytes
}

const readBigint = (frame: Frame, path: string): bigint => {
  const start = frame.cursor
  Runtime.room(start, frame.end, path)
  const kind = frame.i32[start >> 2]!
  const end = Runtime.bigintEnd(kind, start, frame.end, frame.i32, path)
  const value = Runtime.readBigint(kind, start, end, frame.i32, frame.u8, path)
  frame.cursor = end
  return value
}

/** Reads a part that is a block of its own at the cursor. */
const partReader = (making: Making, plan: Plan): Read => {
  const { frame } = making
  const block = blockReader(making, making.program.blockOf(plan))
  if (plan.kind !== "ref") return () => block(frame.cursor)
  return () => {
    if (frame.depth >= MAX_DEPTH) {
      Runtime.badValue(plan.path, `more than ${MAX_DEPTH} levels`, `at most ${MAX_DEPTH} levels`)
    }
    frame.depth++
    const value = block(frame.cursor)
    frame.depth--
    return value
  }
}

const readCount = (frame: Frame, path: string, least: number): number => {
  const start = frame.cursor
  Runtime.room(start, frame.end, path)
  const count = frame.i32[start >> 2]! >>> 0
  frame.cursor = start + 8
  const left = frame.end - frame.cursor
  if (count * least > left) Runtime.tooMany(path, count, left / least)
  return count
}

const packedPlace: Place = { ...nowhere, cell: 0 }

const arrayReader = (making: Making, plan: ArrayPlan): Read => {
  const { frame } = making
  const packed = packedBytes(plan.item)
  if (packed === 0) {
    const least = minBytes(making.program.blockOf(plan.item))
    const item = partReader(making, plan.item)
    return () => {
      const count = readCount(frame, plan.path, least || 8)
      const result = Runtime.allocate(count)
      for (let i = 0; i < count; i++) {
        result[i] = item(0)
        if (least === 0) frame.cursor += 8
      }
      return result
    }
  }
  const item = planReader(making, plan.item, packedPlace)
  return () => {
    const count = readCount(frame, plan.path, packed)
    const start = frame.cursor
    const result = Runtime.allocate(count)
    for (let i = 0; i < count; i++) result[i] = item((start + i * packed) >> 2)
    frame.cursor = (start + count * packed + 7) & ~7
    return result
  }
}

const recordReader = (making: Making, plan: RecordPlan): Read => {
  const { frame } = making
  const item = partReader(making, plan.value)
  return () => {
    const count = readCount(frame, plan.path, 8)
    const result: Record<string, unknown> = {}
    for (let i = 0; i < count; i++) {
      const key = readText(frame, plan.path)
      Runtime.defineKey(result, key, item(0))
    }
    return result
  }
}

const unionReader = (making: Making, plan: UnionPlan, place: Place): Read => {
  const { frame } = making
  const inline = inlineAlternative(plan.alternatives)
  const readers = plan.alternatives.map((alternative): Read => {
    switch (alternative.kind) {
      case "absent":
        return () => Absent
      case "constant":
        return () => alternative.value
      case "plan":
        return alternative.plan === inline ? planReader(making, inline, place) : partReader(making, alternative.plan)
    }
  })
  return (cell) => {
    const tag = bitsOf(frame, cell, place)
    if (tag >= readers.length) Runtime.badTag(plan.path, tag, readers.length)
    return readers[tag]!(cell)
  }
}
