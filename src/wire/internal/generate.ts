/**
 * The back end that generates source: one set of plain functions per schema, compiled by the engine like hand-written code.
 *
 * ```text
 *  w<n>(v,p,s)            writes block n at p into the stretch s; the end, or -1
 *  k<n>(v)                whether block n takes the value
 *  r<n>(p,E,i32,f64,u8)   reads block n at p; its end is left in P
 * ```
 *
 * Names: `v` the value, `p` its offset, `d` and `q` the same in cells and slots, `e` the end of what was written or read, `g<n>` the packed
 * bits of cell n, `D` the depth of recursion, `X` set once it has been exceeded, `G` the way of a read. What a run changes of these is
 * put back when it ends: user code that is called in the middle may run the same codec.
 *
 * A stretch may grow whenever something of variable length is written, so its views are loaded where they are used. `E` is the end of the
 * record: nothing is read at or after it. Every length, count and tag is loaded once into a local and checked before it is used.
 */
import { isInherited } from "./blocks.ts"
import type { Reading, Words, Writing } from "./kind.ts"
import { kindOf, takesUndefined } from "./kinds.ts"
import { type Machine, NOT_PLACED, TOO_LARGE_TO_PLACE } from "./machine.ts"
import { fieldAt } from "./places.ts"
import type { BlockPlan, Field, Plan } from "./plan.ts"
import { Refused } from "./plan.ts"
import type { Program } from "./program.ts"
import { MAX_DEPTH } from "./program.ts"
import * as Runtime from "./runtime.ts"
import { quote } from "./source.ts"
import { placeRepeated, placeString, readString, stringEnd, writeKey, writeRepeated, writeString } from "./strings.ts"

const helpers = { ...Runtime, placeRepeated, placeString, readString, stringEnd, writeKey, writeRepeated, writeString }

// Calls go to constants of the factory rather than to properties of an object.
const locals = Object.keys(helpers).map((name) => `const H$${name}=H.${name};`).join("")

/** State of one generation. */
class Source implements Words {
  readonly program: Program
  /** Objects the source refers to as `T[i]`: plans, filters, tables. */
  readonly tables: Array<unknown> = []
  readonly #tableNumbers = new Map<unknown, number>()
  #names = 0
  readonly name: Words["name"]
  readonly table: Words["table"]
  readonly sizes: Words["sizes"]
  readonly blockOf: Words["blockOf"]

  constructor(program: Program) {
    this.program = program
    this.sizes = program.sizes
    this.blockOf = program.blockOf
    this.name = (prefix) => `${prefix}_${this.#names++}`
    this.table = (value) => {
      let number = this.#tableNumbers.get(value)
      if (number === undefined) {
        number = this.tables.push(value) - 1
        this.#tableNumbers.set(value, number)
      }
      return `T${number}`
    }
  }

  /** Declarations of the tables. */
  get declarations(): string {
    return this.tables.map((_, number) => `const T${number}=T[${number}];`).join("")
  }
}

const numberOf = (source: Source, plan: Plan): number => source.program.blocks.get(source.blockOf(plan))!

/** Whether `v` has the key of a field. */
const present = (field: Field): string => {
  const key = quote(String(field.key))
  return isInherited(field) ? `Object.hasOwn(v,${key})` : `(${key} in v)`
}

/** Reads a field of `v`. */
const access = (field: Field): string => {
  if (field.key === undefined) return "v"
  if (typeof field.key === "number") return `v[${field.key}]`
  const read = `v[${quote(field.key)}]`
  return isInherited(field) ? `(${present(field)}?${read}:undefined)` : read
}

// ---- writing

interface Mode {
  readonly store: boolean
  readonly stored: Writing["stored"]
  readonly claims: Writing["claims"]
  readonly refuse: string
}

const storing: Mode = { store: true, stored: (statement) => statement, claims: undefined, refuse: "return -1" }
const checking: Mode = { store: false, stored: () => "", claims: undefined, refuse: "return false" }

const writingOf = (source: Source, block: BlockPlan, mode: Mode): Writing => {
  const { refuse, store } = mode
  const checks = (plan: Plan, x: string): string =>
    plan.filters.map((filter) => `if(!${source.table(filter)}(${x}))${refuse};`).join("")
  const to: Writing = {
    sizes: source.sizes,
    name: source.name,
    table: source.table,
    blockOf: source.blockOf,
    ...mode,
    once: !source.program.many.has(block),
    checks,
    plan: (plan, x, at, absent) =>
      kindOf(plan).write(plan, to, x, at, absent) + (plan.kind === "block" ? "" : checks(plan, x)),
    part: (plan, x, refused) => {
      const call = store ? `e=w${numberOf(source, plan)}(${x},e,s);` : `const c=k${numberOf(source, plan)}(${x});`
      const failed = `if(${store ? "e<0" : "!c"})${refused}`
      if (plan.kind !== "ref") return store ? call + failed : `{${call}${failed}}`
      return `if(X||D>=M){X=true;${refused}}D++;{${call}D--;${failed}}`
    }
  }
  return to
}

