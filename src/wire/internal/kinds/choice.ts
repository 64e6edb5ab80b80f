/**
 * One of several constants, as its index in packed bits; in arrays, as its index in a cell.
 */
import { inFixedPart, type Kind } from "../kind.ts"
import { bitsAt, bitsFor } from "../places.ts"
import type { ChoicePlan, Constant } from "../plan.ts"
import { badTag } from "../runtime.ts"
import { literal, quote } from "../source.ts"
import { constantText } from "../text.ts"

/** So many constants are compared one after the other; more are looked up. */
const COMPARED = 6

export const choice: Kind<ChoicePlan> = {
  ...inFixedPart,
  need: ({ values }) => ({ bytes: 0, bits: bitsFor(values.length), variable: false }),
  text: ({ values }) => `(${values.map(constantText).join("|")})`,
  takesUndefined: ({ values }) => values.includes(undefined),
  write: ({ values }, { name, refuse, stored, table }, x, { put }) => {
    const t = name("t")
    const index = values.length <= COMPARED
      ? `${values.map((value, i) => `${x}===${literal(value)}?${i}:`).join("")}-1`
      : `(${table(new Map(values.map((value, i) => [value, i])))}.get(${x})??-1)`
    return `const ${t}=${index};if(${t}<0)${refuse};${stored(put(t))}`
  },
  read: ({ path, values }, { name, table }, x, { got, reach }) => {
    const count = values.length
    if (reach === 2 && values[0] === false && values[1] === true) return `${x}=(${got})===1;`
    const t = name("t")
    const check = reach <= count ? "" : `if(${t}>=${count})H$badTag(${quote(path)},${t},${count});`
    return `const ${t}=${got};${check}${x}=${table(values)}[${t}];`
  },
  writer: ({ values }) => (value) => values.indexOf(value as Constant),
  reader: ({ path, values }, { frame }, place) => (cell) => {
    const index = bitsAt(frame.i32, cell, place)
    if (index >= values.length) badTag(path, index, values.length)
    return values[index]
  }
}
