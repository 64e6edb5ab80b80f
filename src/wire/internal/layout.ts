/**
 * The layout: where each field of each block lies, and the text and the hash that name it.
 *
 * Fields keep the order of the schema. In the fixed part the 8-byte slots come first, then the words of packed bits, then the 4-byte
 * cells; what has a size of its own follows in field order. The order of properties is part of the layout: two schemas that differ in it
 * have different hashes. What is made of the bytes is not: `Schema.Int` and `Schema.Number`, a class and the struct of its fields, a
 * `HashMap` and an array of pairs have one layout, and one hash.
 */
import type { Alternative, BlockPlan, Constant, Field, Place, Plan } from "./plan.ts"

/** Bumped when the same plan gets different bytes. */
const LAYOUT_VERSION = 1

/** What a plan needs in the fixed part of its block. */
export interface Need {
  /** 0, 4 or 8 bytes. */
  readonly bytes: 0 | 4 | 8
  readonly bits: number
  /** Whether something follows in the variable part. */
  readonly variable: boolean
}

const bitsFor = (count: number): number => count <= 1 ? 0 : 32 - Math.clz32(count - 1)

/** The single alternative of a union that lives in the fixed part of its block, if that is where it lives. */
export const inlineAlternative = (alternatives: ReadonlyArray<Alternative>): Plan | undefined => {
  const plans = alternatives.filter((alternative) => alternative.kind === "plan")
  const plan = plans.length === 1 ? plans[0]!.plan : undefined
  return plan !== undefined && isScalar(plan) ? plan : undefined
}

/** Whether a plan is one number in a cell or a slot. */
export const isScalar = (plan: Plan): boolean => plan.kind === "number" || plan.kind === "int64" || plan.kind === "date"

/** Bytes of one item of a packed array, 0 when items are blocks. */
export const packedBytes = (item: Plan): 0 | 4 | 8 =>
  item.kind === "choice" ? 4 : isScalar(item) ? needOf(item).bytes : 0

/** What a plan needs of its block. */
export const needOf = (plan: Plan): Need => {
  switch (plan.kind) {
    case "number":
      return { bytes: plan.width === "f64" ? 8 : 4, bits: 0, variable: false }
    case "int64":
    case "date":
      return { bytes: 8, bits: 0, variable: false }
    case "constant":
    case "never":
      return { bytes: 0, bits: 0, variable: false }
    case "choice":
      return { bytes: 0, bits: bitsFor(plan.values.length), variable: false }
    case "union": {
      const bits = bitsFor(plan.alternatives.length)
      const inline = inlineAlternative(plan.alternatives)
      if (inline !== undefined) return { bytes: needOf(inline).bytes, bits, variable: false }
      return { bytes: 0, bits, variable: plan.alternatives.some((alternative) => alternative.kind === "plan") }
    }
    case "via":
    case "instance":
      return needOf(plan.inner)
    default:
      return { bytes: 0, bits: 0, variable: true }
  }
}

/** Gives every field of a block its place. */
export const placeFields = (block: BlockPlan): void => {
  const needs = block.fields.map((field) => needOf(field.plan))
  let cell = 0
  const cells = needs.map((need) => need.bytes === 8 ? (cell += 2) - 2 : -1)
  const bitCells: Array<number> = []
  const bitPlaces = needs.map(() => ({ bitCell: -1, shift: 0 }))
  let used = 32
  needs.forEach((need, i) => {
    if (need.bits === 0) return
    if (used + need.bits > 32) {
      bitCells.push(cell++)
      used = 0
    }
    bitPlaces[i] = { bitCell: cell - 1, shift: used }
    used += need.bits
  })
  needs.forEach((need, i) => {
    if (need.bytes === 4) cells[i] = cell++
  })
  block.fields.forEach((field, i) => {
    const place: Place = { cell: cells[i]!, bits: needs[i]!.bits, ...bitPlaces[i]! }
    field.place = place
  })
  block.bitCells = bitCells
  block.fixedBytes = (cell * 4 + 7) & ~7
}

