/**
 * What a record of 16 bytes in a ring cannot do without: `node --conditions=source bench/alternatives/ring-floors.ts`.
 *
 * One thread writes many records and then reads them, so no line of memory goes from one core to another and nothing waits. Beside the ring of this
 * library: the same bytes in bare typed arrays, with one check of each header, and ringbuf.js, whose records have no header. Tried and rejected,
 * because it changes nothing here: no word that says how many are claimed, one comparison in place of two.
 *
 * Every way runs in five processes of its own, in turn; the figure is the least of the lower quartiles, in nanoseconds a record.
 */
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { RingBuffer } from "ringbuf.js"
import { create, SpscReader, SpscWriter } from "../../src/memory/SpscRing.ts"

const RECORDS = 16_384

interface Way {
  readonly write: () => void
  /** The sum of all fields. */
  readonly read: () => number
}

const ours = (batch: number): Way => {
  const ring = create(1 << 20)
  const writer = new SpscWriter(ring)
  const reader = new SpscReader(ring)
  const { f64, u32 } = writer.region
  return {
    write: () => {
      for (let id = 0; id < RECORDS; id++) {
        const offset = writer.claim(16)
        u32[offset >> 2] = id
        u32[(offset >> 2) + 1] = 7
        f64[(offset >> 3) + 1] = 1.5
        writer.commit(16, 0)
        if (writer.unpublishedRecords >= batch) writer.publish()
      }
    },
    read: () => {
      const { f64, u32 } = reader.region
      let sum = 0
      while (reader.poll()) {
        for (let offset = reader.next(); offset >= 0; offset = reader.next()) {
          sum += u32[offset >> 2]! + u32[(offset >> 2) + 1]! + f64[(offset >> 3) + 1]!
        }
        reader.release()
      }
      return sum
    }
  }
}

const bare = (batch: number): Way => {
  const end = 24 * (RECORDS + 1)
  const sab = new SharedArrayBuffer(256 + end)
  const cells = new Int32Array(sab)
  const i32 = new Int32Array(sab, 256)
  const u32 = new Uint32Array(sab, 256)
  const f64 = new Float64Array(sab, 256)
  const after = (position: number): number => position + 24 === end ? 0 : position + 24
  let written = 0
  let taken = 0
  return {
    write: () => {
      let position = written
      for (let id = 0; id < RECORDS; id++) {
        const word = position >> 2
        u32[word + 2] = id
        u32[word + 3] = 7
        f64[(word >> 1) + 2] = 1.5
        i32[word] = 24
        i32[word + 1] = 0
        position = after(position)
        if (id % batch === batch - 1) Atomics.store(cells, 0, position)
      }
      written = position
    },
    read: () => {
      const tail = Atomics.load(cells, 0)
      let sum = 0
      let position = taken
      while (position !== tail) {
        const word = position >> 2
        if (i32[word]! < 8 || i32[word + 1]! < 0) throw new Error("no record")
        sum += u32[word + 2]! + u32[word + 3]! + f64[(word >> 1) + 2]!
        position = after(position)
      }
      taken = position
      Atomics.store(cells, 32, position)
      return sum
    }
  }
}

const peer = (batch: number): Way => {
  const ring = new RingBuffer(RingBuffer.getStorageForCapacity(2 * RECORDS, Float64Array), Float64Array)
  const records = new Float64Array(2 * batch)
  return {
    write: () => {
      for (let id = 0; id < RECORDS; id += batch) {
        for (let index = 0; index < batch; index++) {
          records[2 * index] = id + index
          records[2 * index + 1] = 8.5
        }
        ring.push(records)
      }
    },
    read: () => {
      let sum = 0
      while (ring.pop(records) > 0) for (let index = 0; index < records.length; index++) sum += records[index]!
      return sum
    }
  }
}

const ways: Record<string, () => Way> = {
  "64 at a time, bare": () => bare(64),
  "64 at a time, ours": () => ours(64),
  "64 at a time, ringbuf.js": () => peer(64),
  "one by one, bare": () => bare(1),
  "one by one, ours": () => ours(1),
  "one by one, ringbuf.js": () => peer(1)
}

const expected = RECORDS * (RECORDS - 1) / 2 + 8.5 * RECORDS

const measure = ({ read, write }: Way): readonly [write: number, read: number] => {
  const samples: Array<readonly [number, number]> = []
  for (let round = 0; round < 300; round++) {
    const start = performance.now()
    write()
    const between = performance.now()
    if (read() !== expected) throw new Error("something else was read than was written")
    samples.push([between - start, performance.now() - between])
  }
  const quartile = (side: 0 | 1) =>
    samples.slice(100).map((sample) => sample[side]).toSorted((a, b) => a - b)[50]! * 1e6 / RECORDS
  return [quartile(0), quartile(1)]
}

const [name] = process.argv.slice(2)
if (name !== undefined) {
  console.log(measure(ways[name]!()).join(" "))
} else {
  const program = fileURLToPath(import.meta.url)
  const figures = Object.keys(ways).map((way) => [way, [] as Array<ReadonlyArray<number>>] as const)
  for (let round = 0; round < 5; round++) {
    for (const [way, of] of figures) {
      const output = execFileSync(process.execPath, ["--conditions=source", program, way], { encoding: "utf8" })
      of.push(output.split(" ").map(Number))
    }
  }
  for (const [way, of] of figures) {
    const [write, read] = [0, 1].map((side) => Math.min(...of.map((figure) => figure[side]!)).toFixed(1))
    console.log(`${way.padEnd(26)} write ${write}  read ${read}`)
  }
}
