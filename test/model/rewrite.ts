/**
 * Rewrites a module of `src/memory` so that its methods stop at each atomic operation.
 *
 * The module's own text is used. Every instance method becomes a generator; a call of `Atomics` in it becomes a request
 * that it yields, a call of another method a `yield*`. Whether `x.push()` calls a gated method is decided when it runs,
 * by what `x` is. A free function that does atomic operations or calls methods gets a copy that is a generator, too,
 * which methods call; programs find it by `stepped`. Otherwise constructors, static methods and free functions stay functions: they run as part of one step. Plain
 * accesses of elements are reported to the race detector wherever they stand.
 *
 * What cannot be stepped through is refused with the place in the text: `Atomics` in a constructor or static method that
 * a method uses, in a closure, getter or default parameter, under another name, and methods that are `async`, taken
 * without a call, or called as `x?.m()`.
 */
import { stripTypeScriptTypes } from "node:module"
import { atomicsOf, children, isFunction, isMethod, keyOf, nameOf, type Node, parse, type World } from "./syntax.ts"

/** The module's text has something that the gate cannot step through. */
export class Ungated extends Error {
  constructor(module: string, source: string, node: Node, reason: string) {
    const line = source.slice(0, node.start).split("\n").length
    super(`${module}.ts:${line}: ${reason}: ${source.slice(node.start, node.end).split("\n")[0]}`)
    this.name = "Ungated"
  }
}

/**
 * Where code stands: `method` can stop anywhere; `step` runs as part of one step; `closure` does too, but belongs to a
 * method, which must not do atomic operations in such a place; `plain` is a module of which only element accesses count.
 */
type Place = "method" | "step" | "closure" | "plain"

interface Context {
  readonly module: string
  readonly source: string
  readonly world: World | undefined
  readonly place: Place
  /** Where it stands, for people. */
  readonly site: string
  /** The methods of the class it stands in. */
  readonly own: ReadonlySet<string>
}

/** Behind the name of a free function: its copy for methods, which can stop anywhere. */
const stepped = "$stepped"

const operations = new Set([
  "load",
  "store",
  "add",
  "sub",
  "and",
  "or",
  "xor",
  "exchange",
  "compareExchange",
  "notify",
  "wait",
  "waitAsync"
])

const bulk = /^(?:fill|set|copyWithin|slice|at|[gs]et(?:Big)?(?:Int|Uint|Float)\d+)$/

const refuse = (node: Node, context: Context, reason: string): never => {
  throw new Ungated(context.module, context.source, node, reason)
}

const textOf = (node: Node, context: Context): string => context.source.slice(node.start, node.end)

/** The text of a node with the code below it rewritten. */
const renderChildren = (
  node: Node,
  context: Context,
  each: (child: Node) => string = (child) => render(child, context)
): string => {
  let out = ""
  let at = node.start
  for (const child of children(node)) {
    // In `{ a }` the name and the value are the same text.
    if (child.start < at) continue
    out += context.source.slice(at, child.start) + each(child)
    at = child.end
  }
  return out + context.source.slice(at, node.end)
}

const renderAll = (nodes: unknown, context: Context): string =>
  (nodes as ReadonlyArray<Node>).map((node) => render(node, context)).join(", ")

const site = (context: Context): string => JSON.stringify(context.site)

const renderAtomics = (node: Node, operation: string, context: Context): string => {
  const args = node.arguments as ReadonlyArray<Node>
  if (args.some((arg) => arg.type === "SpreadElement")) refuse(node, context, "spread arguments of Atomics")
  if (operation === "isLockFree") return renderChildren(node, context)
  if (operation === "pause") {
    return context.place === "method" ? `(yield __gated.request("spin", ${site(context)}))` : "undefined"
  }
  if (!operations.has(operation)) refuse(node, context, `Atomics.${operation} is unknown to the model`)
  const call = `("${operation}", ${site(context)}, ${renderAll(args, context)})`
  if (context.place === "method") return `(yield __gated.request${call})`
  if (context.place === "closure") refuse(node, context, "Atomics where a method cannot be interrupted")
  return `__gated.now${call}`
}

const renderInvocation = (node: Node, callee: Node, key: string, context: Context): string => {
  const receiver = render(callee.object as Node, context)
  const args = `[${renderAll(node.arguments, context)}]`
  if (context.place === "method") return `(yield* __gated.invoke(${receiver}, ${key}, ${args}))`
  if (context.place === "closure") return `__gated.refuse(${receiver}, ${key}, ${args}, ${site(context)})`
  return `__gated.direct(${receiver}, ${key}, ${args}, ${site(context)})`
}

