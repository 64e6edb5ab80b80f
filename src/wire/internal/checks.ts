/**
 * Sorts the checks of a schema node: those that both back ends do in place, and the rest, which run as they are.
 */
import type * as SchemaAST from "effect/SchemaAST"
import type { Filter, NumberTest } from "./plan.ts"

/** Checks of a number node. */
export interface NumberChecks {
  readonly tests: ReadonlyArray<NumberTest>
  readonly filters: ReadonlyArray<Filter>
}

/** Checks of a node whose values have a length. */
export interface LengthChecks {
  readonly minLength: number
  readonly maxLength: number
  readonly filters: ReadonlyArray<Filter>
}

const flatten = (checks: ReadonlyArray<SchemaAST.Check<unknown>>): ReadonlyArray<SchemaAST.Filter<unknown>> =>
  checks.flatMap((check) => check._tag === "FilterGroup" ? flatten(check.checks) : [check])

const filtersOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.Filter<unknown>> =>
  ast.checks === undefined ? [] : flatten(ast.checks)

// A filter of the user may throw; a value on which it throws is not a value of the schema.
const residual = (filter: SchemaAST.Filter<unknown>, ast: SchemaAST.AST): Filter => (value: unknown) => {
  try {
    return filter.run(value, ast, {}) === undefined
  } catch {
    return false
  }
}

// What a filter says of itself differs by its id, which is looked at before the payload is: hence the `any`.
const payloadOf = (filter: SchemaAST.Filter<unknown>): { readonly id: string; readonly payload: any } => {
  const representation = filter.annotations?.representation as { id?: unknown; payload?: unknown } | undefined
  return { id: typeof representation?.id === "string" ? representation.id : "", payload: representation?.payload }
}

// Of a filter whose id says that it has these.
const rangeTests = (payload: any): ReadonlyArray<NumberTest> => [
  { op: payload.exclusiveMinimum === true ? ">" : ">=", value: payload.minimum },
  { op: payload.exclusiveMaximum === true ? "<" : "<=", value: payload.maximum }
]

const numberTest = (filter: SchemaAST.Filter<unknown>): ReadonlyArray<NumberTest> | undefined => {
  const { id, payload } = payloadOf(filter)
  switch (id) {
    case "effect/schema/isInt":
      return [{ op: "integer", value: 0 }]
    case "effect/schema/isFinite":
      return [{ op: "finite", value: 0 }]
    case "effect/schema/isGreaterThan":
      return [{ op: ">", value: payload.exclusiveMinimum }]
    case "effect/schema/isGreaterThanOrEqualTo":
      return [{ op: ">=", value: payload.minimum }]
    case "effect/schema/isLessThan":
      return [{ op: "<", value: payload.exclusiveMaximum }]
    case "effect/schema/isLessThanOrEqualTo":
      return [{ op: "<=", value: payload.maximum }]
    case "effect/schema/isBetween":
      return rangeTests(payload)
    default:
      return undefined
  }
}

/** Splits the checks of a number node. */
export const numberChecks = (ast: SchemaAST.AST): NumberChecks => {
  const tests: Array<NumberTest> = []
  const filters: Array<Filter> = []
  for (const filter of filtersOf(ast)) {
    const known = numberTest(filter)
    if (known !== undefined && known.every((test) => typeof test.value === "number")) tests.push(...known)
    else filters.push(residual(filter, ast))
  }
  return { tests, filters }
}

/** Splits the checks of a string or an array node. */
export const lengthChecks = (ast: SchemaAST.AST): LengthChecks => {
  let minLength = 0
  let maxLength = Infinity
  const filters: Array<Filter> = []
  for (const filter of filtersOf(ast)) {
    const { id, payload } = payloadOf(filter)
    if (id === "effect/schema/isMinLength" && typeof payload?.minLength === "number") {
      minLength = Math.max(minLength, payload.minLength)
    } else if (id === "effect/schema/isMaxLength" && typeof payload?.maxLength === "number") {
      maxLength = Math.min(maxLength, payload.maxLength)
    } else if (
      id === "effect/schema/isBetweenLength" && typeof payload?.minimum === "number"
      && typeof payload.maximum === "number"
    ) {
      minLength = Math.max(minLength, payload.minimum)
      maxLength = Math.min(maxLength, payload.maximum)
    } else {
      filters.push(residual(filter, ast))
    }
  }
  return { minLength, maxLength, filters }
}

/** All checks of a node, run as they are. */
export const residualChecks = (ast: SchemaAST.AST): ReadonlyArray<Filter> =>
  filtersOf(ast).map((filter) => residual(filter, ast))

/** The integers that satisfy the tests, when they are integers at all. */
export const integerRange = (tests: ReadonlyArray<NumberTest>): readonly [number, number] | undefined => {
  let min = -Infinity
  let max = Infinity
  let integer = false
  for (const { op, value } of tests) {
    if (op === "integer") integer = true
    else if (op === ">=") min = Math.max(min, Math.ceil(value))
    else if (op === ">") min = Math.max(min, Math.floor(value) + 1)
    else if (op === "<=") max = Math.min(max, Math.floor(value))
    else if (op === "<") max = Math.min(max, Math.ceil(value) - 1)
  }
  return integer ? [min, max] : undefined
}

const bigintBound = (bound: unknown): bigint | undefined => {
  try {
    return typeof bound === "string" ? BigInt(bound) : undefined
  } catch {
    return undefined
  }
}

/** Whether the checks of a bigint node keep it within 64 bits. */
export const provesInt64 = (ast: SchemaAST.AST): boolean => {
  let below = false
  let above = false
  for (const filter of filtersOf(ast)) {
    const { id, payload } = payloadOf(filter)
    if (!id.startsWith("effect/schema/is") || !id.endsWith("BigInt")) continue
    const min = bigintBound(payload?.minimum ?? payload?.exclusiveMinimum)
    const max = bigintBound(payload?.maximum ?? payload?.exclusiveMaximum)
    if (min !== undefined && BigInt.asIntN(64, min) === min) below = true
    if (max !== undefined && BigInt.asIntN(64, max) === max) above = true
  }
  return below && above
}
