/**
 * Source of the functions that write a block and that check a value against it: `w<n>(v,p,i32,f64,u8)` returns the end offset or -1,
 * `k<n>(v)` returns whether the value is taken. Both come from one emitter, so they cannot disagree.
 *
 * Names in the source: `v` the value, `p` its offset, `d` and `q` the same in cells and slots, `e` the end of what has been written, `g<n>`
 * the packed bits of cell n, `D` the depth of recursion, `X` set once it has been exceeded.
 */
import { takesUndefined } from "./guard.ts"
import { inlineAlternative, minBytes, packedBytes } from "./layout.ts"
import { takesArrays } from "./look.ts"
import type {
  Alternative,
  ArrayPlan,
  BlockPlan,
  ChoicePlan,
  Field,
  NumberPlan,
  Place,
  Plan,
  RecordPlan,
  StringPlan,
  UnionPlan
} from "./plan.ts"
import type { Source } from "./source.ts"
import {
  access,
  cellOf,
  commonSentinel,
  filtered,
  literal,
  looksLike,
  present,
  quote,
  refusesNumber,
  slotOf
} from "./source.ts"
import { Repeated, VARIES } from "./strings.ts"

interface Emit {
  readonly source: Source
  /** Whether bytes are stored, or the value is only checked. */
  readonly store: boolean
  /** The statement that refuses the value. */
  readonly refuse: string
  /** Whether the block is written once a record, so that its texts may be those of the record before. */
  readonly once: boolean
}

const VIEWS = "i32,f64,u8"

/** The function that writes a block. */
export const writeFunction = (source: Source, block: BlockPlan): string => {
  const emit: Emit = { source, store: true, refuse: "return -1", once: !source.program.many.has(block) }
  const bits = block.bitCells.map((cell) => `let g${cell}=0;`).join("")
  const flush = block.bitCells.map((cell) => `i32[d+${cell}]=g${cell};`).join("")
  return `function w${source.block(block)}(v,p,${VIEWS}){${opening(emit, block)}`
    + `const d=p>>2,q=p>>3;let e=p+${block.fixedBytes};${bits}`
    + `${block.fields.map((field) => fieldCode(emit, block, field)).join("")}${flush}`
    + `${filtered(source, block.filters, "v", emit.refuse)}return e}`
}

/** The function that checks a value against a block. */
export const validFunction = (source: Source, block: BlockPlan): string => {
  const emit: Emit = { source, store: false, refuse: "return false", once: false }
  return `function k${source.block(block)}(v){${opening(emit, block)}`
    + block.fields.map((field) => fieldCode(emit, block, field)).join("")
    + `${filtered(source, block.filters, "v", emit.refuse)}return true}`
}

const opening = ({ refuse }: Emit, block: BlockPlan): string => {
  if (block.shape === "object") {
    return `if(typeof v!=="object"||v===null${block.refuseArrays ? "||Array.isArray(v)" : ""})${refuse};`
  }
  return block.shape === "tuple" ? `if(!Array.isArray(v)||v.length!==${block.fields.length})${refuse};` : ""
}

const fieldCode = (emit: Emit, block: BlockPlan, field: Field): string => {
  const x = emit.source.name("x")
  const absent = field.optional ? `${x}===undefined&&!${present(field)}` : undefined
  const missing = block.shape === "object" && !field.optional && takesUndefined(field.plan)
    ? `if(${x}===undefined&&!${present(field)})${emit.refuse};`
    : ""
  return `const ${x}=${access(field)};${missing}${planCode(emit, field.plan, x, field.place, absent)}`
}

const planCode = (emit: Emit, plan: Plan, x: string, place: Place, absent?: string): string =>
  bodyCode(emit, plan, x, place, absent) +
  filtered(emit.source, plan.kind === "block" ? [] : plan.filters, x, emit.refuse)

