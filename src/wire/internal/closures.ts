/**
 * The back end that composes closures, for processes that forbid code from strings.
 *
 * It makes the same bytes as the generated source: the same stores in the same order.
 */
import { Carriage } from "../Carriage.ts"
import { getKey, hasKey, opens } from "./blocks.ts"
import type { Fault, Frame, Read, Readers, Write, Writers } from "./kind.ts"
import { kindOf, takesUndefined } from "./kinds.ts"
import type { Machine } from "./machine.ts"
import type { BlockPlan, Filter, Plan } from "./plan.ts"
import type { Program } from "./program.ts"
import { MAX_DEPTH } from "./program.ts"
import * as Runtime from "./runtime.ts"
import { Stretch } from "./stretch.ts"

const noStretch = new Stretch(new Carriage())

const makeFrame = (): Frame => ({
  stretch: noStretch,
  i32: noStretch.i32,
  f64: noStretch.f64,
  u8: noStretch.u8,
  cursor: 0,
  end: 0,
  depth: 0,
  exceeded: false,
  way: undefined,
  fault: undefined
})

/** Runs with a fresh frame, and puts back what a run around this one had. */
const within = <A>(frame: Frame, begin: Partial<Frame>, run: () => A): A => {
  const kept = { ...frame }
  Object.assign(frame, { depth: 0, exceeded: false, cursor: 0 }, begin)
  try {
    return run()
  } finally {
    Object.assign(frame, kept)
  }
}

// ---- writing

type WriteBlock = (value: unknown, offset: number) => number

const passes = (filters: ReadonlyArray<Filter>, value: unknown): boolean =>
  filters.every((filter) => filter(value as never))

interface Blocks<A> {
  readonly program: Program
  readonly made: Map<BlockPlan, A>
}

const refused = (frame: Frame, plan: Plan, value: unknown): -1 => {
  const { fault } = frame
  if (fault !== undefined && fault.plan === undefined) {
    fault.plan = plan
    fault.value = value
  }
  return -1
}

const writersOf = (program: Program, frame: Frame, store: boolean): Writers => {
  const blocks: Blocks<WriteBlock> = { program, made: new Map() }
  const to: Writers = {
    sizes: program.sizes,
    frame,
    store,
    blockOf: program.blockOf,
    plan: (plan, place) => {
      const write = kindOf(plan).writer(plan, to, place)
      const filters = plan.kind === "block" ? [] : plan.filters
      return (value, cell, absent) => {
        const t = write(value, cell, absent)
        return t >= 0 && passes(filters, value) ? t : refused(frame, plan, value)
      }
    },
    part: (plan) => {
      const write = blockWriter(blocks, to, program.blockOf(plan))
      if (plan.kind !== "ref") return (value) => write(value, frame.cursor) < 0 ? -1 : 0
      return (value) => {
        if (frame.exceeded || frame.depth >= MAX_DEPTH) {
          frame.exceeded = true
          if (frame.fault !== undefined) frame.fault.isTooDeep = true
          return -1
        }
        frame.depth++
        const end = write(value, frame.cursor)
        frame.depth--
        return end < 0 ? -1 : 0
      }
    }
  }
  return to
}

const blockWriter = (blocks: Blocks<WriteBlock>, to: Writers, block: BlockPlan): WriteBlock => {
  const known = blocks.made.get(block)
  if (known !== undefined) return known
  const { frame, store } = to
  let parts: ReadonlyArray<Write> = []
  const mustExist = block.fields.map((field) =>
    block.shape === "object" && !field.optional && takesUndefined(field.plan)
  )
  const write: WriteBlock = (value, offset) => {
    if (!opens(block, value)) return refused(frame, block, value)
    const cell = offset >> 2
    const bits = block.bitCells.map(() => 0)
    frame.cursor = offset + block.fixedBytes
    if (store) frame.stretch.reserve(frame.cursor)
    for (const [i, field] of block.fields.entries()) {
      const x = getKey(value, field)
      const missing = x === undefined && (mustExist[i]! || field.optional) && !hasKey(value as object, field)
      const t = missing && mustExist[i]! ? refused(frame, field.plan, x) : parts[i]!(x, cell, missing)
      if (t < 0) {
        if (field.key !== undefined) frame.fault?.path.push(field.key)
        return -1
      }
      const { bitCell, shift } = field.place
      if (bitCell >= 0) bits[block.bitCells.indexOf(bitCell)]! |= t << shift
    }
    if (store) block.bitCells.forEach((bitCell, i) => frame.stretch.i32[cell + bitCell] = bits[i]!)
    return passes(block.filters, value) ? frame.cursor : refused(frame, block, value)
  }
  blocks.made.set(block, write)
  parts = block.fields.map((field) => to.plan(field.plan, field.place))
  return write
}

