/**
 * Source of the functions that say how many bytes a value takes at most: `b<n>(v)`.
 *
 * They take any value, count every byte that a write could store before it refuses the value, and encode the parts whose size only their
 * encoding tells.
 */
import { exactBytes, inlineAlternative, minBytes, needOf, packedBytes } from "./layout.ts"
import { takesArrays } from "./look.ts"
import type { ArrayPlan, BlockPlan, Plan, RecordPlan, UnionPlan } from "./plan.ts"
import type { Source } from "./source.ts"
import { access, looksLike } from "./source.ts"

/** The function that bounds a block; none when all values of the block have one size. */
export const boundFunction = (source: Source, block: BlockPlan): string => {
  if (exactBytes(block) !== undefined) return ""
  const guard = block.shape === "object"
    ? `if(typeof v!=="object"||v===null)return ${block.fixedBytes};`
    : block.shape === "tuple"
    ? `if(!Array.isArray(v))return ${block.fixedBytes};`
    : ""
  const fields = block.fields.filter((field) => needOf(field.plan).variable).map((field) => {
    const x = source.name("x")
    return `const ${x}=${access(field)};${planCode(source, field.plan, x)}`
  })
  return `function b${source.block(block)}(v){${guard}let n=${block.fixedBytes};${fields.join("")}return n}`
}

/** An expression for the bound of a part that is a block of its own. */
const partBound = (source: Source, plan: Plan, x: string): string => {
  const block = source.program.blockOf(plan)
  const exact = exactBytes(block)
  return exact === undefined ? `b${source.block(block)}(${x})` : String(exact)
}

const planCode = (source: Source, plan: Plan, x: string): string => {
  if (!needOf(plan).variable) return ""
  switch (plan.kind) {
    case "string":
      return `if(typeof ${x}==="string")n+=H.stringBound(${x});`
    case "bytes":
      return `if(${x} instanceof Uint8Array)n+=H.bytesBound(${x});`
    case "bigint":
      return `if(typeof ${x}==="bigint")n+=H.bigintBound(${x});`
    case "array":
      return arrayCode(source, plan, x)
    case "record":
      return recordCode(source, plan, x)
    case "union":
      return unionCode(source, plan, x)
    case "block":
      return `n+=${partBound(source, plan, x)};`
    case "ref":
      return `if(X||D>=M)X=true;else{D++;n+=${partBound(source, plan, x)};D--}`
    case "instance":
      return planCode(source, plan.inner, x)
    case "via": {
      const y = source.name("y")
      return `const ${y}=Q.prepare(${source.table(plan)},${x});${planCode(source, plan.inner, y)}`
    }
    default:
      return ""
  }
}

const arrayCode = (source: Source, plan: ArrayPlan, x: string): string => {
  const packed = packedBytes(plan.item)
  if (packed !== 0) return `if(Array.isArray(${x}))n+=8+${x}.length*8;`
  const block = source.program.blockOf(plan.item)
  const exact = exactBytes(block)
  const pad = minBytes(block) === 0 ? 8 : 0
  if (exact !== undefined) return `if(Array.isArray(${x}))n+=8+${x}.length*${exact + pad};`
  const [i, y] = [source.name("i"), source.name("y")]
  return `if(Array.isArray(${x})){n+=8+${x}.length*${pad};`
    + `for(let ${i}=0;${i}<${x}.length&&!X;${i}++){const ${y}=${x}[${i}];${itemCode(source, plan.item, y)}}}`
}

const itemCode = (source: Source, plan: Plan, x: string): string =>
  plan.kind === "ref" ? planCode(source, plan, x) : `n+=${partBound(source, plan, x)};`

const recordCode = (source: Source, plan: RecordPlan, x: string): string => {
  const [keys, i, k, y] = [source.name("K"), source.name("i"), source.name("k"), source.name("y")]
  return `if(typeof ${x}==="object"&&${x}!==null){const ${keys}=Object.keys(${x});n+=8;`
    + `for(let ${i}=0;${i}<${keys}.length&&!X;${i}++){const ${k}=${keys}[${i}],${y}=${x}[${k}];`
    + `n+=H.stringBound(${k});${itemCode(source, plan.value, y)}}}`
}

const unionCode = (source: Source, plan: UnionPlan, x: string): string => {
  const inline = inlineAlternative(plan.alternatives)
  const tried = plan.alternatives.filter((alternative) => alternative.kind === "plan" && alternative.plan !== inline)
  const amongArrays = takesArrays(plan)
  const all = tried.every((alternative) => alternative.kind === "plan" && alternative.final)
  const nothing = plan.alternatives.some((alternative) => alternative.kind === "absent") ? [`${x}!==undefined`] : []
  for (const alternative of plan.alternatives) {
    if (alternative.kind === "constant" && alternative.value == null) nothing.push(`${x}!==${alternative.value}`)
  }
  const something = nothing.length === 0 ? "" : `if(${nothing.join("&&")})`
  if (all) {
    // At most one of them takes the value: the first look decides.
    return something + tried.map((alternative) =>
      alternative.kind !== "plan"
        ? ""
        : `if(${looksLike(alternative.shape, x, amongArrays)}){${itemCode(source, alternative.plan, x)}}`
    ).join("else ")
  }
  const most = source.name("m")
  const start = source.name("s")
  const code = tried.map((alternative) =>
    alternative.kind !== "plan"
      ? ""
      : `if(${looksLike(alternative.shape, x, amongArrays)}){n=0;${
        itemCode(source, alternative.plan, x)
      }if(n>${most})${most}=n}`
  )
  return `${something}{const ${start}=n;let ${most}=0;${code.join("")}n=${start}+${most};}`
}
