/**
 * Source of the functions that read a block: `r<n>(p,E,i32,f64,u8)` returns the value and leaves the end of what it read in `P`.
 *
 * `E` is the end of the record: nothing is read at or after it. Every length, count and tag is loaded once into a local and checked before
 * it is used.
 */
import { exactBytes, inlineAlternative, minBytes, packedBytes } from "./layout.ts"
import type { ArrayPlan, BlockPlan, ChoicePlan, Field, NumberPlan, Place, Plan, RecordPlan, UnionPlan } from "./plan.ts"
import type { Source } from "./source.ts"
import { cellOf, literal, quote, slotOf } from "./source.ts"

const VIEWS = "i32,f64,u8"

/** The function that reads a block. */
export const readFunction = (source: Source, block: BlockPlan): string => {
  const check = block.fixedBytes === 0
    ? ""
    : `if(p+${block.fixedBytes}>E)H.cut(${quote(block.path)},${block.fixedBytes},E-p);`
  const bits = block.bitCells.map((cell) => `const g${cell}=i32[d+${cell}];`).join("")
  const names = block.fields.map(() => source.name("x"))
  const fields = block.fields.map((field, i) =>
    `let ${names[i]};${planCode(source, field.plan, names[i]!, field.place)}`
  )
  return `function r${
    source.block(block)
  }(p,E,${VIEWS}){${check}const d=p>>2,q=p>>3;let e=p+${block.fixedBytes};${bits}`
    + `${fields.join("")}${result(block, names)}}`
}

const result = (block: BlockPlan, names: ReadonlyArray<string>): string => {
  if (block.shape === "self") return `P=e;return ${names[0]}`
  if (block.shape === "tuple") return `P=e;return [${names.join(",")}]`
  const required: Array<string> = []
  const optional: Array<string> = []
  block.fields.forEach((field, i) => {
    if (field.optional) optional.push(`if(${names[i]}!==A)${assign(field, names[i]!)};`)
    else required.push(`${key(field)}:${names[i]}`)
  })
  const literalText = `{${required.join(",")}}`
  return optional.length === 0
    ? `P=e;return ${literalText}`
    : `P=e;const o=${literalText};${optional.join("")}return o`
}

// A computed key makes an own property of any name; a plain `__proto__` would set the prototype.
const key = (field: Field): string => field.key === "__proto__" ? `["__proto__"]` : quote(String(field.key))

const assign = (field: Field, x: string): string =>
  field.key === "__proto__" ? `H.defineKey(o,"__proto__",${x})` : `o[${quote(String(field.key))}]=${x}`

/** Statements that read a plan into a variable. */
const planCode = (source: Source, plan: Plan, x: string, place: Place): string => {
  switch (plan.kind) {
    case "number":
      return `${x}=${loadNumber(plan, cellOf(place), slotOf(place))};`
    case "int64":
      return `${x}=H.readInt64(${cellOf(place)},i32);`
    case "date":
      return `${x}=H.readDate(f64[${slotOf(place)}],${quote(plan.path)});`
    case "constant":
      return `${x}=${literal(plan.value)};`
    case "choice":
      return choiceCode(source, plan, x, loadBits(place), 2 ** place.bits)
    case "string":
      return stringCode(source, plan.path, x)
    case "bytes":
      return bytesCode(source, plan.path, x)
    case "bigint": {
      const [k, z] = [source.name("k"), source.name("z")]
      return `${room(plan.path)}const ${k}=i32[e>>2],${z}=H.bigintEnd(${k},e,E,i32,${quote(plan.path)});`
        + `${x}=H.readBigint(${k},e,${z},i32,u8,${quote(plan.path)});e=${z};`
    }
    case "array":
      return arrayCode(source, plan, x)
    case "record":
      return recordCode(source, plan, x)
    case "union":
      return unionCode(source, plan, x, place)
    case "block":
    case "ref":
      return callBlock(source, plan, x)
    case "instance": {
      const y = source.name("y")
      return `let ${y};${planCode(source, plan.inner, y, place)}${x}=${source.table(plan)}.construct(${y});`
        + `if(${x}===R)H.badValue(${
          quote(plan.path)
        },"fields that its class does not take","the fields of an instance");`
    }
    case "via": {
      const y = source.name("y")
      return `let ${y};${planCode(source, plan.inner, y, place)}${x}=Q.restore(${source.table(plan)},${y});`
    }
    case "never":
      return `H.badTag(${quote(plan.path)},0,0);`
  }
}

const room = (path: string): string => `if(e+8>E)H.cut(${quote(path)},8,E-e);`

const loadNumber = (plan: NumberPlan, cell: string, slot: string): string => {
  switch (plan.width) {
    case "f64":
      return `f64[${slot}]`
    case "f32":
      return `H.bitsFloat(i32[${cell}])`
    case "u8":
      return `i32[${cell}]&255`
    case "u16":
      return `i32[${cell}]&65535`
    case "u32":
      return `i32[${cell}]>>>0`
    case "i8":
      return `i32[${cell}]<<24>>24`
    case "i16":
      return `i32[${cell}]<<16>>16`
    case "i32":
      return `i32[${cell}]`
  }
}

