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
  write: (plan, { claims, once, refuse, stored, table }, x) => {
    const test = `if(typeof ${x}!=="string"${lengthTest(plan, `${x}.length`)})${refuse};`
    claims?.push(`${x}.length*2+11`)
    const [to, verb] = claims === undefined ? ["s", "write"] : ["s.i32,s.u8", "place"]
    if (!once) return test + stored(`e=H$${verb}String(${x},e,${to});`)
    const last = table(new Repeated())
    return test
      + stored(`e=${last}.score<${VARIES}?H$${verb}Repeated(${x},e,${to},${last}):H$${verb}String(${x},e,${to});`)
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