const opening = (to: Writing, block: BlockPlan): string => {
  switch (block.shape) {
    case "object":
      return `if(typeof v!=="object"||v===null${block.refuseArrays ? "||Array.isArray(v)" : ""})${to.refuse};`
    case "tuple":
      return `if(!Array.isArray(v)||v.length!==${block.fields.length})${to.refuse};`
    case "self":
      return ""
  }
}

const fieldCode = (to: Writing, block: BlockPlan, field: Field): string => {
  const x = to.name("x")
  const absent = field.optional ? `${x}===undefined&&!${present(field)}` : undefined
  const missing = block.shape === "object" && !field.optional && takesUndefined(field.plan)
    ? `if(${x}===undefined&&!${present(field)})${to.refuse};`
    : ""
  return `const ${x}=${access(field)};${missing}${to.plan(field.plan, x, fieldAt(field.place), absent)}`
}

/** The function that writes a block. */
const writeFunction = (source: Source, block: BlockPlan, number: number): string => {
  const to = writingOf(source, block, storing)
  const { bitCells, fixedBytes } = block
  const bits = bitCells.map((cell) => `let g${cell}=0;`).join("")
  const flush = bitCells.map((cell) => `s.i32[d+${cell}]=g${cell};`).join("")
  const room = fixedBytes === 0 ? "" : `if(e>s.limit)s.grow(e);`
  return `function w${number}(v,p,s){${opening(to, block)}const d=p>>2,q=p>>3;let e=p+${fixedBytes};${room}${bits}`
    + `${block.fields.map((field) => fieldCode(to, block, field)).join("")}${flush}`
    + `${to.checks(block, "v")}return e}`
}

/** The function that checks a value against a block. */
const validFunction = (source: Source, block: BlockPlan, number: number): string => {
  const to = writingOf(source, block, checking)
  return `function k${number}(v){${opening(to, block)}`
    + block.fields.map((field) => fieldCode(to, block, field)).join("")
    + `${to.checks(block, "v")}return true}`
}

/** The most bytes that are claimed for a value before its size is known. */
const PLACED_BYTES = 16_384

const isPlaceable = ({ kind }: Plan): boolean =>
  kind === "string" || kind === "number" || kind === "int64" || kind === "date" || kind === "choice" ||
  kind === "constant"

/**
 * The function that writes a record in place, for a block of nothing but texts, numbers and choices: it reads and checks the whole value, then
 * claims the most that it may take, then stores.
 */
const placeFunction = (source: Source, block: BlockPlan): string => {
  const { bitCells, fields, fixedBytes } = block
  if (!fields.every(({ optional, plan }) => !optional && isPlaceable(plan))) return ""
  const later: Array<string> = []
  const claims: Array<string> = []
  const to = writingOf(source, block, {
    store: false,
    stored: (statement) => {
      later.push(statement)
      return ""
    },
    claims,
    refuse: `return ${NOT_PLACED}`
  })
  const checks = fields.map((field) => fieldCode(to, block, field)).join("") + to.checks(block, "v")
  const bits = bitCells.map((cell) => `let g${cell}=0;`).join("")
  const flush = bitCells.map((cell) => `s.i32[d+${cell}]=g${cell};`).join("")
  if (fixedBytes === 0 && claims.length === 0) return ""
  // Each text ends at a multiple of 8, its padding counted. Not rounded before it is known to be small: it may be more than 32 bits hold.
  const most = [fixedBytes, ...claims].join("+")
  const claim = claims.length === 0
    ? `const p=t.claim(${fixedBytes});`
    : `const m=${most};if(m>${PLACED_BYTES})return ${TOO_LARGE_TO_PLACE};const p=t.claim(m&~7);`
  return `place(v,t){${opening(to, block)}${checks}${claim}if(p<0)return p;`
    + `const s=t.region,d=p>>2,q=p>>3;let e=p+${fixedBytes};${bits}${
      later.join("")
    }${flush}t.placedBytes=e-p;return p},`
}

// ---- reading

const VIEWS = "i32,f64,u8"

const readingOf = (source: Source): Reading => {
  const from: Reading = {
    sizes: source.sizes,
    name: source.name,
    table: source.table,
    blockOf: source.blockOf,
    plan: (plan, x, at) => kindOf(plan).read(plan, from, x, at),
    part: (plan, x) => {
      const call = `${x}=r${numberOf(source, plan)}(e,E,${VIEWS});`
      if (plan.kind === "ref") return `if(D>=M)H$tooDeep(${quote(plan.path)},M);D++;${call}D--;e=P;`
      const exact = source.sizes.exactBlock(source.blockOf(plan))
      return call + (exact === undefined ? "e=P;" : exact === 0 ? "" : `e+=${exact};`)
    }
  }
  return from
}

