/**
 * One of several alternatives: its number in packed bits, and where it has bytes, a slot of the fixed part or a block.
 */
import { type Frame, inVariablePart, type Kind, type Need, type Sizes, type Write, type Writing } from "../kind.ts"
import { bitsAt, bitsFor } from "../places.ts"
import type { Alternative, Constant, Plan, Shape, UnionPlan } from "../plan.ts"
import { Absent, badTag, isBytes, isDate } from "../runtime.ts"
import { literal, quote } from "../source.ts"
import { constantText } from "../text.ts"

/** So many constants are compared one after the other; more are looked up. */
const COMPARED = 6

type PlanAlternative = Extract<Alternative, { kind: "plan" }>
type Numbered<A> = readonly [alternative: A, index: number]

const plansOf = ({ alternatives }: UnionPlan): ReadonlyArray<Numbered<PlanAlternative>> =>
  alternatives.flatMap((alternative, i) => alternative.kind === "plan" ? [[alternative, i] as const] : [])

/** Whether a plan is one number in a cell or a slot. */
const isScalar = ({ kind }: Plan): boolean => kind === "number" || kind === "int64" || kind === "date"

/** The single alternative that lies in the fixed part of its block, if that is where it lies. */
const inlineOf = (plan: UnionPlan): Plan | undefined => {
  const [only, ...others] = plansOf(plan)
  return only !== undefined && others.length === 0 && isScalar(only[0].plan) ? only[0].plan : undefined
}

const takesArrays = (plan: UnionPlan): boolean => plansOf(plan).some(([{ shape }]) => shape.type === "array")

const need = (plan: UnionPlan, sizes: Sizes): Need => {
  const bits = bitsFor(plan.alternatives.length)
  const inline = inlineOf(plan)
  if (inline !== undefined) return { bytes: sizes.need(inline).bytes, bits, variable: false }
  return { bytes: 0, bits, variable: plan.alternatives.some(({ kind }) => kind === "plan") }
}

/** A condition: a value looks like a shape. */
const looksLike = (shape: Shape, x: string, amongArrays: boolean): string => {
  switch (shape.type) {
    case "any":
      return "true"
    case "array":
      return `Array.isArray(${x})`
    case "date":
      return `H$isDate(${x})`
    case "bytes":
      return `H$isBytes(${x})`
    case "object":
      return [
        `typeof ${x}==="object"&&${x}!==null`,
        ...(amongArrays ? [`!Array.isArray(${x})`] : []),
        ...shape.sentinels.map(([key, value]) => `${x}[${quote(key)}]===${literal(value)}`)
      ].join("&&")
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return `typeof ${x}==="${shape.type}"`
  }
}

/** The same for closures. */
const matches = (shape: Shape, value: unknown, amongArrays: boolean): boolean => {
  switch (shape.type) {
    case "any":
      return true
    case "array":
      return Array.isArray(value)
    case "date":
      return isDate(value)
    case "bytes":
      return isBytes(value)
    case "object":
      return typeof value === "object" && value !== null && !(amongArrays && Array.isArray(value))
        && shape.sentinels.every(([key, constant]) => (value as Record<string, unknown>)[key] === constant)
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return typeof value === shape.type
  }
}

/** The property whose constant tells all of these shapes apart. */
const commonSentinel = (shapes: ReadonlyArray<Shape>): string | undefined =>
  shapes[0]?.sentinels.map(([key]) => key).find((key) => {
    const values = shapes.map((shape) => shape.sentinels.find((sentinel) => sentinel[0] === key)?.[1])
    return values.every((value) => value !== undefined) && new Set(values).size === shapes.length
  })

