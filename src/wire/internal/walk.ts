/**
 * The walk: from the syntax tree of a schema to its plan.
 *
 * Nodes without a transformation are laid out as they are; a node with one is laid out by its encoded side, with the schema's parser around
 * it. A schema that has no encoded side is refused.
 */
import * as SchemaAST from "effect/SchemaAST"
import { SchemaUnsupported } from "../WireError.ts"
import { integerRange, lengthChecks, numberChecks, provesInt64, residualChecks } from "./checks.ts"
import { declarationPlan } from "./declared.ts"
import { schemaGuard } from "./guard.ts"
import { jsonObjectPlan, jsonPlan } from "./json.ts"
import { takesUndefined } from "./kinds.ts"
import type { BlockPlan, Constant, Field, NumberPlan, NumberTest, Plan, StringPlan, Width } from "./plan.ts"
import { emptyBlock, MOVED, nowhere } from "./plan.ts"
import { openObjectPlan, openTuplePlan } from "./rest.ts"
import {
  classPlan,
  guarded,
  laidOutBy,
  own,
  parsed,
  type Transformation,
  TransformationKey,
  travellingIn,
  viaPlan
} from "./transformed.ts"
import { flattenUnion, planUnion } from "./union.ts"

/** The annotation that chooses how many bytes a number takes. */
export const WidthKey = "shared-nothing/width"

/** State of one walk. */
interface Walk {
  /** Nodes with parts by their plans: what is met again is looked at once. */
  readonly plans: Map<SchemaAST.AST, Plan>
  /** Structs by the node they were made of: a node that is met again shares its block. */
  readonly structs: Map<SchemaAST.AST, BlockPlan>
  /** Nodes behind a `Suspend`. */
  readonly suspended: Map<SchemaAST.AST, BlockPlan>
  /** How many declarations enclose the node at hand. */
  nesting: number
}

/** Makes the plan of a schema. */
export const walkSchema = (ast: SchemaAST.AST): Plan =>
  planOf({ plans: new Map(), structs: new Map(), suspended: new Map(), nesting: 0 }, ast, "value")

/** The plan of a node. */
const planOf = (walk: Walk, ast: SchemaAST.AST, path: string): Plan => {
  // What has no parts is made anew, so that it knows its own place.
  const hasParts = ast.encoding !== undefined || ast._tag === "Arrays" || ast._tag === "Union" || ast._tag === "Objects"
    || ast._tag === "Declaration" && ast.typeParameters.length > 0
  if (!hasParts) return makePlan(walk, ast, path)
  let plan = walk.plans.get(ast)
  if (plan === undefined) {
    plan = makePlan(walk, ast, path)
    walk.plans.set(ast, plan)
  }
  return plan
}

const makePlan = (walk: Walk, ast: SchemaAST.AST, path: string): Plan => {
  if (ast.encoding !== undefined) return transformed(walk, ast, path)
  if ("encodingChecks" in ast && ast.encodingChecks !== undefined) return viaEncoded(walk, ast, path)
  switch (ast._tag) {
    case "Number":
      return numberPlan(ast, path)
    case "BigInt":
      return bigintPlan(ast, path)
    case "String":
      return { kind: "string", path, ...lengthChecks(ast) }
    case "TemplateLiteral":
      return { kind: "string", path, minLength: 0, maxLength: Infinity, filters: [schemaGuard(ast)] }
    case "Boolean":
      return { kind: "choice", path, values: [false, true], filters: residualChecks(ast) }
    case "Null":
      return constant(null, ast, path)
    case "Undefined":
      return constant(undefined, ast, path)
    case "Void":
      return { kind: "constant", path, value: undefined, lax: true, filters: residualChecks(ast) }
    case "Literal":
      return constant(ast.literal, ast, path)
    case "Enum":
      return choice(ast.enums.map(([, value]) => value), ast, path)
    case "Never":
      return { kind: "never", path, filters: [] }
    case "Objects":
      return objectPlan(walk, ast, path)
    case "Arrays":
      return arrayPlan(walk, ast, path)
    case "Union":
      return unionPlan(walk, ast, path)
    case "Suspend":
      return suspended(walk, ast, path)
    case "Declaration":
      return declared(walk, ast, path)
    case "Unknown":
    case "Any":
      return checked(jsonPlan(path), ast, path)
    case "ObjectKeyword":
      return checked(jsonObjectPlan(path), ast, path)
    case "Symbol":
      return symbolPlan(ast, path)
    case "UniqueSymbol":
      return uniqueSymbolPlan(ast, path)
  }
}

