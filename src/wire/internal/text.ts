/**
 * The text and the hash that name a layout.
 *
 * The order of properties is part of the layout: two schemas that differ in it have different hashes. What is made of the bytes is not:
 * `Schema.Int` and `Schema.Number`, a class and the struct of its fields, a `HashMap` and an array of pairs have one layout, and one hash.
 *
 * What contains itself, and what is large and met more than once, is written out where it is met first, `#0={...}`, and named from then
 * on: the text is as long as the schema, however often its parts are used.
 */
import type { BlockPlan, Constant, Field, Plan } from "./plan.ts"

/** Bumped when the same plan gets different bytes. */
const LAYOUT_VERSION = 1

/** What has so many parts, those of its parts included, is written out once. */
const LARGE_PARTS = 24

/** A constant in the words of a layout. */
export const constantText = (value: Constant): string =>
  typeof value === "bigint" ? `${value}n` : value === undefined ? "undefined" : JSON.stringify(value)

type Describe = (plan: Plan, text: (plan: Plan) => string) => string

/** A recursion stands for the block that it enters. */
const targetOf = (plan: Plan): Plan => plan.kind === "ref" ? plan.target() : plan

const keyText = (key: Field["key"]): string =>
  /^[A-Za-z_$][\w$]*$/.test(String(key)) ? String(key) : JSON.stringify(key)

const blockText = (block: BlockPlan, text: (plan: Plan) => string): string => {
  if (block.shape === "self") return text(block.fields[0]!.plan)
  if (block.shape === "tuple") return `[${block.fields.map((field) => text(field.plan)).join(",")}]`
  return `{${block.fields.map((field) => `${keyText(field.key)}:${text(field.plan)}`).join(",")}}`
}

/** The plans that are named: found in one walk that enters each plan once. */
const namedPlans = (root: BlockPlan, describe: Describe): ReadonlySet<Plan> => {
  const named = new Set<Plan>()
  const open = new Set<Plan>()
  const parts = new Map<Plan, number>()
  const weigh = (plan: Plan): number => {
    if (open.has(plan)) {
      named.add(plan)
      return 0
    }
    const known = parts.get(plan)
    if (known !== undefined) {
      if (known >= LARGE_PARTS) named.add(plan)
      return known
    }
    open.add(plan)
    let count = 1
    describe(plan, (part) => {
      count += weigh(targetOf(part))
      return ""
    })
    open.delete(plan)
    parts.set(plan, count)
    return count
  }
  weigh(root)
  return named
}

/** The readable text of a layout; `textOf` is that of one plan. */
export const layoutText = (root: BlockPlan, textOf: Describe): string => {
  const describe: Describe = (plan, text) => plan.kind === "block" ? blockText(plan, text) : textOf(plan, text)
  const named = namedPlans(root, describe)
  const numbers = new Map<Plan, number>()
  const text = (part: Plan): string => {
    const plan = targetOf(part)
    if (!named.has(plan)) return describe(plan, text)
    const known = numbers.get(plan)
    if (known !== undefined) return `#${known}`
    const number = numbers.size
    numbers.set(plan, number)
    return `#${number}=${describe(plan, text)}`
  }
  return `${LAYOUT_VERSION}:${text(root)}`
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