const bodyCode = (emit: Emit, plan: Plan, x: string, place: Place, absent: string | undefined): string => {
  const { refuse, source, store } = emit
  switch (plan.kind) {
    case "number":
      return `if(${refusesNumber(plan, x)})${refuse};${store ? storeNumber(plan, x, cellOf(place), slotOf(place)) : ""}`
    case "int64":
      return `if(!H.isInt64(${x}))${refuse};${store ? `H.writeInt64(${x},${cellOf(place)},i32);` : ""}`
    case "date": {
      const t = source.name("t")
      return `const ${t}=H.millisOf(${x});if(${t}!==${t})${refuse};${store ? `f64[${slotOf(place)}]=${t};` : ""}`
    }
    case "constant":
      return plan.lax ? "" : `if(${x}!==${literal(plan.value)})${refuse};`
    case "choice": {
      const t = source.name("t")
      return `const ${t}=${choiceIndex(source, plan, x)};if(${t}<0)${refuse};${store ? setBits(place, t) : ""}`
    }
    case "string":
      return `if(${refusesString(plan, x)})${refuse};${store ? storeText(emit, x) : ""}`
    case "bytes":
      return `if(!(${x} instanceof Uint8Array))${refuse};${store ? `e=H.writeBytes(${x},e,i32,u8);` : ""}`
    case "bigint":
      return `if(typeof ${x}!=="bigint")${refuse};${store ? `e=H.writeBigint(${x},e,i32,u8);` : ""}`
    case "array":
      return arrayCode(emit, plan, x)
    case "record":
      return recordCode(emit, plan, x)
    case "union":
      return unionCode(emit, plan, x, place, absent)
    case "block":
    case "ref":
      return callBlock(emit, plan, x, `{${refuse}}`)
    case "instance":
      return `if(!${source.table(plan.isInstance)}(${x}))${refuse};${planCode(emit, plan.inner, x, place)}`
    case "via": {
      const y = source.name("y")
      return `const ${y}=Q.take(${source.table(plan)},${x});if(${y}===R)${refuse};${
        planCode(emit, plan.inner, y, place)
      }`
    }
    case "never":
      return `${refuse};`
  }
}

const storeText = ({ once, source }: Emit, x: string): string => {
  if (!once) return `e=H.writeString(${x},e,i32,u8);`
  const last = source.table(new Repeated())
  return `e=${last}.score<${VARIES}?H.writeRepeated(${x},e,i32,u8,${last}):H.writeString(${x},e,i32,u8);`
}

const refusesString = (plan: StringPlan, x: string): string => `typeof ${x}!=="string"` + refusesLength(plan, x)

const refusesLength = (plan: StringPlan | ArrayPlan, x: string): string =>
  (plan.minLength > 0 ? `||${x}.length<${plan.minLength}` : "")
  + (plan.maxLength < Infinity ? `||${x}.length>${plan.maxLength}` : "")

const storeNumber = (plan: NumberPlan, x: string, cell: string, slot: string): string => {
  if (plan.width === "f64") return `f64[${slot}]=${x};`
  return plan.width === "f32" ? `i32[${cell}]=H.floatBits(${x});` : `i32[${cell}]=${x};`
}

const setBits = (place: Place, t: string): string =>
  place.bits === 0 ? "" : `g${place.bitCell}|=${t}${place.shift === 0 ? "" : `<<${place.shift}`};`

const choiceIndex = (source: Source, plan: ChoicePlan, x: string): string =>
  plan.values.length <= 6
    ? `${plan.values.map((value, i) => `${x}===${literal(value)}?${i}:`).join("")}-1`
    : `(${source.table(new Map(plan.values.map((value, i) => [value, i])))}.get(${x})??-1)`