// Plans that others share: checks of their own are those of a block around them.
const checked = (plan: Plan, ast: SchemaAST.AST, path: string): Plan => {
  const filters = residualChecks(ast)
  if (filters.length === 0) return plan
  return { ...emptyBlock("self", path), filters, fields: [{ key: undefined, optional: false, plan, place: nowhere }] }
}

const constant = (value: Constant, ast: SchemaAST.AST, path: string): Plan => ({
  kind: "constant",
  path,
  value,
  lax: false,
  filters: residualChecks(ast)
})

const choice = (values: ReadonlyArray<Constant>, ast: SchemaAST.AST, path: string): Plan => ({
  kind: "choice",
  path,
  values: [...new Set(values)],
  filters: residualChecks(ast)
})

const transformed = (walk: Walk, ast: SchemaAST.AST, path: string): Plan =>
  valPlan(walk, ast, path) ?? classPlan(ast, (fields) => planOf(walk, fields, path), path) ??
    viaEncoded(walk, ast, path)

const valPlan = (walk: Walk, ast: SchemaAST.AST, path: string): Plan | undefined => {
  const node = laidOutBy(ast)
  if (node === undefined) return undefined
  if ((travellingIn(node).travels! & MOVED) !== 0) {
    throw new SchemaUnsupported({
      path,
      reason: "a Val may be in many hands, and something is in it that is only in one"
    })
  }
  const transformation = ast.annotations![TransformationKey] as Transformation
  return viaPlan(path, transformation, planOf(walk, node, path), residualChecks(ast))
}

const viaEncoded = (walk: Walk, ast: SchemaAST.AST, path: string): Plan => {
  const inner = planOf(walk, SchemaAST.toEncoded(ast), path)
  const transformation = own(ast)
  // The parser makes the checks of the schema itself.
  return transformation === undefined
    ? viaPlan(path, parsed(ast), inner)
    : viaPlan(path, transformation, inner, residualChecks(ast))
}

const symbolPlan = (ast: SchemaAST.AST, path: string): Plan => {
  const registered = (value: unknown): boolean => typeof value === "symbol" && Symbol.keyFor(value) !== undefined
  const text: StringPlan = { kind: "string", path, minLength: 0, maxLength: Infinity, filters: [] }
  return viaPlan(path, guarded(registered, Symbol.keyFor, Symbol.for), text, residualChecks(ast))
}

// Every thread has its own symbol from its own run of the schema's module, so no bytes are needed to say which one it is.
const uniqueSymbolPlan = (ast: SchemaAST.UniqueSymbol, path: string): Plan => {
  const { symbol } = ast
  const nothing: Plan = { kind: "constant", path, value: null, lax: false, filters: [] }
  const only = guarded((value) => value === symbol, () => null, () => symbol)
  return viaPlan(path, only, nothing, residualChecks(ast))
}

const ranges: Partial<Record<Width, readonly [number, number]>> = {
  u8: [0, 0xff],
  u16: [0, 0xffff],
  u32: [0, 0xffff_ffff],
  i8: [-0x80, 0x7f],
  i16: [-0x8000, 0x7fff],
  i32: [-0x8000_0000, 0x7fff_ffff]
}

const widthOf = (ast: SchemaAST.AST): Width | undefined => SchemaAST.resolve(ast)?.[WidthKey] as Width | undefined

