/**
 * The text of a module as a tree, and what the gate has to know of it: its methods, its functions and what they use.
 */
import { posix } from "node:path"
// The parser that comes with vitest; under its newer name vitest does not hand it on.
// oxlint-disable-next-line typescript/no-deprecated
import { parseAst } from "vitest/node"

/** A node of the tree: ESTree with TypeScript, positions in the text. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string"
  && typeof (value as Node).start === "number"

/** Types are no code: nothing in them is looked at. */
const isType = (node: Node): boolean =>
  /^TS(?!NonNull|As|Satisfies|TypeAssertion|ParameterProperty|Instantiation)/.test(node.type)

/** The code directly below a node, in the order of the text. */
export const children = (node: Node): ReadonlyArray<Node> => {
  const found: Array<Node> = []
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) { for (const item of value) if (isNode(item) && !isType(item)) found.push(item) }
    else if (isNode(value) && !isType(value)) found.push(value)
  }
  return found.sort((a, b) => a.start - b.start)
}

/** The tree of a module. */
export const parse = (source: string): Node =>
  // oxlint-disable-next-line typescript/no-deprecated
  parseAst(source, { lang: "ts" }) as unknown as Node

/** The name of an identifier, or undefined. */
export const nameOf = (node: unknown): string | undefined =>
  isNode(node) && (node.type === "Identifier" || node.type === "PrivateIdentifier") ? String(node.name) : undefined

/** A class member by the way it is written: `name` or `#name`; undefined for a computed one. */
export const keyOf = (member: Node): string | undefined => {
  const name = member.computed === true ? undefined : nameOf(member.key)
  return name !== undefined && (member.key as Node).type === "PrivateIdentifier" ? `#${name}` : name
}

/** An instance method with a body, that the gate turns into a generator. */
export const isMethod = (member: Node): boolean =>
  member.type === "MethodDefinition" && member.kind === "method" && member.static !== true
  && keyOf(member) !== undefined && isNode((member.value as Node).body)
  && (member.value as Node).generator !== true

/** A function that is written down, by whichever name. */
export const isFunction = (node: unknown): node is Node =>
  isNode(node) && /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)

/** The operation when a call is one of `Atomics`. */
export const atomicsOf = (node: Node): string | undefined => {
  if (node.type !== "CallExpression") return undefined
  const callee = node.callee as Node
  if (callee.type !== "MemberExpression" || callee.computed === true || nameOf(callee.object) !== "Atomics") {
    return undefined
  }
  return nameOf(callee.property)
}

/** What a function of a module does. */
export interface Uses {
  /** Calls of `Atomics` that other threads can see. */
  atomics: boolean
  /** Calls of `Atomics.pause`. */
  pauses: boolean
  /** It is a free function. */
  isFunction: boolean
  /** Names of the methods it calls of anything. */
  readonly calls: Set<string>
  /** Names it mentions: `f`, `Class.f`, `new Class`. */
  readonly names: Set<string>
}

/** What the gate knows of one module. */
export interface Facts {
  /** Names of the instance methods of its classes. */
  readonly methods: ReadonlySet<string>
  /** Its functions: `f`, `Class.f` and `new Class`. */
  readonly functions: ReadonlyMap<string, Uses>
  /** What its instance methods use. */
  readonly inMethods: Uses
  /** Imported names: where from, and what they are called there. */
  readonly imports: ReadonlyMap<string, Import>
}

const emptyUses = (): Uses => ({ atomics: false, pauses: false, isFunction: false, calls: new Set(), names: new Set() })

const collect = (node: Node, uses: Uses): void => {
  const operation = atomicsOf(node)
  if (operation === "pause") uses.pauses = true
  else if (operation !== undefined && operation !== "isLockFree") uses.atomics = true
  const name = nameOf(node)
  if (name !== undefined) uses.names.add(name)
  if (node.type === "CallExpression" && (node.callee as Node).type === "MemberExpression") {
    uses.calls.add(nameOf((node.callee as Node).property) ?? "")
  }
  if (node.type === "NewExpression" && nameOf(node.callee) !== undefined) uses.names.add(`new ${nameOf(node.callee)}`)
  if (node.type === "MemberExpression" && node.computed !== true && nameOf(node.object) !== undefined) {
    uses.names.add(`${nameOf(node.object)}.${nameOf(node.property)}`)
  }
  for (const child of children(node)) collect(child, uses)
}

const ofClass = (node: Node, methods: Set<string>, functions: Map<string, Uses>, inMethods: Uses): void => {
  const className = nameOf(node.id) ?? ""
  const construction = emptyUses()
  functions.set(`new ${className}`, construction)
  if (nameOf(node.superClass) !== undefined) construction.names.add(`new ${nameOf(node.superClass)}`)
  for (const member of children(node.body as Node)) {
    if (isMethod(member)) {
      methods.add(keyOf(member)!)
      collect(member, inMethods)
    } else if (member.static === true) {
      const uses = emptyUses()
      collect(member, uses)
      functions.set(`${className}.${keyOf(member) ?? ""}`, uses)
    } else {
      collect(member, construction)
    }
  }
}

