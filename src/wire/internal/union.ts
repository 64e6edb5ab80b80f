/**
 * Unions: how a value finds its alternative.
 *
 * A constant is found by comparison. The rest is tried in the order of the schema, as the schema itself does; a look at the value (its
 * type, its tag properties) comes first, and where no later alternative could take a value of that look, a refusal is final.
 */
import * as SchemaAST from "effect/SchemaAST"
import type { Alternative, Constant, Filter, Plan, Shape } from "./plan.ts"

/** The members of a union, with the unions and enums directly inside of it opened up. */
export const flattenUnion = (union: SchemaAST.Union): ReadonlyArray<SchemaAST.AST> =>
  union.types.flatMap((type): ReadonlyArray<SchemaAST.AST> => {
    if (type.checks !== undefined || type.encoding !== undefined) return [type]
    if (type._tag === "Never") return []
    if (type._tag === "Union" && type.encodingChecks === undefined && type.options?.mode !== "oneOf") {
      return flattenUnion(type)
    }
    return [type]
  })

const constantsOf = (ast: SchemaAST.AST): ReadonlyArray<Constant> | undefined => {
  if (ast.checks !== undefined || ast.encoding !== undefined) return undefined
  switch (ast._tag) {
    case "Null":
      return [null]
    case "Undefined":
      return [undefined]
    case "Boolean":
      return [false, true]
    case "Literal":
      return [ast.literal]
    case "Enum":
      return ast.enums.map(([, value]) => value)
    default:
      return undefined
  }
}

/** Makes the plan of a union of these members. */
export const planUnion = (
  members: ReadonlyArray<SchemaAST.AST>,
  planOf: (member: SchemaAST.AST) => Plan,
  filters: ReadonlyArray<Filter>,
  path: string
): Plan => {
  const constants = new Set<Constant>()
  const others: Array<SchemaAST.AST> = []
  for (const member of members) {
    const values = constantsOf(member)
    if (values === undefined) others.push(member)
    else for (const value of values) constants.add(value)
  }
  if (others.length === 0) {
    if (constants.size === 0) return { kind: "never", path, filters: [] }
    const values = [...constants]
    return values.length === 1
      ? { kind: "constant", path, value: values[0], lax: false, filters }
      : { kind: "choice", path, values, filters }
  }
  const shapes = others.map((member) => shapeOf(member))
  const alternatives: Array<Alternative> = [...constants].map((value) => ({ kind: "constant", value, lax: false }))
  others.forEach((member, i) => {
    const shape = shapes[i]!
    const final = !shapes.slice(i + 1).some((later) => overlap(shape, later))
    alternatives.push({ kind: "plan", plan: planOf(member), shape, final })
  })
  return { kind: "union", path, filters, alternatives }
}

const any: Shape = { type: "any", sentinels: [] }

const plain = (type: Shape["type"]): Shape => ({ type, sentinels: [] })

/** What values of a node look like at first sight. */
const shapeOf = (ast: SchemaAST.AST, depth = 0): Shape => {
  if (ast._tag === "Declaration") return declarationShape(ast)
  if (ast.encoding !== undefined || depth > 32) return any
  switch (ast._tag) {
    case "String":
    case "TemplateLiteral":
      return plain("string")
    case "Number":
      return plain("number")
    case "BigInt":
      return plain("bigint")
    case "Boolean":
      return plain("boolean")
    case "Arrays":
      return plain("array")
    case "Objects":
      return { type: "object", sentinels: sentinelsOf(ast) }
    case "Suspend":
      return shapeOf(ast.thunk(), depth + 1)
    default:
      return any
  }
}

const sentinelsOf = (ast: SchemaAST.Objects): Shape["sentinels"] =>
  ast.propertySignatures.flatMap(({ name, type }) =>
    typeof name !== "symbol" && type._tag === "Literal" && type.encoding === undefined && !SchemaAST.isOptional(type)
      ? [[String(name), type.literal] as const]
      : []
  )

const declarationShape = (ast: SchemaAST.Declaration): Shape => {
  switch ((ast.annotations?.representation as { readonly id?: unknown } | undefined)?.id) {
    case "effect/schema/Date":
      return plain("date")
    case "effect/schema/Uint8Array":
      return plain("bytes")
    case "effect/schema/Option":
      return plain("object")
  }
  // A class knows the tags of its fields; only objects are instances.
  const sentinels = ast.annotations?.["~sentinels"]
  if (!Array.isArray(sentinels)) return any
  return {
    type: "object",
    sentinels: sentinels.flatMap((sentinel: { readonly key: unknown; readonly literal: unknown }) =>
      typeof sentinel.key === "string" && typeof sentinel.literal !== "symbol"
        ? [[sentinel.key, sentinel.literal as Constant] as const]
        : []
    )
  }
}

const isObjectLike = (type: Shape["type"]): boolean => type === "object" || type === "date" || type === "bytes"

const overlap = (a: Shape, b: Shape): boolean => {
  if (a.type === "any" || b.type === "any") return true
  if (a.type !== b.type && !(isObjectLike(a.type) && isObjectLike(b.type))) return false
  return !a.sentinels.some(([key, value]) => b.sentinels.some((other) => other[0] === key && other[1] !== value))
}