/** The size of a block when all of its values have the same. */
export const exactBytes = (block: BlockPlan): number | undefined => {
  let sum = block.fixedBytes
  for (const field of block.fields) {
    const part = exactVariable(field.plan)
    if (part === undefined) return undefined
    sum += part
  }
  return sum
}

const exactVariable = (plan: Plan): number | undefined => {
  if (!needOf(plan).variable) return 0
  if (plan.kind === "block") return exactBytes(plan)
  return plan.kind === "via" || plan.kind === "instance" ? exactVariable(plan.inner) : undefined
}

/** The fewest bytes a block can take. A part that contains itself counts as nothing the second time. */
export const minBytes = (block: BlockPlan, within: ReadonlyArray<BlockPlan> = []): number =>
  within.includes(block)
    ? 0
    : block.fields.reduce((sum, field) => sum + minVariable(field.plan, [...within, block]), block.fixedBytes)

const minVariable = (plan: Plan, within: ReadonlyArray<BlockPlan>): number => {
  switch (plan.kind) {
    case "string":
    case "bytes":
    case "array":
    case "record":
      return 8
    case "bigint":
      return 16
    case "block":
      return minBytes(plan, within)
    case "ref":
      return minBytes(plan.target(), within)
    case "instance":
    case "via":
      return minVariable(plan.inner, within)
    default:
      return 0
  }
}

const constantText = (value: Constant): string =>
  typeof value === "bigint" ? `${value}n` : value === undefined ? "undefined" : JSON.stringify(value)

/** The readable text of a layout. */
export const layoutText = (root: BlockPlan): string => {
  const open = new Map<BlockPlan, number>()
  const named = new Set<BlockPlan>()
  const blockText = (block: BlockPlan): string => {
    const known = open.get(block)
    if (known !== undefined) {
      named.add(block)
      return `#${known}`
    }
    const number = open.size
    open.set(block, number)
    const text = bodyText(block)
    const result = named.has(block) ? `#${number}=${text}` : text
    if (!named.has(block)) open.delete(block)
    return result
  }
  const bodyText = (block: BlockPlan): string => {
    if (block.shape === "self") return planText(block.fields[0]!.plan)
    if (block.shape === "tuple") return `[${block.fields.map((field) => planText(field.plan)).join(",")}]`
    return `{${block.fields.map(fieldText).join(",")}}`
  }
  const fieldText = (field: Field): string => {
    const key = /^[A-Za-z_$][\w$]*$/.test(String(field.key)) ? String(field.key) : JSON.stringify(field.key)
    return `${key}:${planText(field.plan)}`
  }
  const planText = (plan: Plan): string => {
    switch (plan.kind) {
      case "number":
        return plan.width
      case "int64":
        return "i64"
      case "string":
        return "text"
      case "constant":
        return constantText(plan.value)
      case "choice":
        return `(${plan.values.map(constantText).join("|")})`
      case "array":
        return `${planText(plan.item)}[]`
      case "record":
        return `{[key]:${planText(plan.value)}}`
      case "block":
        return blockText(plan)
      case "union":
        return `(${plan.alternatives.map(alternativeText).join("|")})`
      case "via":
      case "instance":
        return planText(plan.inner)
      case "ref":
        return blockText(plan.target())
      default:
        return plan.kind
    }
  }
  const alternativeText = (alternative: Alternative): string =>
    alternative.kind === "absent"
      ? "absent"
      : alternative.kind === "constant"
      ? constantText(alternative.value)
      : planText(alternative.plan)
  return `${LAYOUT_VERSION}:${blockText(root)}`
}

/** A 52-bit hash of a text, the same in every thread and process. */
export const hashText = (text: string): number => {
  let h1 = 0xdead_beef
  let h2 = 0x41c6_ce57
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    h1 = Math.imul(h1 ^ c, 2_654_435_761)
    h2 = Math.imul(h2 ^ c, 1_597_334_677)
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2_246_822_507) ^ Math.imul(h2 ^ (h2 >>> 13), 3_266_489_909)
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2_246_822_507) ^ Math.imul(h1 ^ (h1 >>> 13), 3_266_489_909)
  return (h2 & 0xf_ffff) * 0x1_0000_0000 + (h1 >>> 0)
}
