/**
 * Loads gated copies of the modules of `src/memory`, and of what a worker of a pool does with them, beside the real ones: a module hook answers
 * `SpscRing.ts?gated=3` with the gated text, and what a gated module imports of these is of the same copy.
 *
 * Each list of mutations is a copy of its own. The programs themselves are loaded with their plain accesses watched.
 */
import { readdirSync, readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import { posix } from "node:path"
import type { Body, Ticket } from "./request.ts"
import { gate, watch } from "./rewrite.ts"
import * as runtime from "./runtime.ts"
import { type Facts, factsOf, parse, type World, worldOf } from "./syntax.ts"

/** What a gated method answers: the promises of a wait are simulated ones. */
type Simulated<Result> = Result extends { readonly async: true; readonly value: Promise<unknown> }
  ? { readonly async: true; readonly value: Ticket }
  : Result extends Promise<unknown> ? Ticket
  : Result

/** An instance of a gated class: its methods are generators. */
export type Gated<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Body<Simulated<Result>>
    : T[K]
}

/** The exports of a gated module: classes make gated instances, everything else is as it was. */
export type GatedModule<M> = {
  readonly [K in keyof M]: M[K] extends new(...args: infer Args) => infer T
    ? (new(...args: Args) => Gated<T>) & Omit<M[K], "prototype">
    : M[K]
}

/** Imports a gated module, by its path in the folder without the ending. */
export type Load = <M>(module: string) => Promise<GatedModule<M>>

/** A change of a module's text that breaks it. `find` must be there exactly once. */
export interface Mutation {
  /** Its path in the folder without the ending: `SpscRing`, `internal/spscMemory`. */
  readonly module: string
  readonly find: string
  readonly replace: string
}

interface Copy {
  readonly folder: URL
  readonly mutations: ReadonlyArray<Mutation>
  readonly world: World
}

const copies: Array<Copy> = []

const memory = new URL("../../src/memory/", import.meta.url)
/** What is gated with it: modules called by their path from there. */
const beside = [new URL("../../src/pool/kernel/", import.meta.url)]
const programs = new URL("./programs/", import.meta.url)

const mutated = (module: string, source: string, mutations: ReadonlyArray<Mutation>): string => {
  let text = source
  for (const mutation of mutations) {
    if (mutation.module !== module) continue
    const parts = text.split(mutation.find)
    if (parts.length !== 2) throw new Error(`${module}.ts has ${parts.length - 1} places to mutate: ${mutation.find}`)
    text = parts.join(mutation.replace)
  }
  return text
}

const soundFacts = new Map<string, ReadonlyMap<string, Facts>>()

const foldersOf = (folder: URL): ReadonlyArray<URL> => folder.href === memory.href ? [memory, ...beside] : [folder]

/** What a module is called by its address. */
const nameIn = (folder: URL, module: URL): string =>
  posix.relative(folder.pathname, module.pathname).replace(/\.ts$/, "")

/** The facts of all modules of a folder, and of those beside it, as they are. */
const factsIn = (folder: URL): ReadonlyMap<string, Facts> => {
  let facts = soundFacts.get(folder.href)
  if (facts === undefined) {
    facts = new Map(
      foldersOf(folder).flatMap((each) =>
        readdirSync(each, { encoding: "utf8", recursive: true }).filter((file) => file.endsWith(".ts")).map((file) => {
          const module = new URL(file.replaceAll("\\", "/"), each)
          const name = nameIn(folder, module)
          return [name, factsOf(name, parse(readFileSync(module, "utf8")))] as const
        })
      )
    )
    soundFacts.set(folder.href, facts)
  }
  return facts
}

const worldIn = (folder: URL, mutations: ReadonlyArray<Mutation>): World => {
  const facts = new Map(factsIn(folder))
  for (const { module } of mutations) {
    const source = readFileSync(new URL(`${module}.ts`, folder), "utf8")
    facts.set(module, factsOf(module, parse(mutated(module, source, mutations))))
  }
  return worldOf(facts)
}

const query = "?gated="

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context)
    const at = context.parentURL?.indexOf(query) ?? -1
    if (at < 0 || resolved.url.includes(query)) return resolved
    const marker = context.parentURL!.slice(at)
    const copy = copies[Number(marker.slice(query.length))]
    if (copy === undefined || !foldersOf(copy.folder).some(({ href }) => resolved.url.startsWith(href))) return resolved
    return { ...resolved, url: resolved.url + marker }
  },
  load: (url, context, next) => {
    const at = url.indexOf(query)
    if (at < 0) {
      if (!url.startsWith(programs.href) || !url.endsWith(".ts")) return next(url, context)
      const name = url.slice(programs.href.length, -3)
      return { format: "module", shortCircuit: true, source: watch(name, readFileSync(new URL(url), "utf8")) }
    }
    const copy = copies[Number(url.slice(at + query.length))]!
    const module = new URL(url.slice(0, at))
    const name = nameIn(copy.folder, module)
    const source = mutated(name, readFileSync(module, "utf8"), copy.mutations)
    return { format: "module", shortCircuit: true, source: gate(name, source, copy.world) }
  }
})

const sound = new Map<string, Load>()

const copyOf = (mutations: ReadonlyArray<Mutation>, folder: URL): Load => {
  const number = copies.push({ folder, mutations, world: worldIn(folder, mutations) }) - 1
  return async <M>(module: string) =>
    await import(`${new URL(`${module}.ts`, folder).href}${query}${number}`) as GatedModule<M>
}

/** What loads gated modules, each with the mutations that are for it. Without mutations it is one copy for all. */
export const loader = (mutations: ReadonlyArray<Mutation> = [], folder: URL = memory): Load => {
  if (mutations.length > 0) return copyOf(mutations, folder)
  let load = sound.get(folder.href)
  if (load === undefined) {
    load = copyOf([], folder)
    sound.set(folder.href, load)
  }
  return load
}

/** A free function of a gated module as a thread runs it, with a stop at each atomic operation below it. */
export const stepped = <Args extends ReadonlyArray<unknown>, Result>(
  run: (...args: Args) => Result
): (...args: Args) => Body<Simulated<Result>> => {
  const copy = runtime.stepped.get(run)
  if (copy === undefined) throw new Error(`${run.name} is no function of a gated module that can be stepped through`)
  return copy as (...args: Args) => Body<Simulated<Result>>
}
