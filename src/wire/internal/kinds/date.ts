/**
 * Dates, as their milliseconds in a slot.
 */
import { inFixedPart, type Kind } from "../kind.ts"
import type { DatePlan } from "../plan.ts"
import { millisOf, readDate } from "../runtime.ts"
import { quote } from "../source.ts"

export const date: Kind<DatePlan> = {
  ...inFixedPart,
  need: () => ({ bytes: 8, bits: 0, variable: false }),
  text: () => "date",
  write: (_, { name, refuse, stored }, x, { slot, views }) => {
    const t = name("t")
    return `const ${t}=H$millisOf(${x});if(${t}!==${t})${refuse};${stored(`${views}f64[${slot}]=${t};`)}`
  },
  read: ({ path }, _, x, { slot }) => `${x}=H$readDate(f64[${slot}],${quote(path)});`,
  writer: (_, { frame, store }, place) => (value, cell) => {
    const millis = millisOf(value)
    if (millis !== millis) return -1
    if (store) frame.stretch.f64[(cell + place.cell) >> 1] = millis
    return 0
  },
  reader: ({ path }, { frame }, place) => (cell) => readDate(frame.f64[(cell + place.cell) >> 1]!, path)
}
