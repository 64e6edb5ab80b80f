/**
 * Bigints of 64 bits, in a slot.
 */
import { inFixedPart, type Kind } from "../kind.ts"
import type { Int64Plan } from "../plan.ts"
import { isInt64, readInt64, writeInt64 } from "../runtime.ts"

export const int64: Kind<Int64Plan> = {
  ...inFixedPart,
  need: () => ({ bytes: 8, bits: 0, variable: false }),
  text: () => "i64",
  write: (_, { refuse, stored }, x, { slot, views }) =>
    `if(!H$isInt64(${x}))${refuse};${stored(`H$writeInt64(${x},(${slot})*2,${views}i32);`)}`,
  read: (_, __, x, { slot }) => `${x}=H$readInt64((${slot})*2,i32);`,
  writer: (_, { frame, store }, place) => (value, cell) => {
    if (!isInt64(value)) return -1
    if (store) writeInt64(value, cell + place.cell, frame.stretch.i32)
    return 0
  },
  reader: (_, { frame }, place) => (cell) => readInt64(cell + place.cell, frame.i32)
}
