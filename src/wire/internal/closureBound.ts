/**
 * Closures that say how many bytes a value takes at most. See `generateBound.ts` for the rules they follow.
 */
import type { Frame } from "./frame.ts"
import { getKey } from "./frame.ts"
import { exactBytes, inlineAlternative, minBytes, needOf, packedBytes } from "./layout.ts"
import { matches, takesArrays } from "./look.ts"
import type { ArrayPlan, BlockPlan, Plan, RecordPlan, UnionPlan } from "./plan.ts"
import type { Program } from "./program.ts"
import { MAX_DEPTH } from "./program.ts"
import { bigintBound, bytesBound } from "./runtime.ts"
import { stringBound } from "./strings.ts"

type Bound = (value: any) => number

interface Making {
  readonly program: Program
  readonly frame: Frame
  readonly blocks: Map<BlockPlan, Bound>
}

/** The bound of the whole record. */
export const makeBounds = (program: Program, frame: Frame): Bound =>
  blockBound({ program, frame, blocks: new Map() }, program.root)

const none: Bound = () => 0

const blockBound = (making: Making, block: BlockPlan): Bound => {
  const exact = exactBytes(block)
  if (exact !== undefined) return () => exact
  const known = making.blocks.get(block)
  if (known !== undefined) return known
  let parts: ReadonlyArray<readonly [field: BlockPlan["fields"][number], bound: Bound]> = []
  const bound: Bound = (value) => {
    if (block.shape === "object" && (typeof value !== "object" || value === null)) return block.fixedBytes
    if (block.shape === "tuple" && !Array.isArray(value)) return block.fixedBytes
    let sum = block.fixedBytes
    for (const [field, part] of parts) sum += part(getKey(value, field))
    return sum
  }
  making.blocks.set(block, bound)
  parts = block.fields.filter((field) => needOf(field.plan).variable).map((field) =>
    [field, planBound(making, field.plan)] as const
  )
  return bound
}

const partBound = (making: Making, plan: Plan): Bound =>
  plan.kind === "ref" ? planBound(making, plan) : blockBound(making, making.program.blockOf(plan))

const planBound = (making: Making, plan: Plan): Bound => {
  if (!needOf(plan).variable) return none
  const { frame } = making
  switch (plan.kind) {
    case "string":
      return (value) => typeof value === "string" ? stringBound(value) : 0
    case "bytes":
      return (value) => value instanceof Uint8Array ? bytesBound(value) : 0
    case "bigint":
      return (value) => typeof value === "bigint" ? bigintBound(value) : 0
    case "array":
      return arrayBound(making, plan)
    case "record":
      return recordBound(making, plan)
    case "union":
      return unionBound(making, plan)
    case "block":
      return blockBound(making, plan)
    case "instance":
      return planBound(making, plan.inner)
    case "ref": {
      const target = blockBound(making, plan.target())
      return (value) => {
        if (frame.exceeded || frame.depth >= MAX_DEPTH) {
          frame.exceeded = true
          return 0
        }
        frame.depth++
        const bound = target(value)
        frame.depth--
        return bound
      }
    }
    case "via": {
      const inner = planBound(making, plan.inner)
      return (value) => inner(frame.passages.prepare(plan, value))
    }
    default:
      return none
  }
}

const arrayBound = (making: Making, plan: ArrayPlan): Bound => {
  if (packedBytes(plan.item) !== 0) return (value) => Array.isArray(value) ? 8 + value.length * 8 : 0
  const pad = minBytes(making.program.blockOf(plan.item)) === 0 ? 8 : 0
  const item = partBound(making, plan.item)
  return (value) => {
    if (!Array.isArray(value)) return 0
    let sum = 8 + value.length * pad
    for (let i = 0; i < value.length && !making.frame.exceeded; i++) sum += item(value[i])
    return sum
  }
}

const recordBound = (making: Making, plan: RecordPlan): Bound => {
  const item = partBound(making, plan.value)
  return (value) => {
    if (typeof value !== "object" || value === null) return 0
    let sum = 8
    const keys = Object.keys(value)
    for (let i = 0; i < keys.length && !making.frame.exceeded; i++) {
      sum += stringBound(keys[i]!) + item(value[keys[i]!])
    }
    return sum
  }
}

const unionBound = (making: Making, plan: UnionPlan): Bound => {
  const inline = inlineAlternative(plan.alternatives)
  const skipUndefined = plan.alternatives.some((alternative) =>
    alternative.kind === "absent" || alternative.kind === "constant" && alternative.value === undefined
  )
  const skipNull = plan.alternatives.some((alternative) =>
    alternative.kind === "constant" && alternative.value === null
  )
  const tried = plan.alternatives.flatMap((alternative) =>
    alternative.kind === "plan" && alternative.plan !== inline
      ? [{ ...alternative, bound: partBound(making, alternative.plan) }]
      : []
  )
  const all = tried.every((alternative) => alternative.final)
  const amongArrays = takesArrays(plan)
  return (value) => {
    if (value === undefined && skipUndefined || value === null && skipNull) return 0
    let most = 0
    for (const { bound, shape } of tried) {
      if (!matches(shape, value, amongArrays)) continue
      const bytes = bound(value)
      if (all) return bytes
      if (bytes > most) most = bytes
    }
    return most
  }
}