const numberPlan = (ast: SchemaAST.AST, path: string): NumberPlan => {
  const { filters, tests } = numberChecks(ast)
  const asked = widthOf(ast)
  if (asked === "i64") throw new SchemaUnsupported({ path, reason: `width "i64" is for Schema.BigInt` })
  if (asked !== undefined && asked !== "f32" && asked !== "f64" && ranges[asked] === undefined) {
    throw new SchemaUnsupported({ path, reason: `unknown width ${JSON.stringify(asked)}` })
  }
  const width = asked ?? provenWidth(tests)
  return { kind: "number", path, width, tests: tests.filter((test) => !impliedBy(width, test)), filters }
}

const provenWidth = (tests: ReadonlyArray<NumberTest>): "u32" | "i32" | "f64" => {
  const range = integerRange(tests)
  if (range === undefined) return "f64"
  const [min, max] = range
  if (min >= 0 && max <= 0xffff_ffff) return "u32"
  return min >= -0x8000_0000 && max <= 0x7fff_ffff ? "i32" : "f64"
}

// Tests that the width itself makes are not made twice.
const impliedBy = (width: Width, test: NumberTest): boolean => {
  const range = ranges[width]
  if (range === undefined) return false
  switch (test.op) {
    case "integer":
    case "finite":
      return true
    case ">=":
      return test.value <= range[0]
    case ">":
      return test.value < range[0]
    case "<=":
      return test.value >= range[1]
    case "<":
      return test.value > range[1]
  }
}

const bigintPlan = (ast: SchemaAST.AST, path: string): Plan => {
  const width = widthOf(ast)
  if (width !== undefined && width !== "i64") {
    throw new SchemaUnsupported({ path, reason: `width ${JSON.stringify(width)} is for Schema.Number` })
  }
  const filters = residualChecks(ast)
  return width === "i64" || provesInt64(ast) ? { kind: "int64", path, filters } : { kind: "bigint", path, filters }
}

// A declaration may describe itself by what contains it; only a suspended schema may do that.
const MAX_NESTING = 200

const declared = (walk: Walk, ast: SchemaAST.Declaration, path: string): Plan => {
  if (walk.nesting >= MAX_NESTING) {
    throw new SchemaUnsupported({ path, reason: `its declarations nest more than ${MAX_NESTING} deep` })
  }
  walk.nesting++
  const plan = declarationPlan(ast, (part, at) => planOf(walk, part, at), path)
  walk.nesting--
  return plan
}

// A key whose presence changes on the way to the encoded side, or that a transformation could drop, is for the parser of the whole.
const movesKey = (type: SchemaAST.AST): boolean => {
  if (type.encoding === undefined && !("encodingChecks" in type && type.encodingChecks !== undefined)) return false
  return SchemaAST.isOptional(type) || SchemaAST.isOptional(SchemaAST.toEncoded(type))
}

const movesKeys = (ast: SchemaAST.Objects): boolean =>
  ast.propertySignatures.some(({ type }) => movesKey(type))
  || ast.indexSignatures.some(({ parameter }) => SchemaAST.toEncoded(parameter) !== parameter)

const objectPlan = (walk: Walk, ast: SchemaAST.Objects, path: string): Plan => {
  if (movesKeys(ast)) return viaEncoded(walk, ast, path)
  if (ast.indexSignatures.length > 0) return recordPlan(walk, ast, path)
  if (ast.propertySignatures.some(({ name }) => typeof name === "symbol")) return openObject(walk, ast, path)
  const known = walk.structs.get(ast)
  if (known !== undefined) return known
  const block = { ...emptyBlock("object", path), filters: residualChecks(ast) }
  walk.structs.set(ast, block)
  block.fields = ast.propertySignatures.map(({ name, type }): Field => {
    const key = String(name)
    return fieldOf(walk, key, type, `${path}.${key}`)
  })
  block.refuseArrays = !block.fields.some((field) => !field.optional && tellsArrayApart(field))
  return block
}

// A field that no array has: required, refused when undefined, and not the name of something that arrays inherit or own.
const tellsArrayApart = (field: Field): boolean =>
  !(String(field.key) in []) && !/^\d/.test(String(field.key)) && !takesUndefined(field.plan)