const constantBranches = (plan: UnionPlan, to: Writing, x: string, t: string): ReadonlyArray<string> => {
  const constants = plan.alternatives.flatMap((alternative, i) =>
    alternative.kind === "constant" ? [[alternative, i] as const] : []
  )
  if (constants.length > COMPARED) {
    const table = to.table(new Map(constants.map(([{ value }, i]) => [value, i])))
    return [`if((${t}=${table}.get(${x})??-1)>=0){}`]
  }
  return constants.map(([{ lax, value }, i]) => lax ? `if(true){${t}=${i}}` : `if(${x}===${literal(value)}){${t}=${i}}`)
}

/** Alternatives of which at most one can take a value: the first look decides. */
const finalBranches = (
  plan: UnionPlan,
  to: Writing,
  x: string,
  t: string,
  inline: (plan: Plan) => string
): ReadonlyArray<string> => {
  const only = inlineOf(plan)
  const content = ({ plan: chosen }: PlanAlternative): string =>
    chosen === only ? inline(chosen) : to.part(chosen, x, `{${to.refuse}}`)
  const amongArrays = takesArrays(plan)
  const tried = plansOf(plan)
  const objects = tried.filter(([{ shape }]) => shape.type === "object")
  const key = objects.length > 1 ? commonSentinel(objects.map(([{ shape }]) => shape)) : undefined
  const branches: Array<string> = []
  if (key !== undefined) {
    const tags = objects.map(([{ shape }, i]) =>
      [shape.sentinels.find((sentinel) => sentinel[0] === key)![1], i] as const
    )
    const tag = `${x}[${quote(key)}]`
    const isLong = tags.length > COMPARED
    const chosen = isLong ? `${to.table(new Map(tags))}.get(${tag})` : tag
    const cases = objects.map(([alternative, i], at) =>
      `case ${isLong ? i : literal(tags[at]![0])}:{${t}=${i};${content(alternative)}break}`
    )
    const look = looksLike({ type: "object", sentinels: [] }, x, amongArrays)
    branches.push(`if(${look}){switch(${chosen}){${cases.join("")}default:${to.refuse}}}`)
  }
  for (const [alternative, i] of tried) {
    if (key !== undefined && alternative.shape.type === "object") continue
    const look = looksLike(alternative.shape, x, amongArrays)
    const body = `{${t}=${i};${content(alternative)}}`
    branches.push(look === "true" ? body : `if(${look})${body}`)
  }
  return branches
}

/** Alternatives that overlap are tried one after the other; a refusal leaves everything as it was. */
const attempts = (plan: UnionPlan, to: Writing, x: string, t: string): string => {
  const amongArrays = takesArrays(plan)
  const [end, count] = [to.name("z"), to.name("n")]
  const code = plansOf(plan).map(([{ plan: chosen, shape }, i]) => {
    const restore = to.store ? `{e=${end};s.carried.length=${count};${t}=-1}` : `{${t}=-1}`
    const label = to.name("L")
    const call = to.part(chosen, x, `{${restore}break ${label}}`)
    return `if(${t}<0&&${looksLike(shape, x, amongArrays)})${label}:{${t}=${i};${call}}`
  })
  return `${to.store ? `const ${end}=e,${count}=s.carried.length;` : ""}${code.join("")}if(${t}<0)${to.refuse};`
}

const isFinal = (plan: UnionPlan): boolean => plansOf(plan).every(([{ final }]) => final)

/** Tries the alternatives; answers the number of the one that took the value. */
const trying = (
  tried: ReadonlyArray<{ readonly index: number; readonly shape: Shape; readonly write: Write }>,
  plan: UnionPlan,
  frame: Frame
): Write => {
  const amongArrays = takesArrays(plan)
  const all = isFinal(plan)
  return (value, cell) => {
    const { cursor, fault, stretch: { carried } } = frame
    const count = carried.length
    for (const { index, shape, write } of tried) {
      if (!matches(shape, value, amongArrays)) continue
      // Of those that refuse it the last one says why.
      if (fault !== undefined) {
        fault.path.length = 0
        fault.plan = undefined
      }
      if (write(value, cell, false) >= 0) return index
      if (all) return -1
      frame.cursor = cursor
      carried.length = count
    }
    return -1
  }
}

