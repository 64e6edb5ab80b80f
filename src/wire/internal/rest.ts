/**
 * Structs and tuples whose keys the schema does not number: records with keys of a kind, structs with such a rest, symbols for keys, tuples
 * with optional or rest elements. They are taken apart into structs, records and arrays, and put together again.
 */
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaParser from "effect/SchemaParser"
import { lengthChecks, residualChecks } from "./checks.ts"
import type { Field, Plan, StringPlan } from "./plan.ts"
import { emptyBlock, nowhere, Refused } from "./plan.ts"
import { defineKey } from "./runtime.ts"
import { guarded, viaPlan } from "./transformed.ts"

/** Makes the plan of a node inside of the one at hand. */
type PlanOf = (ast: SchemaAST.AST, path: string) => Plan

/** Makes the field of a property or an element. */
type FieldOf = (key: string, type: SchemaAST.AST, path: string) => Field

const textPlan = (path: string): StringPlan => ({
  kind: "string",
  path,
  minLength: 0,
  maxLength: Infinity,
  filters: []
})

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value)

const tuple = (path: string, plans: ReadonlyArray<Plan>): Plan => ({
  ...emptyBlock("tuple", path),
  fields: plans.map((plan, key) => ({ key, optional: false, plan, place: nowhere }))
})

/** Chooses the properties of an object that belong to an index signature. */
const selector = (parameter: SchemaAST.AST) => {
  const signature = new SchemaAST.IndexSignature(parameter, SchemaAST.any)
  const select = SchemaParser.encodeUnknownExit(
    Schema.make<Schema.Codec<unknown, unknown>>(new SchemaAST.Objects([], [signature]))
  )
  return (value: object): Record<PropertyKey, unknown> => {
    const exit = select(value)
    return Exit.isSuccess(exit) ? exit.value as Record<PropertyKey, unknown> : {}
  }
}

// A symbol means the same in two threads only when it is registered.
const symbolKey = (symbol: symbol): string => {
  const key = Symbol.keyFor(symbol)
  if (key === undefined) throw new TypeError(`${String(symbol)} is not registered`)
  return key
}

/** Makes the plan of a struct that has symbols for keys, or index signatures. `structPlan` is for what is left of it without them. */
export const openObjectPlan = (
  ast: SchemaAST.Objects,
  structPlan: (ast: SchemaAST.Objects) => Plan,
  planOf: PlanOf,
  fieldOf: FieldOf,
  path: string
): Plan => {
  const named = ast.propertySignatures.filter(({ name }) => typeof name !== "symbol")
  const symbols = ast.propertySignatures.filter(({ name }) => typeof name === "symbol")
  const known = new Set(
    ast.propertySignatures.map(({ name }) => typeof name === "symbol" ? name : String(name))
  )
  const indexes = ast.indexSignatures.map(({ parameter, type }) => {
    const is = SchemaParser.is(Schema.make<Schema.Schema<unknown>>(SchemaAST.toType(type)))
    return { select: selector(parameter), is, value: planOf(type, `${path}[*]`) }
  })
  const symbolBlock = {
    ...emptyBlock("object", path),
    fields: symbols.map(({ name, type }, i) => fieldOf(String(i), type, `${path}[${String(name)}]`))
  }
  const record = (value: Plan): Plan => ({ kind: "record", path, keys: textPlan(`${path}[key]`), value, filters: [] })
  const inner = tuple(path, [
    structPlan(new SchemaAST.Objects(named, [])),
    symbolBlock,
    ...indexes.flatMap(({ value }) => [record(value), record(value)])
  ])
  const encode = (value: Record<PropertyKey, unknown>): unknown => {
    const held: Record<string, unknown> = {}
    symbols.forEach(({ name }, i) => {
      if (name in value) held[i] = value[name]
    })
    const parts: Array<unknown> = [value, held]
    for (const { is, select } of indexes) {
      const texts: Record<string, unknown> = {}
      const keyed: Record<string, unknown> = {}
      const selected = select(value)
      for (const key of Reflect.ownKeys(selected)) {
        // A property that has a field of its own must satisfy both, and is written once.
        if (known.has(key)) {
          if (!is(selected[key])) return Refused
        } else if (typeof key === "symbol") defineKey(keyed, symbolKey(key), selected[key])
        else defineKey(texts, key, selected[key])
      }
      parts.push(texts, keyed)
    }
    return parts
  }
  const decode = ([struct, held, ...records]: ReadonlyArray<Record<string, unknown>>): unknown => {
    const value: Record<PropertyKey, unknown> = struct!
    symbols.forEach(({ name }, i) => {
      if (i in held!) value[name] = held![i]
    })
    records.forEach((entries, i) => {
      for (const key of Object.keys(entries)) {
        if (i % 2 === 0) defineKey(value, key, entries[key])
        else value[Symbol.for(key)] = entries[key]
      }
    })
    return value
  }
  return viaPlan(path, guarded(isObject, encode, decode), inner, residualChecks(ast))
}

/** Makes the plan of a tuple that has optional or rest elements. */
export const openTuplePlan = (ast: SchemaAST.Arrays, planOf: PlanOf, fieldOf: FieldOf, path: string): Plan => {
  const [first] = ast.elements
  const [rest, ...tail] = ast.rest
  if (ast.elements.length === 1 && ast.rest.length === 1 && first === rest && !SchemaAST.isOptional(first!)) {
    const { maxLength, minLength, ...checks } = lengthChecks(ast)
    const item = planOf(rest!, `${path}[]`)
    return { kind: "array", path, item, minLength: Math.max(1, minLength), maxLength, ...checks }
  }
  const elements = ast.elements.map((type, i) => fieldOf(`${i}`, type, `${path}[${i}]`))
  const required = elements.filter((element) => !element.optional).length
  const many: ReadonlyArray<Field> = rest === undefined ? [] : [{
    key: "rest",
    optional: false,
    plan: {
      kind: "array",
      path,
      item: planOf(rest, `${path}[]`),
      minLength: 0,
      maxLength: Infinity,
      filters: []
    },
    place: nowhere
  }]
  const last = tail.map((type, i) => fieldOf(`last${i}`, type, `${path}[-${tail.length - i}]`))
  const fits = (value: unknown): boolean =>
    Array.isArray(value) && value.length >= required + last.length
    && (rest !== undefined || value.length <= elements.length)
  const encode = (value: ReadonlyArray<unknown>): unknown => {
    const parts: Record<string, unknown> = {}
    const lastStart = value.length - last.length
    for (let i = 0; i < elements.length && i < value.length; i++) parts[i] = value[i]
    if (rest !== undefined) parts["rest"] = value.slice(elements.length, Math.max(elements.length, lastStart))
    last.forEach((_, i) => parts[`last${i}`] = value[lastStart + i])
    return parts
  }
  const decode = (parts: Readonly<Record<string, unknown>>): unknown => {
    const value: Array<unknown> = []
    for (let i = 0; i < elements.length; i++) if (i in parts) value.push(parts[i])
    if (rest !== undefined) { for (const item of parts["rest"] as ReadonlyArray<unknown>) value.push(item) }
    last.forEach((_, i) => value.push(parts[`last${i}`]))
    return value
  }
  const inner: Plan = { ...emptyBlock("object", path), fields: [...elements, ...many, ...last] }
  return viaPlan(path, guarded(fits, encode, decode), inner, residualChecks(ast))
}