const fieldOf = (walk: Walk, key: string | number, type: SchemaAST.AST, path: string): Field => {
  const plan = planOf(walk, type, path)
  if (!SchemaAST.isOptional(type)) return { key, optional: false, plan, place: nowhere }
  return { key, optional: true, plan: optionalOf(plan, path), place: nowhere }
}

const optionalOf = (plan: Plan, path: string): Plan => {
  const absent = { kind: "absent" } as const
  if (plan.kind === "union" && plan.filters.length === 0) {
    return { kind: "union", path, filters: [], alternatives: [absent, ...plan.alternatives] }
  }
  if (plan.kind === "constant" && plan.filters.length === 0) {
    return { kind: "union", path, filters: [], alternatives: [absent, { ...plan, kind: "constant" }] }
  }
  if (plan.kind === "choice" && plan.filters.length === 0) {
    const values = plan.values.map((value) => ({ kind: "constant", value, lax: false }) as const)
    return { kind: "union", path, filters: [], alternatives: [absent, ...values] }
  }
  const shape = { type: "any", sentinels: [] } as const
  return { kind: "union", path, filters: [], alternatives: [absent, { kind: "plan", plan, shape, final: true }] }
}

const openObject = (walk: Walk, ast: SchemaAST.Objects, path: string): Plan =>
  openObjectPlan(
    ast,
    (struct) => objectPlan(walk, struct, path),
    (part, at) => planOf(walk, part, at),
    (key, type, at) => fieldOf(walk, key, type, at),
    path
  )

const recordPlan = (walk: Walk, ast: SchemaAST.Objects, path: string): Plan => {
  const [index, ...others] = ast.indexSignatures
  // A filtered key is skipped by the schema, not refused.
  const anyKey = index?.parameter._tag === "String" && index.parameter.checks === undefined
  if (index === undefined || !anyKey || others.length > 0 || ast.propertySignatures.length > 0) {
    return openObject(walk, ast, path)
  }
  const keys: StringPlan = { kind: "string", path: `${path}[key]`, minLength: 0, maxLength: Infinity, filters: [] }
  return { kind: "record", path, keys, value: planOf(walk, index.type, `${path}[*]`), filters: residualChecks(ast) }
}

const arrayPlan = (walk: Walk, ast: SchemaAST.Arrays, path: string): Plan => {
  if (ast.elements.length === 0 && ast.rest.length === 1) {
    return { kind: "array", path, item: planOf(walk, ast.rest[0]!, `${path}[]`), ...lengthChecks(ast) }
  }
  if (ast.elements.some(movesKey)) return viaEncoded(walk, ast, path)
  if (ast.rest.length > 0 || ast.elements.some(SchemaAST.isOptional)) {
    return openTuplePlan(
      ast,
      (part, at) => planOf(walk, part, at),
      (key, type, at) => fieldOf(walk, key, type, at),
      path
    )
  }
  const block = { ...emptyBlock("tuple", path), filters: residualChecks(ast) }
  block.fields = ast.elements.map((type, i) => fieldOf(walk, i, type, `${path}[${i}]`))
  return block
}

const unionPlan = (walk: Walk, ast: SchemaAST.Union, path: string): Plan => {
  const members = flattenUnion(ast)
  const oneOf = ast.options?.mode === "oneOf" ? [schemaGuard(SchemaAST.toType(ast))] : []
  const filters = [...residualChecks(ast), ...oneOf]
  return planUnion(members, (member) => planOf(walk, member, path), filters, path)
}

const suspended = (walk: Walk, ast: SchemaAST.Suspend, path: string): Plan => {
  const target = ast.thunk()
  const known = walk.suspended.get(target)
  if (known !== undefined) return { kind: "ref", path, filters: [], target: () => known }
  const block = emptyBlock("self", path)
  walk.suspended.set(target, block)
  block.fields = [{ key: undefined, optional: false, plan: planOf(walk, target, path), place: nowhere }]
  return { kind: "ref", path, filters: [], target: () => block }
}