export const union: Kind<UnionPlan> = {
  ...inVariablePart,
  need,
  exact: (plan, sizes) => need(plan, sizes).variable ? undefined : 0,
  least: () => 0,
  visit: (plan, search, many) => {
    const inline = inlineOf(plan)
    for (const [alternative] of plansOf(plan)) if (alternative.plan !== inline) search.part(alternative.plan, many)
  },
  text: ({ alternatives }, text) =>
    `(${
      alternatives.map((alternative) =>
        alternative.kind === "absent"
          ? "absent"
          : alternative.kind === "constant"
          ? constantText(alternative.value)
          : text(alternative.plan)
      ).join("|")
    })`,
  takesUndefined: ({ alternatives }, ask) =>
    alternatives.some((alternative) =>
      alternative.kind === "constant"
        ? alternative.value === undefined || alternative.lax
        : alternative.kind === "plan" && ask(alternative.plan)
    ),
  write: (plan, to, x, at, absent) => {
    const t = to.name("t")
    const branches: Array<string> = []
    const missing = plan.alternatives.findIndex(({ kind }) => kind === "absent")
    if (missing >= 0 && absent !== undefined) branches.push(`if(${absent}){${t}=${missing}}`)
    branches.push(...constantBranches(plan, to, x, t))
    const rest = isFinal(plan)
      ? finalBranches(plan, to, x, t, (chosen) => to.plan(chosen, x, at))
      : [`{${attempts(plan, to, x, t)}}`]
    const chain = [...branches, ...rest, ...(rest.at(-1)?.startsWith("{") === true ? [] : [`{${to.refuse}}`])]
    return `let ${t}=-1;${chain.join("else ")}${to.store ? at.put(t) : ""}`
  },
  read: (plan, from, x, at) => {
    const inline = inlineOf(plan)
    const cases = plan.alternatives.map((alternative, i) => {
      switch (alternative.kind) {
        case "absent":
          return `case ${i}:${x}=A;break;`
        case "constant":
          return `case ${i}:${x}=${literal(alternative.value)};break;`
        case "plan": {
          const chosen = alternative.plan
          return `case ${i}:{${chosen === inline ? from.plan(chosen, x, at) : from.part(chosen, x)}break}`
        }
      }
    })
    const t = from.name("t")
    return `const ${t}=${at.got};switch(${t}){${cases.join("")}`
      + `default:H$badTag(${quote(plan.path)},${t},${plan.alternatives.length})}`
  },
  writer: (plan, to, place) => {
    const inline = inlineOf(plan)
    const absentIndex = plan.alternatives.findIndex(({ kind }) => kind === "absent")
    const constants = plan.alternatives.flatMap((alternative, index) =>
      alternative.kind === "constant" ? [{ index, value: alternative.value, lax: alternative.lax }] : []
    )
    const tried = plansOf(plan).map(([{ plan: chosen, shape }, index]) => ({
      index,
      shape,
      write: chosen === inline ? to.plan(chosen, place) : to.part(chosen)
    }))
    const attempt = trying(tried, plan, to.frame)
    return (value, cell, absent) => {
      if (absent) return absentIndex
      const constant = constants.find((candidate) => candidate.lax || candidate.value === value as Constant)
      return constant === undefined ? attempt(value, cell, false) : constant.index
    }
  },
  reader: (plan, from, place) => {
    const { frame } = from
    const inline = inlineOf(plan)
    const readers = plan.alternatives.map((alternative) => {
      switch (alternative.kind) {
        case "absent":
          return () => Absent
        case "constant":
          return () => alternative.value
        case "plan":
          return alternative.plan === inline ? from.plan(inline, place) : from.part(alternative.plan)
      }
    })
    return (cell) => {
      const tag = bitsAt(frame.i32, cell, place)
      if (tag >= readers.length) badTag(plan.path, tag, readers.length)
      return readers[tag]!(cell)
    }
  }
}