/** The function that reads a block. */
const readFunction = (source: Source, block: BlockPlan, number: number): string => {
  const from = readingOf(source)
  const { bitCells, fixedBytes } = block
  const check = fixedBytes === 0 ? "" : `if(p+${fixedBytes}>E)H$cut(${quote(block.path)},${fixedBytes},E-p);`
  const bits = bitCells.map((cell) => `const g${cell}=i32[d+${cell}];`).join("")
  const names = block.fields.map(() => source.name("x"))
  const fields = block.fields.map((field, i) =>
    `let ${names[i]};${from.plan(field.plan, names[i]!, fieldAt(field.place))}`
  )
  return `function r${number}(p,E,${VIEWS}){${check}const d=p>>2,q=p>>3;let e=p+${fixedBytes};${bits}`
    + `${fields.join("")}P=e;${result(block, names)}}`
}

const result = (block: BlockPlan, names: ReadonlyArray<string>): string => {
  switch (block.shape) {
    case "self":
      return `return ${names[0]}`
    case "tuple":
      return `return [${names.join(",")}]`
    case "object": {
      const required = block.fields.flatMap((field, i) => field.optional ? [] : [`${keyOf(field)}:${names[i]}`])
      const optional = block.fields.flatMap((field, i) =>
        field.optional ? [`if(${names[i]}!==A)${assign(field, names[i]!)};`] : []
      )
      const made = `{${required.join(",")}}`
      return optional.length === 0 ? `return ${made}` : `const o=${made};${optional.join("")}return o`
    }
  }
}

// A computed key makes an own property of any name; a plain `__proto__` would set the prototype.
const keyOf = (field: Field): string => field.key === "__proto__" ? `["__proto__"]` : quote(String(field.key))

const assign = (field: Field, x: string): string =>
  field.key === "__proto__" ? `H$defineKey(o,"__proto__",${x})` : `o[${quote(String(field.key))}]=${x}`

// ---- the whole

type State = ReadonlyArray<readonly [name: string, first: string]>

/** A run that puts back what a run around it had, and does something last. */
const enclosed = (state: State, body: string, last: string): string => {
  const kept = state.map(([name]) => `const ${name}_=${name};`).join("")
  const reset = state.map(([name, first]) => `${name}=${first};`).join("")
  const back = state.map(([name]) => `${name}=${name}_;`).join("")
  return `${kept}${reset}try{${body}}finally{${back}${last}}`
}

const run = (state: State, body: string): string =>
  state.length === 0 ? `return ${body}` : enclosed(state, `return ${body}`, "")

/** The source of a program and the objects it refers to. */
const generateSource = (program: Program): { readonly text: string; readonly tables: ReadonlyArray<unknown> } => {
  const source = new Source(program)
  const functions = [...program.blocks].flatMap(([block, number]) => [
    writeFunction(source, block, number),
    validFunction(source, block, number),
    readFunction(source, block, number)
  ])
  const root = program.blocks.get(program.root)!
  const depth = program.recursive ? [["D", "0"], ["X", "false"]] as const : []
  const reading = [
    ...(program.recursive ? [["D", "0"]] as const : []),
    ...(program.travels !== 0 ? [["G", "g"]] as const : [])
  ]
  const place = placeFunction(source, program.root)
  return {
    tables: source.tables,
    text: [
      `"use strict";${locals}let P=0,D=0,X=false,G;const M=${MAX_DEPTH};`,
      source.declarations,
      ...functions,
      `return{encode(v,S){const s=S.open();let e=-1;${
        enclosed(depth, `e=w${root}(v,0,s);if(e>s.limit)s.grow(e);return e`, "S.close(s,e)")
      }},`,
      `read(i,o,E,g){${run(reading, `r${root}(o,E<i.byteLength?E:i.byteLength,i.i32,i.f64,i.u8)`)}},`,
      place,
      `isValid(v){${run(depth, `k${root}(v)`)}}}`
    ].join("\n")
  }
}

/** Compiles a program to functions. Throws where the process forbids code from strings. */
export const generate = (program: Program): Machine => {
  const { tables, text } = generateSource(program)
  // oxlint-disable-next-line typescript/no-implied-eval -- generating code is what this back end is for; schemas enter it only as literals
  const factory = new Function("H", "T", "R", "A", text)
  return factory(helpers, tables, Refused, Runtime.Absent) as Machine
}

/** Whether this process allows code from strings; found out once. */
export const canGenerate: boolean = (() => {
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- asks whether code from strings is allowed
    return new Function("return true")() === true
  } catch {
    return false
  }
})()
