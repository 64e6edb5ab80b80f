/**
 * Closures that write a value, or only check it. See `generateWrite.ts` for the order they follow.
 */
import type { Frame } from "./frame.ts"
import { getKey, hasKey } from "./frame.ts"
import { takesUndefined } from "./guard.ts"
import { inlineAlternative, minBytes, packedBytes } from "./layout.ts"
import { indexOfConstant, matches, takesArrays } from "./look.ts"
import type {
  ArrayPlan,
  BlockPlan,
  Field,
  Filter,
  NumberPlan,
  Place,
  Plan,
  RecordPlan,
  StringPlan,
  UnionPlan
} from "./plan.ts"
import { nowhere, Refused } from "./plan.ts"
import type { Program } from "./program.ts"
import { MAX_DEPTH } from "./program.ts"
import { floatBits, isInt64, millisOf, writeBigint, writeBytes, writeInt64 } from "./runtime.ts"
import { writeString } from "./strings.ts"

// Values are `any` here: the plan has looked at their shape, which no type can follow.

/** Writes a block at an offset; returns its end, or -1. A check returns 0 or -1. */
type WriteBlock = (value: any, offset: number) => number

/** Writes a part; returns its packed bits, or -1. `cell` is where its block starts, in cells. */
type Write = (value: any, cell: number, absent: boolean) => number

interface Making {
  readonly program: Program
  readonly frame: Frame
  readonly store: boolean
  readonly blocks: Map<BlockPlan, WriteBlock>
}

/** The writer, or the check, of the whole record. */
export const makeWriters = (program: Program, frame: Frame, store: boolean): WriteBlock =>
  blockWriter({ program, frame, store, blocks: new Map() }, program.root)

const passes = (filters: ReadonlyArray<Filter>, value: unknown): boolean =>
  filters.every((filter) => filter(value as never))

const blockWriter = (making: Making, block: BlockPlan): WriteBlock => {
  const known = making.blocks.get(block)
  if (known !== undefined) return known
  const { frame, store } = making
  let fields: ReadonlyArray<readonly [field: Field, write: Write, mustExist: boolean]> = []
  const write: WriteBlock = (value, offset) => {
    if (!opens(block, value)) return -1
    const cell = offset >> 2
    const bits = block.bitCells.map(() => 0)
    frame.cursor = offset + block.fixedBytes
    for (const [field, part, mustExist] of fields) {
      const x = getKey(value, field)
      const missing = x === undefined && (mustExist || field.optional) && !hasKey(value, field)
      if (missing && mustExist) return -1
      const t = part(x, cell, missing)
      if (t < 0) return -1
      const { bitCell, shift } = field.place
      if (bitCell >= 0) bits[block.bitCells.indexOf(bitCell)]! |= t << shift
    }
    if (store) block.bitCells.forEach((bitCell, i) => frame.i32[cell + bitCell] = bits[i]!)
    return passes(block.filters, value) ? frame.cursor : -1
  }
  making.blocks.set(block, write)
  fields = block.fields.map((field) =>
    [
      field,
      planWriter(making, field.plan, field.place),
      block.shape === "object" && !field.optional && takesUndefined(field.plan)
    ] as const
  )
  return write
}

const opens = (block: BlockPlan, value: unknown): boolean => {
  if (block.shape === "object") {
    return typeof value === "object" && value !== null && !(block.refuseArrays && Array.isArray(value))
  }
  return block.shape !== "tuple" || Array.isArray(value) && value.length === block.fields.length
}

const planWriter = (making: Making, plan: Plan, place: Place): Write => {
  const write = bodyWriter(making, plan, place)
  if (plan.kind === "block" || plan.filters.length === 0) return write
  return (value, cell, absent) => {
    const t = write(value, cell, absent)
    return t >= 0 && passes(plan.filters, value) ? t : -1
  }
}

const bodyWriter = (making: Making, plan: Plan, place: Place): Write => {
  const { frame, store } = making
  switch (plan.kind) {
    case "number":
      return numberWriter(making, plan, place)
    case "int64":
      return (value, cell) => {
        if (!isInt64(value)) return -1
        if (store) writeInt64(value, cell + place.cell, frame.i32)
        return 0
      }
    case "date":
      return (value, cell) => {
        const millis = millisOf(value)
        if (millis !== millis) return -1
        if (store) frame.f64[(cell + place.cell) >> 1] = millis
        return 0
      }
    case "constant":
      return plan.lax ? () => 0 : (value) => value === plan.value ? 0 : -1
    case "choice":
      return (value) => indexOfConstant(plan.values, value)
    case "string":
      return (value) => {
        if (typeof value !== "string" || !fits(plan, value)) return -1
        if (store) frame.cursor = writeString(value, frame.cursor, frame.i32, frame.u8)
        return 0
      }
    case "bytes":
      return (value) => value instanceof Uint8Array ? storeBytes(making, value) : -1
    case "bigint":
      return (value) => {
        if (typeof value !== "bigint") return -1
        if (store) frame.cursor = writeBigint(value, frame.cursor, frame.i32, frame.u8)
        return 0
      }
    case "array":
      return arrayWriter(making, plan)
    case "record":
      return recordWriter(making, plan)
    case "union":
      return unionWriter(making, plan, place)
    case "block":
    case "ref": {
      const part = partWriter(making, plan)
      return (value) => part(value)
    }
    case "instance": {
      const inner = planWriter(making, plan.inner, place)
      return (value, cell) => plan.isInstance(value) ? inner(value, cell, false) : -1
    }
    case "via": {
      const inner = planWriter(making, plan.inner, place)
      return (value, cell) => {
        const encoded = frame.passages.take(plan, value)
        return encoded === Refused ? -1 : inner(encoded, cell, false)
      }
    }
    case "never":
      return () => -1
  }
}