const renderMemberCall = (node: Node, callee: Node, context: Context): string => {
  const { world, place } = context
  const object = callee.object as Node
  const computed = callee.computed === true
  const name = keyOf({ ...callee, key: callee.property })
  const gated = world !== undefined && (computed || world.methods.has(name!))
  if (!gated) {
    if (name === undefined || !bulk.test(name) || node.optional === true || callee.optional === true) {
      return renderChildren(node, context)
    }
    return `__gated.call(${render(object, context)}, "${name}", [${renderAll(node.arguments, context)}])`
  }
  if (node.optional === true || callee.optional === true) refuse(node, context, "an optional call of a method")
  if (object.type === "ThisExpression" && !computed && context.own.has(name!)) {
    const call = `this.${name}(${renderAll(node.arguments, context)})`
    if (place === "method") return `(yield* ${call})`
    if (place === "closure") refuse(node, context, "a method called where it cannot be interrupted")
  }
  if (object.type === "Super") {
    if (place !== "method" || computed) refuse(node, context, "super where a method cannot be interrupted")
    return `(yield* super.${name}(${renderAll(node.arguments, context)}))`
  }
  if (name?.startsWith("#") === true) refuse(node, context, "a private method of another object")
  const key = computed ? render(callee.property as Node, context) : JSON.stringify(name)
  return renderInvocation(node, callee, key, context)
}

const isPure = (node: Node): boolean =>
  /^(?:Identifier|PrivateIdentifier|ThisExpression|Literal|MemberExpression|BinaryExpression|TSNonNullExpression)$/
    .test(node.type) && children(node).every(isPure)

const renderElementWrite = (node: Node, target: Node, context: Context): string => {
  const receiver = render(target.object as Node, context)
  const index = render(target.property as Node, context)
  if (node.type === "UpdateExpression") {
    return `__gated.bump(${receiver}, ${index}, ${node.operator === "++" ? 1 : -1}, ${node.prefix !== true})`
  }
  const value = render(node.right as Node, context)
  if (node.operator === "=") return `__gated.write(${receiver}, ${index}, ${value})`
  const operator = String(node.operator).slice(0, -1)
  if (!isPure(target) || /^(?:\|\||&&|\?\?)$/.test(operator)) {
    refuse(node, context, "an assignment the gate cannot split")
  }
  return `__gated.write(${receiver}, ${index}, __gated.read(${receiver}, ${index}) ${operator} (${value}))`
}

const isElement = (node: Node): boolean =>
  node.type === "MemberExpression" && node.computed === true && node.optional !== true
  && (node.object as Node).type !== "Super" && !(typeof (node.property as Node).value === "string")

const elementTarget = (node: unknown): Node | undefined => {
  let target = node as Node
  while (target.type === "TSNonNullExpression") target = target.expression as Node
  return isElement(target) ? target : undefined
}

const renderCall = (node: Node, context: Context): string => {
  const operation = atomicsOf(node)
  if (operation !== undefined && context.place !== "plain") return renderAtomics(node, operation, context)
  let callee = node.callee as Node
  while (callee.type === "TSNonNullExpression") callee = callee.expression as Node
  if (callee.type === "MemberExpression") {
    if (isElement(callee) && context.place === "plain") return textOfCall(node, callee, context)
    return renderMemberCall(node, callee, context)
  }
  const name = nameOf(callee)
  if (context.place === "method" && name !== undefined && context.world?.isPause(context.module, name) === true) {
    return `(yield __gated.request("spin", ${site(context)}))`
  }
  if (context.place === "method" && name !== undefined && context.world?.isStepped(context.module, name) === true) {
    return `(yield* ${name}${stepped}(${renderAll(node.arguments, context)}))`
  }
  return renderChildren(node, context)
}

/** `x[i](…)` with `x` as the receiver. */
const textOfCall = (node: Node, callee: Node, context: Context): string =>
  `${render(callee.object as Node, context)}[${render(callee.property as Node, context)}](${
    renderAll(node.arguments, context)
  })`

/** A block whose beginning and end the explorer hears of. */
const entered = (block: string): string => `{__gated.enter();try${block}finally{__gated.leave()}}`

const renderMember = (member: Node, className: string, context: Context): string => {
  const key = keyOf(member)
  const inside = { ...context, site: key === undefined ? className : `${className}.${key}` }
  const value = member.value as Node | null
  if (isMethod(member) && value !== null) {
    if (value.async === true) refuse(member, inside, "an async method")
    const keyNode = member.key as Node
    const body = value.body as Node
    const head = renderChildren(
      { ...value, end: body.start, body: null },
      inside,
      (child) => render(child, { ...inside, place: "closure" })
    )
    const modifiers = context.source.slice(member.start, keyNode.start)
    return `${modifiers}*${textOf(keyNode, context)}${head}${entered(render(body, { ...inside, place: "method" }))}`
  }
  // A constructor, what it sets, and what is static run as one step; anything else belongs to the methods.
  const isStep = member.static === true || member.kind === "constructor" || member.type === "PropertyDefinition"
  const place = isStep ? "step" : "closure"
  return renderChildren(member, { ...inside, place }, (child) => {
    if (member.type !== "PropertyDefinition" || !isFunction(child)) return render(child, { ...inside, place })
    return renderFunction(child, { ...inside, place: member.static === true ? "step" : "closure" })
  })
}

