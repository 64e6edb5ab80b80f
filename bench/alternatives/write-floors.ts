/**
 * What writing texts and records cannot do without, and what was tried instead: `node bench/alternatives/write-floors.ts`.
 *
 * Rejected, because nothing here is faster than what the codec does: short texts through a native call or a table of the texts seen;
 * a record by pairs, or by looking one key up after the other, which is faster only for objects of more than a thousand keys.
 * Of a text the engine knows where its characters lie, and `JSON.stringify` copies them at once; here each is asked for.
 *
 * Every way runs in three processes of its own, in turn; the figure is the median of their lower quartiles, in nanoseconds.
 */
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const slots = 256
const i32 = new Int32Array(new ArrayBuffer(1024))
const u8 = new Uint8Array(i32.buffer)
const texts = Array.from({ length: slots }, (_, i) => `node ${10 + (i & 31)}`)
const numbers = new Map(texts.map((text, i) => [text, i]))
const keys = Array.from({ length: 1000 }, (_, i) => `key${i}`)
const records = Array.from({ length: 4 }, (_, from) => Object.fromEntries(keys.map((key, i) => [key, from + i])))

const { latin1Write } = Buffer.prototype as unknown as {
  latin1Write(this: Uint8Array, text: string, offset: number, length: number): number
}

const made = (record: Record<string, number>): Record<string, number> => {
  for (let i = 0; i < keys.length; i++) record[keys[i]!] = i
  return record
}

interface Way {
  readonly run: (slot: number) => unknown
  readonly count: number
}

const short = (run: (text: string) => unknown): Way => ({ run: (slot) => run(texts[slot]!), count: 5000 })
const large = (run: (record: Record<string, number>) => unknown): Way => ({
  run: (slot) => run(records[slot & 3]!),
  count: 20
})

const ways: Record<string, Way> = {
  "text of 7 characters, only its length": short((text) => text.length),
  "text of 7 characters, each into a word": short((text) => {
    let seen = 0
    let word = 0
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      seen |= code
      word |= code << ((i & 3) << 3)
      if ((i & 3) === 3 || i === text.length - 1) {
        i32[(i >> 2) + 1] = word
        word = 0
      }
    }
    return i32[0] = seen
  }),
  "text of 7 characters, latin1Write": short((text) => latin1Write.call(u8, text, 4, text.length)),
  "text of 7 characters, found in a Map": short((text) => numbers.get(text)),
  "record of 1,000 keys, JSON.stringify": large((record) => JSON.stringify(record)),
  "record of 1,000 keys, its keys": large((record) => Object.keys(record)),
  "record of 1,000 keys, its keys and its values": large((record) => [Object.keys(record), Object.values(record)]),
  "record of 1,000 keys, its pairs": large((record) => Object.entries(record)),
  "record of 1,000 keys, each looked up": large((record) => Object.keys(record).map((key) => record[key])),
  "record of 1,000 keys, made": large(() => made({})),
  "record of 1,000 keys, made as a table": large(() =>
    Object.setPrototypeOf(made(Object.create(null) as Record<string, number>), Object.prototype)
  )
}

/** Held where the optimiser cannot see that nobody looks. */
let sink: unknown

const measure = ({ count, run }: Way): number => {
  const samples: Array<number> = []
  for (let round = 0; round < 300; round++) {
    const start = performance.now()
    for (let i = 0; i < count; i++) sink = run(i & (slots - 1))
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