const storeBytes = ({ frame, store }: Making, bytes: Uint8Array): number => {
  if (store) frame.cursor = writeBytes(bytes, frame.cursor, frame.i32, frame.u8)
  return 0
}

const fits = (plan: StringPlan | ArrayPlan, value: { readonly length: number }): boolean =>
  value.length >= plan.minLength && value.length <= plan.maxLength

const inWidth = (width: NumberPlan["width"], value: number): boolean => {
  switch (width) {
    case "u8":
      return (value & 255) === value
    case "u16":
      return (value & 65_535) === value
    case "u32":
      return (value >>> 0) === value
    case "i8":
      return (value << 24 >> 24) === value
    case "i16":
      return (value << 16 >> 16) === value
    case "i32":
      return (value | 0) === value
    case "f32":
      return Math.fround(value) === value || value !== value
    case "f64":
      return true
  }
}

const takesNumber = (plan: NumberPlan, x: unknown): x is number =>
  typeof x === "number" && inWidth(plan.width, x) && plan.tests.every(({ op, value }) => {
    switch (op) {
      case "integer":
        return Number.isSafeInteger(x)
      case "finite":
        return Number.isFinite(x)
      case ">":
        return x > value
      case ">=":
        return x >= value
      // NaN is below every number in Effect's order.
      case "<":
        return !(x >= value)
      case "<=":
        return !(x > value)
    }
  })

const numberWriter = ({ frame, store }: Making, plan: NumberPlan, place: Place): Write => (value, cell) => {
  if (!takesNumber(plan, value)) return -1
  if (!store) return 0
  if (plan.width === "f64") frame.f64[(cell + place.cell) >> 1] = value
  else frame.i32[cell + place.cell] = plan.width === "f32" ? floatBits(value) : value
  return 0
}

/** Writes a part that is a block of its own at the cursor. */
const partWriter = (making: Making, plan: Plan): (value: any) => number => {
  const { frame } = making
  const block = blockWriter(making, making.program.blockOf(plan))
  if (plan.kind !== "ref") return (value) => block(value, frame.cursor) < 0 ? -1 : 0
  return (value) => {
    if (frame.exceeded || frame.depth >= MAX_DEPTH) {
      frame.exceeded = true
      return -1
    }
    frame.depth++
    const end = block(value, frame.cursor)
    frame.depth--
    return end < 0 ? -1 : 0
  }
}

const arrayWriter = (making: Making, plan: ArrayPlan): Write => {
  const { frame, store } = making
  const packed = packedBytes(plan.item)
  const open = (value: unknown): value is Array<unknown> => {
    if (!Array.isArray(value) || !fits(plan, value)) return false
    if (store) {
      frame.i32[frame.cursor >> 2] = value.length
      frame.cursor += 8
    }
    return true
  }
  if (packed === 0) {
    const pad = store && minBytes(making.program.blockOf(plan.item)) === 0 ? 8 : 0
    const item = partWriter(making, plan.item)
    return (value) => {
      if (!open(value)) return -1
      for (let i = 0; i < value.length; i++) {
        if (item(value[i]) < 0) return -1
        frame.cursor += pad
      }
      return 0
    }
  }
  const item = planWriter(making, plan.item, { ...nowhere, cell: 0 })
  const isChoice = plan.item.kind === "choice"
  return (value) => {
    if (!open(value)) return -1
    const start = frame.cursor
    for (let i = 0; i < value.length; i++) {
      const cell = (start + i * packed) >> 2
      const t = item(value[i], cell, false)
      if (t < 0) return -1
      if (isChoice && store) frame.i32[cell] = t
    }
    if (store) frame.cursor = (start + value.length * packed + 7) & ~7
    return 0
  }
}

const recordWriter = (making: Making, plan: RecordPlan): Write => {
  const { frame, store } = making
  const item = partWriter(making, plan.value)
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return -1
    const keys = Object.keys(value)
    if (store) {
      frame.i32[frame.cursor >> 2] = keys.length
      frame.cursor += 8
    }
    for (const key of keys) {
      const x = (value as Record<string, unknown>)[key]
      if (store) frame.cursor = writeString(key, frame.cursor, frame.i32, frame.u8)
      if (item(x) < 0) return -1
    }
    return 0
  }
}

const unionWriter = (making: Making, plan: UnionPlan, place: Place): Write => {
  const { frame, store } = making
  const inline = inlineAlternative(plan.alternatives)
  const absentIndex = plan.alternatives.findIndex((alternative) => alternative.kind === "absent")
  const constants = plan.alternatives.flatMap((alternative, index) =>
    alternative.kind === "constant" ? [{ index, value: alternative.value, lax: alternative.lax }] : []
  )
  const tried = plan.alternatives.flatMap((alternative, index) => {
    if (alternative.kind !== "plan") return []
    const part = alternative.plan === inline ? undefined : partWriter(making, alternative.plan)
    const write: Write = part === undefined ? planWriter(making, alternative.plan, place) : (value) => part(value)
    return [{ index, shape: alternative.shape, write }]
  })
  const amongArrays = takesArrays(plan)
  const all = plan.alternatives.every((alternative) => alternative.kind !== "plan" || alternative.final)
  return (value, cell, absent) => {
    if (absent) return absentIndex
    const constant = constants.find((candidate) => candidate.lax || candidate.value === value)
    if (constant !== undefined) return constant.index
    const start = frame.cursor
    for (const { index, shape, write } of tried) {
      if (!matches(shape, value, amongArrays)) continue
      if (write(value, cell, false) >= 0) return index
      if (all) return -1
      if (store) frame.cursor = start
    }
    return -1
  }
}