const renderClass = (node: Node, context: Context): string => {
  const className = nameOf(node.id) ?? "class"
  const members = children(node.body as Node)
  const inherited = context.world !== undefined && node.superClass != null ? context.world.methods : []
  const own = new Set([...inherited, ...members.filter(isMethod).map((member) => keyOf(member)!)])
  return renderChildren(node, context, (child) =>
    child === node.body
      ? renderChildren(child, context, (member) => renderMember(member, className, { ...context, own, place: "step" }))
      : render(child, context))
}

const renderFunction = (node: Node, context: Context): string =>
  renderChildren(node, { ...context, place: context.place === "method" ? "closure" : context.place })

/** A free function keeps its name as its place, and belongs to the methods when one of them leads to it. */
const renderNamed = (node: Node, name: string | undefined, context: Context): string => {
  if (context.place !== "step" || context.site !== "" || name === undefined) return renderFunction(node, context)
  const reached = context.world?.isReached(context.module, name) === true
  const atomic = context.world?.isAtomic(context.module, name) === true
  return renderFunction(node, { ...context, site: name, place: reached && !atomic ? "closure" : "step" })
}

/** A name that leads to atomic operations must not be used by a method. */
const checkName = (node: Node, name: string, context: Context): void => {
  if (context.place !== "method" && context.place !== "closure") return
  if (context.world?.isAtomic(context.module, name) !== true) return
  refuse(node, context, `${context.site} uses ${name}, which does atomic operations outside of a method`)
}

const renderReference = (node: Node, context: Context): string => {
  const { world } = context
  if (world === undefined) return renderChildren(node, context)
  if (node.type === "Identifier") {
    if (node.name === "Atomics") refuse(node, context, "Atomics under another name")
    checkName(node, String(node.name), context)
    return textOf(node, context)
  }
  const object = node.object as Node
  const name = keyOf({ ...node, key: node.property })
  if (object.type === "ThisExpression" && name !== undefined && context.own.has(name)) {
    refuse(node, context, "a method taken without being called")
  }
  if (nameOf(object) !== undefined && name !== undefined) checkName(node, `${nameOf(object)}.${name}`, context)
  // The name behind the dot is no reference.
  const inside = (child: Node): string =>
    child === node.property && node.computed !== true && child.name !== "Atomics"
      ? textOf(child, context)
      : render(child, context)
  return renderChildren(node, context, inside)
}

const renderStatement = (node: Node, context: Context): string => {
  const text = renderChildren(node, context)
  const written = node.expression as Node | undefined
  if (context.place === "method" && written !== undefined && /^(?:Assignment|Update)Expression$/.test(written.type)) {
    const target = written.type === "UpdateExpression" ? written.argument : written.left
    if (elementTarget(target) !== undefined) {
      return `{${text};if(__gated.cuts())yield __gated.request("cut",${site(context)})}`
    }
  }
  // In a text without semicolons a parenthesis at the start of a line would call the line above.
  return text.startsWith("(") && context.source[node.start] !== "(" ? `0, ${text}` : text
}

/** Patterns and loops that assign to elements. */
const checkTargets = (node: Node, context: Context): void => {
  for (const child of children(node)) {
    if (elementTarget(child) !== undefined) refuse(child, context, "an element assigned by a pattern")
  }
}