/** Writes or checks a part that is a block of its own; a refusal runs `refused`. */
const callBlock = (emit: Emit, plan: Plan, x: string, refused: string): string => {
  const number = emit.source.part(plan)
  const call = emit.store ? `e=w${number}(${x},e,${VIEWS})` : `k${number}(${x})`
  const failed = emit.store ? `e<0` : `!`
  if (plan.kind !== "ref") return emit.store ? `${call};if(${failed})${refused}` : `if(!${call})${refused}`
  const enter = `if(X||D>=M){X=true;${refused}}D++;`
  return emit.store
    ? `${enter}${call};D--;if(${failed})${refused}`
    : `${enter}{const c=${call};D--;if(!c)${refused}}`
}

const arrayCode = (emit: Emit, plan: ArrayPlan, x: string): string => {
  const { refuse, source, store } = emit
  const [n, i, y, j] = [source.name("n"), source.name("i"), source.name("y"), source.name("j")]
  const packed = packedBytes(plan.item)
  const head = `if(!Array.isArray(${x})${refusesLength(plan, x)})${refuse};const ${n}=${x}.length;`
    + (store ? `i32[e>>2]=${n};e+=8;` : "")
  const loop = (body: string) => `for(let ${i}=0;${i}<${n};${i}++){const ${y}=${x}[${i}];${body}}`
  if (packed === 0) {
    const pad = minBytes(source.program.blockOf(plan.item)) === 0 && store ? "e+=8;" : ""
    return head + loop(`${callBlock(emit, plan.item, y, `{${refuse}}`)}${pad}`)
  }
  const base = store ? `const ${j}=e>>${packed === 8 ? 3 : 2};` : ""
  const item = packedItem(emit, plan.item, y, `${j}+${i}`)
  const advance = store ? packed === 8 ? `e+=${n}*8;` : `e=(e+${n}*4+7)&~7;` : ""
  return head + base + loop(item) + advance
}

const packedItem = (emit: Emit, item: Plan, y: string, index: string): string => {
  const { refuse, source, store } = emit
  const filters = filtered(source, item.filters, y, refuse)
  switch (item.kind) {
    case "number":
      return `if(${refusesNumber(item, y)})${refuse};${store ? storeNumber(item, y, index, index) : ""}${filters}`
    case "choice": {
      const t = source.name("t")
      return `const ${t}=${choiceIndex(source, item, y)};if(${t}<0)${refuse};${filters}${
        store ? `i32[${index}]=${t};` : ""
      }`
    }
    case "date": {
      const t = source.name("t")
      return `const ${t}=H.millisOf(${y});if(${t}!==${t})${refuse};${store ? `f64[${index}]=${t};` : ""}${filters}`
    }
    default:
      return `if(!H.isInt64(${y}))${refuse};${store ? `H.writeInt64(${y},(${index})*2,i32);` : ""}${filters}`
  }
}

const recordCode = (emit: Emit, plan: RecordPlan, x: string): string => {
  const { refuse, source, store } = emit
  const [keys, n, i, k, y] = ["K", "n", "i", "k", "y"].map((prefix) => source.name(prefix)) as [
    string,
    string,
    string,
    string,
    string
  ]
  return `if(typeof ${x}!=="object"||${x}===null||Array.isArray(${x}))${refuse};`
    + `const ${keys}=Object.keys(${x}),${n}=${keys}.length;${store ? `i32[e>>2]=${n};e+=8;` : ""}`
    + `for(let ${i}=0;${i}<${n};${i}++){const ${k}=${keys}[${i}],${y}=${x}[${k}];`
    + `${store ? `e=H.writeString(${k},e,i32,u8);` : ""}${callBlock(emit, plan.value, y, `{${refuse}}`)}}`
}

type PlanAlternative = Extract<Alternative, { kind: "plan" }>

