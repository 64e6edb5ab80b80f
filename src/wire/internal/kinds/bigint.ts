/**
 * Bigints of any size.
 */
import { inVariablePart, type Kind } from "../kind.ts"
import type { BigIntPlan } from "../plan.ts"
import { bigintEnd, readBigint, room, writeBigint } from "../runtime.ts"
import { quote, roomTest } from "../source.ts"

export const bigint: Kind<BigIntPlan> = {
  ...inVariablePart,
  least: () => 16,
  text: () => "bigint",
  write: (_, { refuse, store }, x) =>
    `if(typeof ${x}!=="bigint")${refuse};${store ? `e=H$writeBigint(${x},e,s);` : ""}`,
  read: ({ path }, { name }, x) => {
    const [k, z] = [name("k"), name("z")]
    return `${roomTest(path)}const ${k}=i32[e>>2],${z}=H$bigintEnd(${k},e,E,i32,${quote(path)});`
      + `${x}=H$readBigint(${k},e,${z},i32,u8,${quote(path)});e=${z};`
  },
  writer: (_, { frame, store }) => (value) => {
    if (typeof value !== "bigint") return -1
    if (store) frame.cursor = writeBigint(value, frame.cursor, frame.stretch)
    return 0
  },
  reader: ({ path }, { frame }) => () => {
    const start = frame.cursor
    room(start, frame.end, path)
    const kind = frame.i32[start >> 2]!
    const end = bigintEnd(kind, start, frame.end, frame.i32, path)
    const value = readBigint(kind, start, end, frame.i32, frame.u8, path)
    frame.cursor = end
    return value
  }
}