const loadBits = (place: Place): string => {
  if (place.bits === 0) return "0"
  const shifted = place.shift === 0 ? `g${place.bitCell}` : `g${place.bitCell}>>>${place.shift}`
  return `${shifted}&${2 ** place.bits - 1}`
}

/** Reads an index that is below `reach`. */
const choiceCode = (source: Source, plan: ChoicePlan, x: string, index: string, reach: number): string => {
  const count = plan.values.length
  if (reach === 2 && plan.values[0] === false && plan.values[1] === true) return `${x}=(${index})===1;`
  const t = source.name("t")
  const check = reach <= count ? "" : `if(${t}>=${count})H.badTag(${quote(plan.path)},${t},${count});`
  return `const ${t}=${index};${check}${x}=${source.table(plan.values)}[${t}];`
}

const stringCode = (source: Source, path: string, x: string): string => {
  const [h, z] = [source.name("h"), source.name("z")]
  return `${room(path)}const ${h}=i32[e>>2],${z}=H.stringEnd(${h},e,E,${quote(path)});`
    + `${x}=H.readString(${h},e,i32,u8);e=${z};`
}

const bytesCode = (source: Source, path: string, x: string): string => {
  const [h, z] = [source.name("h"), source.name("z")]
  return `${room(path)}const ${h}=i32[e>>2]>>>0,${z}=H.bytesEnd(${h},e,E,${quote(path)});`
    + `${x}=H.readBytes(${h},e,u8);e=${z};`
}

/** Reads a part that is a block of its own at `e` and advances `e`. */
const callBlock = (source: Source, plan: Plan, x: string): string => {
  const block = source.program.blockOf(plan)
  const call = `${x}=r${source.block(block)}(e,E,${VIEWS});`
  if (plan.kind === "ref") {
    return `if(D>=M)H.badValue(${quote(plan.path)},"more than "+M+" levels","at most "+M+" levels");D++;${call}D--;e=P;`
  }
  const exact = exactBytes(block)
  return call + (exact === undefined ? "e=P;" : exact === 0 ? "" : `e+=${exact};`)
}

const arrayCode = (source: Source, plan: ArrayPlan, x: string): string => {
  const [n, i, y, j] = [source.name("n"), source.name("i"), source.name("y"), source.name("j")]
  const packed = packedBytes(plan.item)
  const block = packed === 0 ? source.program.blockOf(plan.item) : undefined
  const least = block === undefined ? packed : minBytes(block) || 8
  const head = `${room(plan.path)}const ${n}=i32[e>>2]>>>0;e+=8;`
    + `if(${n}*${least}>E-e)H.tooMany(${quote(plan.path)},${n},(E-e)/${least});${x}=H.allocate(${n});`
  if (block !== undefined) {
    const pad = minBytes(block) === 0 ? "e+=8;" : ""
    return `${head}for(let ${i}=0;${i}<${n};${i}++){let ${y};${callBlock(source, plan.item, y)}${pad}${x}[${i}]=${y}}`
  }
  const index = `${j}+${i}`
  const advance = packed === 8 ? `e+=${n}*8;` : `e=(e+${n}*4+7)&~7;`
  return `${head}const ${j}=e>>${packed === 8 ? 3 : 2};`
    + `for(let ${i}=0;${i}<${n};${i}++){let ${y};${packedItem(source, plan.item, y, index)}${x}[${i}]=${y}}${advance}`
}

const packedItem = (source: Source, item: Plan, y: string, index: string): string => {
  switch (item.kind) {
    case "number":
      return `${y}=${loadNumber(item, index, index)};`
    case "choice":
      return choiceCode(source, item, y, `i32[${index}]>>>0`, 2 ** 32)
    case "date":
      return `${y}=H.readDate(f64[${index}],${quote(item.path)});`
    default:
      return `${y}=H.readInt64((${index})*2,i32);`
  }
}

const recordCode = (source: Source, plan: RecordPlan, x: string): string => {
  const [n, i, k, y] = [source.name("n"), source.name("i"), source.name("k"), source.name("y")]
  return `${room(plan.path)}const ${n}=i32[e>>2]>>>0;e+=8;`
    + `if(${n}*8>E-e)H.tooMany(${quote(plan.path)},${n},(E-e)/8);${x}={};`
    + `for(let ${i}=0;${i}<${n};${i}++){let ${k},${y};${stringCode(source, plan.path, k)}`
    + `${callBlock(source, plan.value, y)}H.defineKey(${x},${k},${y})}`
}

const unionCode = (source: Source, plan: UnionPlan, x: string, place: Place): string => {
  const inline = inlineAlternative(plan.alternatives)
  const cases = plan.alternatives.map((alternative, i) => {
    switch (alternative.kind) {
      case "absent":
        return `case ${i}:${x}=A;break;`
      case "constant":
        return `case ${i}:${x}=${literal(alternative.value)};break;`
      case "plan":
        return `case ${i}:{${
          alternative.plan === inline
            ? planCode(source, inline, x, place)
            : callBlock(source, alternative.plan, x)
        }break}`
    }
  })
  const t = source.name("t")
  return `const ${t}=${loadBits(place)};switch(${t}){${cases.join("")}`
    + `default:H.badTag(${quote(plan.path)},${t},${plan.alternatives.length})}`
}
