/**
 * Items of one plan: without gaps in cells or slots, or one block an item.
 */
import { inVariablePart, type Kind, type Reading, type Writing } from "../kind.ts"
import { packedAt, packedBytes, packedPlace } from "../places.ts"
import type { ArrayPlan } from "../plan.ts"
import { allocate, readCount } from "../runtime.ts"
import { hasLength, lengthTest, quote, roomTest } from "../source.ts"

/** Items without content take 8 bytes each, so that their count is justified by bytes that are there. */
const EMPTY_ITEM = 8

const writePacked = (plan: ArrayPlan, to: Writing, x: string, n: string, packed: 4 | 8): string => {
  const { name, store } = to
  const [i, y, j] = [name("i"), name("y"), name("j")]
  const item = `const ${y}=${x}[${i}];${to.plan(plan.item, y, packedAt(`${j}+${i}`, packed))}`
  const loop = `for(let ${i}=0;${i}<${n};${i}++){${item}}`
  if (!store) return loop
  const end = name("z")
  // Rounded up only once there is room: before that it may be more than 32 bits hold.
  return `const ${j}=e>>${packed === 8 ? 3 : 2},${end}=e+${n}*${packed}+7;`
    + `if(${end}>s.limit)s.grow(${end});{const i32=s.i32,f64=s.f64;${loop}}e=${end}&~7;`
}

const readPacked = (plan: ArrayPlan, from: Reading, x: string, n: string, packed: 4 | 8): string => {
  const [i, y, j] = [from.name("i"), from.name("y"), from.name("j")]
  const item = from.plan(plan.item, y, packedAt(`${j}+${i}`, packed))
  return `const ${j}=e>>${packed === 8 ? 3 : 2};for(let ${i}=0;${i}<${n};${i}++){let ${y};${item}${x}[${i}]=${y}}`
    + (packed === 8 ? `e+=${n}*8;` : `e=(e+${n}*4+7)&~7;`)
}

export const array: Kind<ArrayPlan> = {
  ...inVariablePart,
  least: () => 8,
  visit: ({ item }, search) => {
    if (packedBytes(item, search.sizes) === 0) search.part(item, true)
  },
  text: ({ item }, text) => `${text(item)}[]`,
  write: (plan, to, x) => {
    const { name, refuse, sizes, store } = to
    const n = name("n")
    // The length of a proxy may be anything; it is asked once.
    const head =
      `if(!Array.isArray(${x}))${refuse};const ${n}=${x}.length;if((${n}>>>0)!==${n}${lengthTest(plan, n)})${refuse};`
      + (store ? `if(e+8>s.limit)s.grow(e+8);s.i32[e>>2]=${n};e+=8;` : "")
    const packed = packedBytes(plan.item, sizes)
    if (packed !== 0) return head + writePacked(plan, to, x, n, packed)
    const [i, y] = [name("i"), name("y")]
    const pad = store && sizes.leastBlock(to.blockOf(plan.item)) === 0 ? `e+=${EMPTY_ITEM};` : ""
    return `${head}for(let ${i}=0;${i}<${n};${i}++){const ${y}=${x}[${i}];${
      to.part(plan.item, y, `{${refuse}}`)
    }${pad}}`
  },
  read: (plan, from, x) => {
    const { name, sizes } = from
    const n = name("n")
    const packed = packedBytes(plan.item, sizes)
    const least = packed === 0 ? sizes.leastBlock(from.blockOf(plan.item)) : packed
    const most = `(E-e)/${least || EMPTY_ITEM}`
    const head = `${roomTest(plan.path)}const ${n}=i32[e>>2]>>>0;e+=8;`
      + `if(${n}>${most})H$tooMany(${quote(plan.path)},${n},${most});${x}=H$allocate(${n});`
    if (packed !== 0) return head + readPacked(plan, from, x, n, packed)
    const [i, y] = [name("i"), name("y")]
    const pad = least === 0 ? `e+=${EMPTY_ITEM};` : ""
    return `${head}for(let ${i}=0;${i}<${n};${i}++){let ${y};${from.part(plan.item, y)}${pad}${x}[${i}]=${y}}`
  },
  writer: (plan, to) => {
    const { frame, sizes, store } = to
    const packed = packedBytes(plan.item, sizes)
    const pad = store && packed === 0 && sizes.leastBlock(to.blockOf(plan.item)) === 0 ? EMPTY_ITEM : 0
    const part = packed === 0 ? to.part(plan.item) : undefined
    const item = packed === 0 ? undefined : to.plan(plan.item, packedPlace)
    const isChoice = plan.item.kind === "choice"
    const write = (value: unknown, i: number, start: number): number => {
      if (part !== undefined) {
        const t = part(value)
        frame.cursor += pad
        return t
      }
      const cell = (start + i * packed) >> 2
      const t = item!(value, cell, false)
      if (isChoice && store && t >= 0) frame.stretch.i32[cell] = t
      return t
    }
    return (value) => {
      if (!Array.isArray(value)) return -1
      const { length } = value
      if (length >>> 0 !== length || !hasLength(plan, length)) return -1
      const start = frame.cursor + 8
      if (store) {
        frame.stretch.reserve(start + length * packed + 7)
        frame.stretch.i32[frame.cursor >> 2] = length
        frame.cursor = start
      }
      for (let i = 0; i < length; i++) {
        if (write(value[i], i, start) >= 0) continue
        frame.fault?.path.push(i)
        return -1
      }
      if (store && packed !== 0) frame.cursor = (start + length * packed + 7) & ~7
      return 0
    }
  },
  reader: (plan, from) => {
    const { frame, sizes } = from
    const packed = packedBytes(plan.item, sizes)
    const least = packed === 0 ? sizes.leastBlock(from.blockOf(plan.item)) : packed
    const pad = least === 0 ? EMPTY_ITEM : 0
    const item = packed === 0 ? from.part(plan.item) : from.plan(plan.item, packedPlace)
    return () => {
      const count = readCount(frame, plan.path, least || EMPTY_ITEM)
      const start = frame.cursor
      const items = allocate(count)
      for (let i = 0; i < count; i++) {
        items[i] = item((start + i * packed) >> 2)
        frame.cursor += pad
      }
      if (packed !== 0) frame.cursor = (start + count * packed + 7) & ~7
      return items
    }
  }
}
