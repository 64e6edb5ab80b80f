/**
 * The words of the generated source: names, literals, accesses, and tests of single values. Nothing from a schema enters the source except
 * through {@link literal} and {@link quote}.
 */
import type { BlockPlan, Constant, Field, Filter, NumberPlan, Place, Plan, Shape } from "./plan.ts"
import type { Program } from "./program.ts"

/** State of one generation. */
export class Source {
  readonly program: Program
  readonly #blockNumbers = new Map<BlockPlan, number>()
  /** Objects the source refers to as `T[i]`: plans, filters, tables. */
  readonly tables: Array<unknown> = []
  readonly #tableNumbers = new Map<unknown, number>()
  /** Declarations of the tables. */
  readonly declarations: Array<string> = []
  #names = 0

  constructor(program: Program) {
    this.program = program
    program.blocks.forEach((block, i) => this.#blockNumbers.set(block, i))
  }

  /** A fresh local name, which no view and no helper has. */
  name(prefix: string): string {
    return `${prefix}_${this.#names++}`
  }

  /** The number of a block. */
  block(block: BlockPlan): number {
    return this.#blockNumbers.get(block)!
  }

  /** The number of the block of a part. */
  part(plan: Plan): number {
    return this.block(this.program.blockOf(plan))
  }

  /** The name of an object that exists outside of the source. */
  table(value: unknown): string {
    let number = this.#tableNumbers.get(value)
    if (number === undefined) {
      number = this.tables.length
      this.tables.push(value)
      this.#tableNumbers.set(value, number)
      this.declarations.push(`const T${number}=T[${number}];`)
    }
    return `T${number}`
  }
}

/** A string literal. */
export const quote = (text: string): string => JSON.stringify(text)

/** A literal of a constant. */
export const literal = (value: Constant): string => {
  if (typeof value === "bigint") return `${value}n`
  if (value === undefined) return "undefined"
  if (Object.is(value, -0)) return "-0"
  return typeof value === "number" && value < 0 ? `(${value})` : JSON.stringify(value)
}

/** Reads a field of `v`. Names that every object inherits count only when they are its own. */
export const access = (field: Field): string => {
  if (field.key === undefined) return "v"
  if (typeof field.key === "number") return `v[${field.key}]`
  const read = `v[${quote(field.key)}]`
  return field.key in Object.prototype ? `(${present(field)}?${read}:undefined)` : read
}

/** Whether `v` has the key of a field. */
export const present = (field: Field): string => {
  const key = quote(String(field.key))
  return String(field.key) in Object.prototype ? `Object.hasOwn(v,${key})` : `(${key} in v)`
}

/** The index of a 4-byte cell of the block at `p`. */
export const cellOf = (place: Place): string => `d+${place.cell}`

/** The index of an 8-byte slot of the block at `p`. */
export const slotOf = (place: Place): string => `q+${place.cell >> 1}`

const numberTests = (plan: NumberPlan, x: string): ReadonlyArray<string> =>
  plan.tests.map(({ op, value }) => {
    const bound = literal(value)
    switch (op) {
      case "integer":
        return `!Number.isSafeInteger(${x})`
      case "finite":
        return `!Number.isFinite(${x})`
      case ">":
        return `!(${x}>${bound})`
      case ">=":
        return `!(${x}>=${bound})`
      // NaN is below every number in Effect's order.
      case "<":
        return `${x}>=${bound}`
      case "<=":
        return `${x}>${bound}`
    }
  })

const widthTest: Record<NumberPlan["width"], (x: string) => string> = {
  u8: (x) => `||(${x}&255)!==${x}`,
  u16: (x) => `||(${x}&65535)!==${x}`,
  u32: (x) => `||(${x}>>>0)!==${x}`,
  i8: (x) => `||(${x}<<24>>24)!==${x}`,
  i16: (x) => `||(${x}<<16>>16)!==${x}`,
  i32: (x) => `||(${x}|0)!==${x}`,
  f32: (x) => `||(Math.fround(${x})!==${x}&&${x}===${x})`,
  f64: () => ""
}

/** A condition that holds when a value is not a number of the plan. */
export const refusesNumber = (plan: NumberPlan, x: string): string =>
  [`typeof ${x}!=="number"${widthTest[plan.width](x)}`, ...numberTests(plan, x)].join("||")

/** A condition that holds when a value has the shape. */
export const looksLike = (shape: Shape, x: string, amongArrays: boolean): string => {
  switch (shape.type) {
    case "any":
      return "true"
    case "array":
      return `Array.isArray(${x})`
    case "date":
      return `${x} instanceof Date`
    case "bytes":
      return `${x} instanceof Uint8Array`
    case "object":
      return [
        `typeof ${x}==="object"&&${x}!==null`,
        ...(amongArrays ? [`!Array.isArray(${x})`] : []),
        ...shape.sentinels.map(([key, value]) => `${x}[${quote(key)}]===${literal(value)}`)
      ].join("&&")
    default:
      return `typeof ${x}==="${shape.type}"`
  }
}

/** Statements that refuse a value that a filter refuses. */
export const filtered = (source: Source, filters: ReadonlyArray<Filter>, x: string, refuse: string): string =>
  filters.map((filter) => `if(!${source.table(filter)}(${x}))${refuse};`).join("")

/** The property whose constant tells all of these shapes apart. */
export const commonSentinel = (shapes: ReadonlyArray<Shape>): string | undefined =>
  shapes[0]?.sentinels.map(([key]) => key).find((key) => {
    const values = shapes.map((shape) => shape.sentinels.find((sentinel) => sentinel[0] === key)?.[1])
    return values.every((value) => value !== undefined) && new Set(values).size === shapes.length
  })
