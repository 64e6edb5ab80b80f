/**
 * What reading cannot do without, and what was tried instead: `node bench/alternatives/read-floors.ts`.
 *
 * Rejected, because nothing here is faster than what the codec does: longer texts through `TextDecoder`, `asciiSlice` or `utf8Slice`, or from a
 * copy that is not shared; short texts by `latin1Slice` or by `String.fromCharCode` at every read instead of from a table of the last ones.
 *
 * Every way runs in three processes of its own, in turn; the figure is the median of their lower quartiles, in nanoseconds.
 */
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const slots = 256
const slotBytes = 1024
const shared = new Uint8Array(new SharedArrayBuffer(slots * slotBytes))
const plain = new Uint8Array(slots * slotBytes)
for (let i = 0; i < shared.length; i++) shared[i] = plain[i] = 97 + i % 26
const i32 = new Int32Array(shared.buffer)
const f64 = new Float64Array(plain.buffer)

interface NativeText {
  latin1Slice(this: Uint8Array, start: number, end: number): string
  asciiSlice(this: Uint8Array, start: number, end: number): string
  utf8Slice(this: Uint8Array, start: number, end: number): string
}
const { asciiSlice, latin1Slice, utf8Slice } = Buffer.prototype as unknown as NativeText
const decoder = new TextDecoder("latin1")

const ways: Record<string, (at: number) => unknown> = {
  "text of 1 byte, latin1Slice": (at) => latin1Slice.call(shared, at, at + 1),
  "text of 8 bytes, latin1Slice": (at) => latin1Slice.call(shared, at, at + 8),
  "text of 8 bytes, String.fromCharCode": (at) => {
    const a = i32[at >> 2]!
    const b = i32[(at >> 2) + 1]!
    return String.fromCharCode(
      a & 255,
      a >> 8 & 255,
      a >> 16 & 255,
      a >>> 24,
      b & 255,
      b >> 8 & 255,
      b >> 16 & 255,
      b >>> 24
    )
  },
  "text of 1 KB, latin1Slice": (at) => latin1Slice.call(shared, at, at + slotBytes),
  "text of 1 KB, latin1Slice, not shared": (at) => latin1Slice.call(plain, at, at + slotBytes),
  "text of 1 KB, asciiSlice": (at) => asciiSlice.call(shared, at, at + slotBytes),
  "text of 1 KB, utf8Slice": (at) => utf8Slice.call(shared, at, at + slotBytes),
  "text of 1 KB, TextDecoder, not shared": (at) => decoder.decode(plain.subarray(at, at + slotBytes)),
  "object of three numbers": (at) => ({ id: i32[at >> 2], a: i32[(at >> 2) + 1], b: f64[at >> 3] }),
  "object of three numbers and two known texts": (at) => ({
    id: i32[at >> 2],
    type: "order.created",
    user: "u-100000",
    quantity: i32[(at >> 2) + 1],
    price: f64[at >> 3]
  }),
  "ten objects in an array, texts known": (at) => {
    const items = new Array<unknown>(10)
    for (let i = 0; i < 10; i++) items[i] = { sku: "sku-1", quantity: i32[(at >> 2) + i], price: f64[(at >> 3) + i] }
    return { id: i32[at >> 2], items }
  }
}

/** Held where the optimiser cannot see that nobody looks. */
let sink: unknown

const measure = (way: (at: number) => unknown): number => {
  const count = 5000
  const samples: Array<number> = []
  for (let round = 0; round < 300; round++) {
    const start = performance.now()
    for (let i = 0; i < count; i++) sink = way((i & (slots - 1)) * slotBytes)
    samples.push((performance.now() - start) * 1e6 / count)
  }
  if (sink === undefined) throw new Error("nothing was measured")
  return samples.slice(100).toSorted((a, b) => a - b)[50]!
}

const [name] = process.argv.slice(2)
if (name !== undefined) {
  console.log(measure(ways[name]!))
} else {
  const program = fileURLToPath(import.meta.url)
  const figures = Object.keys(ways).map((way) => [way, [] as Array<number>] as const)
  for (let round = 0; round < 3; round++) {
    for (const [way, of] of figures) of.push(Number(execFileSync(process.execPath, [program, way])))
  }
  for (const [way, of] of figures) console.log(`${way.padEnd(46)} ${of.toSorted((a, b) => a - b)[1]!.toFixed(1)}`)
}
