/**
 * Finds the parcels in the values of a schema: a walk over its syntax tree, once, gives a walk over its values.
 */
import type * as SchemaAST from "effect/SchemaAST"
import { SchemaUnsupported } from "../WireError.ts"
import { Held } from "./parcel.ts"
import { partsOf } from "./parts.ts"

/** Annotates the declarations whose values are parcels. */
export const ParcelKey = "shared-nothing/parcel"

// Values come from whoever sends; each walk looks for itself whether they are what the schema says.
/** Adds the parcels of a value to a list, in the order of the schema. */
export type Find = (value: any, into: Array<Held>) => void

interface Walk {
  /** The nodes whose values can hold a parcel. */
  readonly carrying: ReadonlySet<SchemaAST.AST>
  readonly finders: Map<SchemaAST.AST, Find | undefined>
}

/** What finds the parcels in the values of a schema; `undefined` when it has none. */
export const finderOf = (ast: SchemaAST.AST): Find | undefined => {
  const carrying = carryingIn(ast)
  return carrying.has(ast) ? find({ carrying, finders: new Map() }, ast, "value") : undefined
}

const isParcel = (ast: SchemaAST.AST): boolean => ast.annotations?.[ParcelKey] === true

const isClass = (ast: SchemaAST.AST): boolean =>
  ast._tag === "Declaration" && typeof ast.annotations?.["~constructor"] === "function"

const isOption = (ast: SchemaAST.Declaration): boolean =>
  (ast.annotations?.representation as { readonly id?: unknown } | undefined)?.id === "effect/schema/Option"

// A class is declared over its fields, which stand where it is encoded.
const fieldsOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> =>
  isClass(ast) && ast.encoding !== undefined ? [ast.encoding[0].to] : partsOf(ast)

/**
 * All nodes below one whose values can hold a parcel: each node is looked at once, then the ways are gone back from the
 * parcels, which reach everything above them however the schema comes back to itself.
 */
const carryingIn = (root: SchemaAST.AST): ReadonlySet<SchemaAST.AST> => {
  const above = new Map<SchemaAST.AST, Array<SchemaAST.AST>>([[root, []]])
  // A map goes on to what is added while it is walked.
  for (const ast of above.keys()) {
    for (const part of [...fieldsOf(ast), ...(ast.encoding ?? []).map(({ to }) => to)]) {
      const known = above.get(part)
      if (known === undefined) above.set(part, [ast])
      else known.push(ast)
    }
  }
  const carrying = new Set([...above.keys()].filter(isParcel))
  for (const ast of carrying) for (const parent of above.get(ast)!) carrying.add(parent)
  return carrying
}

const find = (walk: Walk, ast: SchemaAST.AST, path: string): Find | undefined => {
  if (isParcel(ast)) return findParcel
  if (!walk.carrying.has(ast)) return undefined
  if (walk.finders.has(ast)) return (value, into) => walk.finders.get(ast)?.(value, into)
  walk.finders.set(ast, undefined)
  const finder = findInside(walk, ast, path)
  if (finder === undefined) {
    throw new SchemaUnsupported({ path, reason: "it is transformed, and no parcel could be found in its values" })
  }
  walk.finders.set(ast, finder)
  return finder
}

const findParcel: Find = (value, into) => {
  if (value instanceof Held) into.push(value)
}

const findInside = (walk: Walk, ast: SchemaAST.AST, path: string): Find | undefined => {
  switch (ast._tag) {
    case "Declaration":
      return findInDeclaration(walk, ast, path)
    case "Objects":
      return findInObject(walk, ast, path)
    case "Arrays":
      return findInArray(walk, ast, path)
    case "Union":
      return findInUnion(ast.types.map((type) => find(walk, type, path)).filter((finder) => finder !== undefined))
    case "Suspend":
      return find(walk, ast.thunk(), path)
    default:
      return undefined
  }
}

const findInDeclaration = (walk: Walk, ast: SchemaAST.Declaration, path: string): Find | undefined => {
  if (isClass(ast) && ast.encoding !== undefined) return find(walk, ast.encoding[0].to, path)
  const finder = isOption(ast) ? find(walk, ast.typeParameters[0]!, path) : undefined
  if (finder === undefined) return undefined
  return (value, into) => {
    if (value?._tag === "Some") finder(value.value, into)
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const findInObject = (walk: Walk, ast: SchemaAST.Objects, path: string): Find | undefined => {
  const fields = ast.propertySignatures.flatMap(({ name, type }) => {
    const finder = find(walk, type, `${path}.${String(name)}`)
    return finder === undefined ? [] : [{ name, finder }]
  })
  const others = ast.indexSignatures.map(({ type }) => find(walk, type, `${path}[*]`)).find((f) => f !== undefined)
  if (fields.length === 0 && others === undefined) return undefined
  const named = new Set(ast.propertySignatures.map(({ name }) => name))
  return (value, into) => {
    if (!isObject(value)) return
    for (const { finder, name } of fields) finder((value as Readonly<Record<PropertyKey, unknown>>)[name], into)
    if (others === undefined) return
    for (const [key, entry] of Object.entries(value)) if (!named.has(key)) others(entry, into)
  }
}

const findInArray = (walk: Walk, ast: SchemaAST.Arrays, path: string): Find | undefined => {
  const elements = ast.elements.map((type, i) => find(walk, type, `${path}[${i}]`))
  const [rest, ...trailing] = ast.rest.map((type) => find(walk, type, `${path}[]`))
  if ([...elements, rest, ...trailing].every((finder) => finder === undefined)) return undefined
  return (value, into) => {
    if (!Array.isArray(value)) return
    const behind = value.length - trailing.length
    value.forEach((item, i) =>
      (i < elements.length ? elements[i] : i < behind ? rest : trailing[i - behind])?.(item, into)
    )
  }
}

// A value may look like several members of its union, and its parcels are found once for each.
const findInUnion = (finders: ReadonlyArray<Find>): Find | undefined =>
  finders.length === 0 ? undefined : (value, into) => {
    const known = new Set<Held>()
    for (const finder of finders) {
      const found: Array<Held> = []
      finder(value, found)
      for (const held of found) if (!known.has(held)) into.push(held)
      for (const held of found) known.add(held)
    }
  }