interface Import {
  readonly module: string
  readonly name: string
}

/** The names that an import brings in, or that an export hands on. */
const importsOf = (node: Node, module: string): ReadonlyArray<readonly [string, Import]> => {
  const source = (node.source as Node | null)?.value
  if (typeof source !== "string" || !source.startsWith(".")) return []
  // As if the folder were the root: what lies beside it is called by its path from there.
  const from = posix.relative("/a/b", posix.join("/a/b", posix.dirname(module), source)).replace(/\.ts$/, "")
  return children(node).flatMap((specifier) => {
    const isExport = specifier.type === "ExportSpecifier"
    const local = nameOf(isExport ? specifier.exported : specifier.local)
    const there = nameOf(isExport ? specifier.local : specifier.imported)
    return local === undefined ? [] : [[local, { module: from, name: there ?? "" }] as const]
  })
}

/** Looks at the top level of a module, which is called by its path in the folder without the ending. */
export const factsOf = (module: string, tree: Node): Facts => {
  const methods = new Set<string>()
  const functions = new Map<string, Uses>()
  const inMethods = emptyUses()
  const imports = new Map<string, Import>()
  for (const statement of tree.body as ReadonlyArray<Node>) {
    for (const [local, from] of importsOf(statement, module)) imports.set(local, from)
    if (statement.type === "ImportDeclaration") continue
    const declaration = isNode(statement.declaration) ? statement.declaration : statement
    if (declaration.type === "ClassDeclaration") ofClass(declaration, methods, functions, inMethods)
    else if (declaration.type === "FunctionDeclaration") {
      const uses = emptyUses()
      uses.isFunction = true
      collect(declaration, uses)
      functions.set(nameOf(declaration.id) ?? "", uses)
    } else if (declaration.type === "VariableDeclaration") {
      for (const declarator of declaration.declarations as ReadonlyArray<Node>) {
        const uses = emptyUses()
        if (isNode(declarator.init)) collect(declarator.init, uses)
        uses.isFunction = isFunction(declarator.init)
        functions.set(nameOf(declarator.id) ?? "", uses)
      }
    }
  }
  return { methods, functions, inMethods, imports }
}

/** What the gate knows of a folder of modules. */
export interface World {
  /** Names of all instance methods. */
  readonly methods: ReadonlySet<string>
  /** What of a module's names leads to `Atomics` without going through a method. */
  readonly isAtomic: (module: string, name: string) => boolean
  /** What of a module's names is a function that does nothing to the memory but pause. */
  readonly isPause: (module: string, name: string) => boolean
  /** Functions that a method may come through. */
  readonly isReached: (module: string, name: string) => boolean
  /** Free functions that lead to `Atomics`, directly or through something that may be a method. */
  readonly isStepped: (module: string, name: string) => boolean
}

/** Brings the facts of all modules together. */
export const worldOf = (modules: ReadonlyMap<string, Facts>): World => {
  /** Where a name mentioned in a module is defined. */
  const resolve = (module: string, name: string): readonly [Uses | undefined, string, string] => {
    const facts = modules.get(module)
    const [, head, base, tail] = /^(new )?([^.]+)(\..+)?$/.exec(name) ?? []
    const from = facts?.imports.get(base ?? name)
    if (from === undefined) return [facts?.functions.get(name), module, name]
    // An imported namespace: what stands behind the dot is the name over there.
    const there = from.name === "" ? `${head ?? ""}${(tail ?? "").slice(1)}` : `${head ?? ""}${from.name}${tail ?? ""}`
    return resolve(from.module, there)
  }
  const reach = (module: string, names: Iterable<string>, seen: Map<string, Uses>): Map<string, Uses> => {
    for (const name of names) {
      const [uses, where, there] = resolve(module, name)
      const key = `${where}#${there}`
      if (uses === undefined || seen.has(key)) continue
      seen.set(key, uses)
      reach(where, uses.names, seen)
    }
    return seen
  }
  const isAtomic = (module: string, name: string): boolean =>
    [...reach(module, [name], new Map()).values()].some((uses) => uses.atomics)
  const methods = new Set([...modules.values()].flatMap((facts) => [...facts.methods]))
  const inMethods = new Map<string, Uses>()
  for (const [module, facts] of modules) reach(module, facts.inMethods.names, inMethods)
  return {
    methods,
    isAtomic,
    isPause: (module, name) => resolve(module, name)[0]?.pauses === true && !isAtomic(module, name),
    isReached: (module, name) => inMethods.has(`${module}#${name}`),
    isStepped: (module, name) => {
      const [uses, where, there] = resolve(module, name)
      if (uses?.isFunction !== true) return false
      const through = [...reach(where, [there], new Map()).values()]
      return through.some((each) => each.atomics || [...each.calls].some((call) => methods.has(call)))
    }
  }
}