// ---- reading

type ReadBlock = (offset: number) => unknown

const readersOf = (program: Program, frame: Frame): Readers => {
  const blocks: Blocks<ReadBlock> = { program, made: new Map() }
  const from: Readers = {
    sizes: program.sizes,
    frame,
    blockOf: program.blockOf,
    plan: (plan, place) => kindOf(plan).reader(plan, from, place),
    part: (plan) => {
      const read = blockReader(blocks, from, program.blockOf(plan))
      if (plan.kind !== "ref") return () => read(frame.cursor)
      return () => {
        if (frame.depth >= MAX_DEPTH) Runtime.tooDeep(plan.path, MAX_DEPTH)
        frame.depth++
        const value = read(frame.cursor)
        frame.depth--
        return value
      }
    }
  }
  return from
}

const blockReader = (blocks: Blocks<ReadBlock>, from: Readers, block: BlockPlan): ReadBlock => {
  const known = blocks.made.get(block)
  if (known !== undefined) return known
  const { frame } = from
  let parts: ReadonlyArray<Read> = []
  const read: ReadBlock = (offset) => {
    if (block.fixedBytes > 0 && offset + block.fixedBytes > frame.end) {
      Runtime.cut(block.path, block.fixedBytes, frame.end - offset)
    }
    frame.cursor = offset + block.fixedBytes
    const cell = offset >> 2
    const values = parts.map((part) => part(cell))
    if (block.shape === "self") return values[0]
    if (block.shape === "tuple") return values
    const result = {}
    const define = (isOptional: boolean): void =>
      block.fields.forEach((field, i) => {
        if (field.optional !== isOptional || values[i] === Runtime.Absent) return
        Runtime.defineKey(result, String(field.key), values[i])
      })
    define(false)
    define(true)
    return result
  }
  blocks.made.set(block, read)
  parts = block.fields.map((field) => from.plan(field.plan, field.place))
  return read
}

// ---- the whole

/** Composes the closures of a program. */
export const compose = (program: Program): Machine => {
  const frame = makeFrame()
  const write = writersOf(program, frame, true).part(program.rootPlan)
  const valid = writersOf(program, frame, false).part(program.rootPlan)
  const read = readersOf(program, frame).part(program.rootPlan)
  return {
    encode: (value, scratch) => {
      const stretch = scratch.open()
      let bytes = -1
      try {
        bytes = within(frame, { stretch }, () => write(value) < 0 ? -1 : frame.cursor)
        stretch.reserve(bytes)
        return bytes
      } finally {
        scratch.close(stretch, bytes)
      }
    },
    place: undefined,
    read: ({ byteLength, f64, i32, u8 }, offset, end, way) =>
      within(frame, { i32, f64, u8, cursor: offset, end: Math.min(end, byteLength), way }, () => read(0)),
    isValid: (value) => within(frame, {}, () => valid(value) >= 0)
  }
}

/** Finds out where a value is refused; `undefined` for a value that is taken. */
export const findFault = (program: Program): (value: unknown) => Fault | undefined => {
  const frame = makeFrame()
  const valid = writersOf(program, frame, false).part(program.rootPlan)
  return (value) => {
    const fault: Fault = { path: [], value: undefined, plan: undefined, isTooDeep: false }
    const isValid = within(frame, { fault }, () => valid(value) >= 0)
    return isValid ? undefined : fault
  }
}
