/**
 * Text.
 */
import { inVariablePart, type Kind } from "../kind.ts"
import type { StringPlan } from "../plan.ts"
import { room } from "../runtime.ts"
import { hasLength, lengthTest, readsText } from "../source.ts"
import { readString, Repeated, stringEnd, VARIES, writeString } from "../strings.ts"

export const string: Kind<StringPlan> = {
  ...inVariablePart,
  least: () => 8,
  text: () => "text",
  write: (plan, { once, refuse, store, table }, x) => {
    const test = `if(typeof ${x}!=="string"${lengthTest(plan, `${x}.length`)})${refuse};`
    if (!store) return test
    if (!once) return `${test}e=H$writeString(${x},e,s);`
    const last = table(new Repeated())
    return `${test}e=${last}.score<${VARIES}?H$writeRepeated(${x},e,s,${last}):H$writeString(${x},e,s);`
  },
  read: ({ path }, from, x) => readsText(from, path, x),
  writer: (plan, { frame, store }) => (value) => {
    if (typeof value !== "string" || !hasLength(plan, value.length)) return -1
    if (store) frame.cursor = writeString(value, frame.cursor, frame.stretch)
    return 0
  },
  reader: ({ path }, { frame }) => () => {
    const start = frame.cursor
    room(start, frame.end, path)
    const header = frame.i32[start >> 2]!
    const end = stringEnd(header, start, frame.end, path)
    const text = readString(header, start, frame.i32, frame.u8)
    frame.cursor = end
    return text
  }
}
