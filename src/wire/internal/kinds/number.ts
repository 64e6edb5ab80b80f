/**
 * Numbers, in a cell of 4 bytes or a slot of 8.
 */
import { inFixedPart, type Kind, type Read } from "../kind.ts"
import type { NumberPlan } from "../plan.ts"
import { bitsFloat, floatBits } from "../runtime.ts"
import { literal } from "../source.ts"

type Width = NumberPlan["width"]

/** A condition that holds for what does not fit a width, after `||`. */
const misfits: Record<Width, (x: string) => string> = {
  u8: (x) => `||(${x}&255)!==${x}`,
  u16: (x) => `||(${x}&65535)!==${x}`,
  u32: (x) => `||(${x}>>>0)!==${x}`,
  i8: (x) => `||(${x}<<24>>24)!==${x}`,
  i16: (x) => `||(${x}<<16>>16)!==${x}`,
  i32: (x) => `||(${x}|0)!==${x}`,
  f32: (x) => `||(Math.fround(${x})!==${x}&&${x}===${x})`,
  f64: () => ""
}

const fits: Record<Width, (x: number) => boolean> = {
  u8: (x) => (x & 255) === x,
  u16: (x) => (x & 65_535) === x,
  u32: (x) => (x >>> 0) === x,
  i8: (x) => (x << 24 >> 24) === x,
  i16: (x) => (x << 16 >> 16) === x,
  i32: (x) => (x | 0) === x,
  f32: (x) => Math.fround(x) === x || x !== x,
  f64: () => true
}

const loads: Record<Width, (cell: string, slot: string) => string> = {
  u8: (cell) => `i32[${cell}]&255`,
  u16: (cell) => `i32[${cell}]&65535`,
  u32: (cell) => `i32[${cell}]>>>0`,
  i8: (cell) => `i32[${cell}]<<24>>24`,
  i16: (cell) => `i32[${cell}]<<16>>16`,
  i32: (cell) => `i32[${cell}]`,
  f32: (cell) => `H$bitsFloat(i32[${cell}])`,
  f64: (_, slot) => `f64[${slot}]`
}

const fromCell: Record<Exclude<Width, "f64">, (word: number) => number> = {
  u8: (word) => word & 255,
  u16: (word) => word & 65_535,
  u32: (word) => word >>> 0,
  i8: (word) => word << 24 >> 24,
  i16: (word) => word << 16 >> 16,
  i32: (word) => word,
  f32: bitsFloat
}

// NaN is below every number in Effect's order.
const fails = ({ op, value }: NumberPlan["tests"][number], x: string): string => {
  const bound = literal(value)
  switch (op) {
    case "integer":
      return `!Number.isSafeInteger(${x})`
    case "finite":
      return `!Number.isFinite(${x})`
    case ">":
      return `!(${x}>${bound})`
    case ">=":
      return `!(${x}>=${bound})`
    case "<":
      return `${x}>=${bound}`
    case "<=":
      return `${x}>${bound}`
  }
}

const passes = ({ op, value }: NumberPlan["tests"][number], x: number): boolean => {
  switch (op) {
    case "integer":
      return Number.isSafeInteger(x)
    case "finite":
      return Number.isFinite(x)
    case ">":
      return x > value
    case ">=":
      return x >= value
    case "<":
      return !(x >= value)
    case "<=":
      return !(x > value)
  }
}

export const number: Kind<NumberPlan> = {
  ...inFixedPart,
  need: ({ width }) => ({ bytes: width === "f64" ? 8 : 4, bits: 0, variable: false }),
  text: ({ width }) => width,
  write: ({ tests, width }, { refuse, stored }, x, { cell, slot, views }) => {
    const wrong = [`typeof ${x}!=="number"${misfits[width](x)}`, ...tests.map((test) => fails(test, x))].join("||")
    const value = width === "f32" ? `H$floatBits(${x})` : x
    const place = width === "f64" ? `${views}f64[${slot}]` : `${views}i32[${cell}]`
    return `if(${wrong})${refuse};${stored(`${place}=${value};`)}`
  },
  read: ({ width }, _, x, { cell, slot }) => `${x}=${loads[width](cell, slot)};`,
  writer: ({ tests, width }, { frame, store }, place) => {
    const fit = fits[width]
    return (value, cell) => {
      if (typeof value !== "number" || !fit(value) || !tests.every((test) => passes(test, value))) return -1
      if (!store) return 0
      if (width === "f64") frame.stretch.f64[(cell + place.cell) >> 1] = value
      else frame.stretch.i32[cell + place.cell] = width === "f32" ? floatBits(value) : value
      return 0
    }
  },
  reader: ({ width }, { frame }, place): Read => {
    if (width === "f64") return (cell) => frame.f64[(cell + place.cell) >> 1]
    const from = fromCell[width]
    return (cell) => from(frame.i32[cell + place.cell]!)
  }
}