const render = (node: Node, context: Context): string => {
  switch (node.type) {
    case "CallExpression":
      return renderCall(node, context)
    case "NewExpression": {
      const name = nameOf(node.callee)
      if (name !== undefined) checkName(node, `new ${name}`, context)
      return renderChildren(node, context)
    }
    case "ClassDeclaration":
    case "ClassExpression":
      return context.place === "plain" ? renderChildren(node, context) : renderClass(node, context)
    case "FunctionDeclaration":
      return renderNamed(node, nameOf(node.id), context)
    case "VariableDeclarator": {
      const init = node.init as Node | null
      if (init === null || !isFunction(init)) return renderChildren(node, context)
      return renderChildren(
        node,
        context,
        (child) => child === init ? renderNamed(init, nameOf(node.id), context) : render(child, context)
      )
    }
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return renderFunction(node, context)
    case "AssignmentExpression":
    case "UpdateExpression": {
      const target = elementTarget(node.type === "UpdateExpression" ? node.argument : node.left)
      return target === undefined ? renderChildren(node, context) : renderElementWrite(node, target, context)
    }
    case "ArrayPattern":
      checkTargets(node, context)
      return renderChildren(node, context)
    case "UnaryExpression":
      // Neither looks at the value.
      if (node.operator === "delete" || /^typeof Atomics\.\w+$/.test(textOf(node, context))) {
        return textOf(node, context)
      }
      return renderChildren(node, context)
    case "ChainExpression":
      return renderChildren(node, context)
    case "MemberExpression":
      if (!isElement(node)) return renderReference(node, context)
      return `__gated.read(${render(node.object as Node, context)}, ${render(node.property as Node, context)})`
    case "Identifier":
      return renderReference(node, context)
    case "Property":
      // A key is no reference.
      return renderChildren(
        node,
        context,
        (child) =>
          child === node.key && node.computed !== true && node.shorthand !== true
            ? textOf(child, context)
            : render(child, context)
      )
    case "ImportDeclaration":
    case "ExportAllDeclaration":
      return textOf(node, context)
    case "ExpressionStatement":
      return renderStatement(node, context)
    default:
      return renderChildren(node, context)
  }
}

/** A free function as methods call it. */
const renderStepped = (name: string, node: Node, context: Context): string => {
  const inside = { ...context, site: name }
  if (node.async === true || node.generator === true) refuse(node, inside, "an async function that a method calls")
  const body = node.body as Node
  const from = node.type === "ArrowFunctionExpression" ? node.start : (node.id as Node | null)?.end ?? node.start
  const shown = { ...node, start: from, end: body.start, body: null, id: null }
  const head = renderChildren(shown, inside, (child) => render(child, { ...inside, place: "closure" }))
    .replace(/=>\s*$/, "").replace(/^function\s*/, "")
  const code = render(body, { ...inside, place: "method" })
  // Programs find it by the function itself.
  const found = `\n__gated.stepped.set(${name}, ${name}${stepped})`
  return `export function* ${name}${stepped}${head} ${
    entered(body.type === "BlockStatement" ? code : `{ return ${code} }`)
  }${found}`
}

/** What is added behind a module's text: the copies of its free functions for methods, and those it imports. */
const renderCopies = (tree: Node, context: Context): string => {
  const { module, world } = context
  const copies: Array<string> = []
  const isStepped = (name: string | undefined): name is string => name !== undefined && world!.isStepped(module, name)
  for (const statement of tree.body as ReadonlyArray<Node>) {
    const source = statement.source as Node | null | undefined
    if (source != null) {
      for (const specifier of children(statement)) {
        const isExport = specifier.type === "ExportSpecifier"
        const local = nameOf(isExport ? specifier.exported : specifier.local)
        const there = nameOf(isExport ? specifier.local : specifier.imported)
        if (there === undefined || !isStepped(local)) continue
        const names = `{ ${there}${stepped} as ${local}${stepped} }`
        copies.push(`${isExport ? "export" : "import"} ${names} from ${textOf(source, context)}`)
      }
      continue
    }
    const declaration = (statement.declaration as Node | null | undefined) ?? statement
    const named = declaration.type === "VariableDeclaration"
      ? (declaration.declarations as ReadonlyArray<Node>).map(({ id, init }) => [nameOf(id), init] as const)
      : [[nameOf(declaration.id), declaration] as const]
    for (const [name, node] of named) {
      if (!isStepped(name) || !isFunction(node)) continue
      try {
        copies.push(renderStepped(name, node, context))
      } catch (error) {
        // No method comes through it: a program that wants to step through it is told that there is no such copy.
        if (!(error instanceof Ungated) || world!.isReached(module, name)) throw error
      }
    }
  }
  return copies.map((copy) => `\n${copy}`).join("")
}

const runtime = new URL("./runtime.ts", import.meta.url).href

const finish = (text: string): string =>
  // On the first line, so that line numbers stay what they are.
  `import * as __gated from "${runtime}"; ${stripTypeScriptTypes(text)}`

const start = (module: string, source: string, world: World | undefined): Context => ({
  module,
  source,
  world,
  place: world === undefined ? "plain" : "step",
  site: "",
  own: new Set()
})

/** The gated text of a module, in the world of the modules beside it. */
export const gate = (module: string, source: string, world: World): string => {
  const tree = parse(source)
  const context = start(module, source, world)
  return finish(render(tree, context) + renderCopies(tree, context))
}

/** The text of a module that is not gated itself, with its plain accesses reported to the race detector. */
export const watch = (module: string, source: string): string =>
  finish(render(parse(source), start(module, source, undefined)))
