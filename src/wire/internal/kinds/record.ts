/**
 * String keys with values of one plan.
 *
 * All keys are taken at once, and then all values: the engine hands them out many times faster than it looks up one key after the other.
 * Records have the same keys in message after message, so the generated source writes a key that it has at this place from its words.
 */
import { inVariablePart, type Kind } from "../kind.ts"
import type { RecordPlan } from "../plan.ts"
import { defineKey, readCount, room, valuesOf } from "../runtime.ts"
import { quote, readsText, roomTest } from "../source.ts"
import { Keys, readString, stringEnd, writeString } from "../strings.ts"

export const record: Kind<RecordPlan> = {
  ...inVariablePart,
  least: () => 8,
  visit: ({ value }, search) => search.part(value, true),
  text: ({ value }, text) => `{[key]:${text(value)}}`,
  write: (plan, to, x) => {
    const { name, refuse, store } = to
    const [keys, values, n, i, y] = [name("K"), name("V"), name("n"), name("i"), name("y")]
    const known = store ? to.table(new Keys()) : ""
    return `if(typeof ${x}!=="object"||${x}===null||Array.isArray(${x}))${refuse};`
      + `const ${keys}=Object.keys(${x}),${values}=H$valuesOf(${x},${keys}),${n}=${keys}.length;`
      + (store ? `if(e+8>s.limit)s.grow(e+8);s.i32[e>>2]=${n};e+=8;${known}.begin(${n});` : "")
      + `for(let ${i}=0;${i}<${n};${i}++){const ${y}=${values}[${i}];`
      + `${store ? `e=H$writeKey(${keys}[${i}],${i},e,s,${known});` : ""}${to.part(plan.value, y, `{${refuse}}`)}}`
  },
  read: (plan, from, x) => {
    const { name } = from
    const [n, i, k, y] = [name("n"), name("i"), name("k"), name("y")]
    return `${roomTest(plan.path)}const ${n}=i32[e>>2]>>>0;e+=8;`
      + `if(${n}*8>E-e)H$tooMany(${quote(plan.path)},${n},(E-e)/8);${x}={};`
      + `for(let ${i}=0;${i}<${n};${i}++){let ${k},${y};${readsText(from, plan.path, k)}`
      + `${from.part(plan.value, y)}H$defineKey(${x},${k},${y})}`
  },
  writer: (plan, to) => {
    const { frame, store } = to
    const item = to.part(plan.value)
    return (value) => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return -1
      const keys = Object.keys(value)
      const values = valuesOf(value as Record<string, unknown>, keys)
      if (store) {
        frame.stretch.reserve(frame.cursor + 8)
        frame.stretch.i32[frame.cursor >> 2] = keys.length
        frame.cursor += 8
      }
      for (let i = 0; i < keys.length; i++) {
        if (store) frame.cursor = writeString(keys[i]!, frame.cursor, frame.stretch)
        if (item(values[i]) >= 0) continue
        frame.fault?.path.push(keys[i]!)
        return -1
      }
      return 0
    }
  },
  reader: (plan, from) => {
    const { frame } = from
    const item = from.part(plan.value)
    const readKey = (): string => {
      const start = frame.cursor
      room(start, frame.end, plan.path)
      const header = frame.i32[start >> 2]!
      const end = stringEnd(header, start, frame.end, plan.path)
      const key = readString(header, start, frame.i32, frame.u8)
      frame.cursor = end
      return key
    }
    return () => {
      const count = readCount(frame, plan.path, 8)
      const result: Record<string, unknown> = {}
      for (let i = 0; i < count; i++) {
        const key = readKey()
        defineKey(result, key, item(0))
      }
      return result
    }
  }
}
