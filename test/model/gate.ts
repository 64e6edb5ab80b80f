/**
 * Loads a module of `src/memory` with its methods turned into generators that stop before and after each atomic
 * operation.
 *
 * The module's own text is used: types are stripped, every instance method becomes a generator, and calls of
 * `Atomics.x` and of the module's own methods become `yield*`. Constructors and free functions stay as they are and run
 * in one step.
 */
import { readFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import type { Step, Ticket } from "./gatedAtomics.ts"

/** What a gated method answers: the promises of a wait are simulated ones. */
type Simulated<Result> = Result extends { readonly async: true; readonly value: Promise<unknown> }
  ? { readonly async: true; readonly value: Ticket }
  : Result extends Promise<unknown> ? Ticket
  : Result

/** An instance of a gated class: its methods are generators. */
export type Gated<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Generator<Step, Simulated<Result>>
    : T[K]
}

/** The exports of a gated module: classes make gated instances, everything else is as it was. */
export type GatedModule<M> = {
  readonly [K in keyof M]: M[K] extends new(...args: infer Args) => infer T
    ? (new(...args: Args) => Gated<T>) & Omit<M[K], "prototype">
    : M[K]
}

/** Imports a module of `src/memory` gated, by its name without the ending. */
export type Load = <M>(module: string) => Promise<GatedModule<M>>

/** A change of a module's text that breaks it. */
export interface Mutation {
  readonly module: string
  readonly find: string
  readonly replace: string
}

const method = /^ {2,}(?!constructor\b|static\b|if\b|for\b|while\b|switch\b)(\w+)\((.*)\) *\{ *$/

/** The index behind the parenthesis that closes the one opened just in front of `from`. */
const closing = (text: string, from: number): number => {
  let depth = 1
  for (let i = from; i < text.length; i++) {
    if (text[i] === "(") depth++
    else if (text[i] === ")" && --depth === 0) return i
  }
  throw new Error(`no closing parenthesis: ${text.slice(from, from + 60)}`)
}

const rewriteCalls = (text: string, methods: ReadonlySet<string>): string => {
  const call = /\b(this\.|Atomics\.)(\w+)\(/g
  let out = ""
  let at = 0
  for (let match = call.exec(text); match !== null; match = call.exec(text)) {
    const [head, owner, name] = match as unknown as [string, string, string]
    if (owner === "this." && !methods.has(name)) continue
    const end = closing(text, match.index + head.length)
    const args = rewriteCalls(text.slice(match.index + head.length, end), methods)
    const gated = `yield* ${owner === "this." ? "this" : "gated"}.${name}(${args})`
    // A statement of its own gets no parentheses: in text without semicolons they would call the line above.
    const isStatement = /\n *$/.test(text.slice(at, match.index))
    out += text.slice(at, match.index) + (isStatement ? gated : `(${gated})`)
    at = end + 1
    call.lastIndex = at
  }
  return out + text.slice(at)
}

/** The gated text of one module. */
export const gate = (source: string, base: string | URL): string => {
  const lines = stripTypeScriptTypes(source).split("\n")
  const methods = new Set<string>()
  const bodies: Array<readonly [from: number, to: number]> = []
  let inClass = false
  for (let i = 0; i < lines.length; i++) {
    if (/^(export )? *class /.test(lines[i]!)) inClass = true
    else if (lines[i] === "}") inClass = false
    const match = inClass ? method.exec(lines[i]!) : null
    if (match === null) continue
    methods.add(match[1]!)
    bodies.push([i, lines.indexOf("  }", i)])
    lines[i] = `  *${match[1]}(${match[2]}) {`
  }
  if (methods.size === 0) throw new Error("nothing to gate: the module has no methods the gate recognises")
  for (const [from, to] of bodies) {
    const body = rewriteCalls(`\n${lines.slice(from + 1, to).join("\n")}`, methods)
    if (/\bAtomics\./.test(body.replaceAll(/\/\/.*|\/\*[^]*?\*\//g, ""))) throw new Error(`ungated: ${lines[from]}`)
    lines.splice(from + 1, to - from - 1, body, ...Array<string>(to - from - 2).fill(""))
  }
  const text = lines.join("\n").replaceAll(/from "(\.[^"]+)"/g, (_, path: string) => `from "${new URL(path, base)}"`)
  return `import * as gated from "${new URL("./gatedAtomics.ts", import.meta.url)}"\n${text}`
}

/** Imports gated modules of `src/memory`, each with the mutations that are for it. */
export const loader = (mutations: ReadonlyArray<Mutation> = []): Load => async <M>(name: string) => {
  const url = new URL(`../../src/memory/${name}.ts`, import.meta.url)
  let source = readFileSync(url, "utf8")
  for (const mutation of mutations) {
    if (mutation.module !== name) continue
    const parts = source.split(mutation.find)
    if (parts.length !== 2) throw new Error(`${name}.ts has ${parts.length - 1} places to mutate: ${mutation.find}`)
    source = parts.join(mutation.replace)
  }
  const text = Buffer.from(gate(source, url)).toString("base64")
  return await import(`data:text/javascript;base64,${text}`) as GatedModule<M>
}