const unionCode = (emit: Emit, plan: UnionPlan, x: string, place: Place, absent: string | undefined): string => {
  const { source } = emit
  const t = source.name("t")
  const branches: Array<string> = []
  plan.alternatives.forEach((alternative, i) => {
    if (alternative.kind === "absent" && absent !== undefined) branches.push(`if(${absent}){${t}=${i}}`)
  })
  branches.push(...constantBranches(source, plan, x, t))
  const tried = plan.alternatives.flatMap((alternative, i) =>
    alternative.kind === "plan" ? [[alternative, i] as const] : []
  )
  const rest = tried.every(([alternative]) => alternative.final)
    ? finalBranches(emit, plan, tried, x, t, place)
    : [`{${attempts(emit, plan, tried, x, t)}}`]
  const chain = [...branches, ...rest, ...(rest.at(-1)?.startsWith("{") === true ? [] : [`{${emit.refuse}}`])]
  return `let ${t}=-1;${chain.join("else ")}${emit.store ? setBits(place, t) : ""}`
}

const constantBranches = (source: Source, plan: UnionPlan, x: string, t: string): ReadonlyArray<string> => {
  const constants = plan.alternatives.flatMap((alternative, i) =>
    alternative.kind === "constant" ? [[alternative, i] as const] : []
  )
  if (constants.length <= 6) {
    return constants.map(([{ lax, value }, i]) =>
      lax ? `if(true){${t}=${i}}` : `if(${x}===${literal(value)}){${t}=${i}}`
    )
  }
  const table = source.table(new Map(constants.map(([{ value }, i]) => [value, i])))
  return [`if((${t}=${table}.get(${x})??-1)>=0){}`]
}

// Alternatives of which at most one can take a value: the first look decides.
const finalBranches = (
  emit: Emit,
  plan: UnionPlan,
  tried: ReadonlyArray<readonly [PlanAlternative, number]>,
  x: string,
  t: string,
  place: Place
): ReadonlyArray<string> => {
  const inline = inlineAlternative(plan.alternatives)
  const content = (alternative: PlanAlternative): string =>
    alternative.plan === inline
      ? planCode(emit, inline, x, place)
      : callBlock(emit, alternative.plan, x, `{${emit.refuse}}`)
  const amongArrays = takesArrays(plan)
  const objects = tried.filter(([alternative]) => alternative.shape.type === "object")
  const key = objects.length > 1 ? commonSentinel(objects.map(([alternative]) => alternative.shape)) : undefined
  const branches: Array<string> = []
  if (key !== undefined) {
    const cases = objects.map(([alternative, i]) => {
      const value = alternative.shape.sentinels.find((sentinel) => sentinel[0] === key)![1]
      return `case ${literal(value)}:{${t}=${i};${content(alternative)}break}`
    })
    const look = looksLike({ type: "object", sentinels: [] }, x, amongArrays)
    branches.push(`if(${look}){switch(${x}[${quote(key)}]){${cases.join("")}default:${emit.refuse}}}`)
  }
  for (const [alternative, i] of tried) {
    if (key !== undefined && alternative.shape.type === "object") continue
    const look = looksLike(alternative.shape, x, amongArrays)
    const body = `{${t}=${i};${content(alternative)}}`
    branches.push(look === "true" ? body : `if(${look})${body}`)
  }
  return branches
}

// Alternatives that overlap are tried one after the other; a refusal leaves `e` where it was.
const attempts = (
  emit: Emit,
  plan: UnionPlan,
  tried: ReadonlyArray<readonly [PlanAlternative, number]>,
  x: string,
  t: string
): string => {
  const amongArrays = takesArrays(plan)
  const saved = emit.source.name("s")
  const code = tried.map(([alternative, i]) => {
    const restore = emit.store ? `{e=${saved};${t}=-1}` : `{${t}=-1}`
    const label = emit.source.name("L")
    const call = callBlock(emit, alternative.plan, x, `{${restore}break ${label}}`)
    return `if(${t}<0&&${looksLike(alternative.shape, x, amongArrays)})${label}:{${t}=${i};${call}}`
  })
  return `${emit.store ? `const ${saved}=e;` : ""}${code.join("")}if(${t}<0)${emit.refuse};`
}
