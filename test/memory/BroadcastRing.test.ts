import { describe, expect, it } from "vitest"
import { BroadcastReader } from "../../src/memory/BroadcastReader.ts"
import * as BroadcastRing from "../../src/memory/BroadcastRing.ts"
import { BroadcastWriter } from "../../src/memory/BroadcastWriter.ts"
import { CELLS_PER_LINE, cellsOf, MAGIC_CELL } from "../../src/memory/Layout.ts"
import { broadcastRing, CHUNK_WORDS, HEADER_BYTES, MAX_CHUNKS, MAX_OWNER } from "../../src/memory/Layouts.ts"
import { InvalidCapacity, InvalidCommit, InvalidMemory, InvalidOwner } from "../../src/memory/MemoryError.ts"
import { CORRUPT, NONE, RECORD_TOO_LARGE } from "../../src/memory/Ring.ts"
import { put, send } from "../contract/ringContract.ts"
import { seeded } from "./seeded.ts"

const CHUNK = cellsOf(CHUNK_WORDS)

const chunkRow = (chunk: number): number => broadcastRing.descriptorCells + chunk * CELLS_PER_LINE

/** Four chunks of 1 KiB: a payload of 1016 bytes fills one. */
const DIVISION = { capacityBytes: 4096, readers: 2, chunks: 4 }
const FILLS = 1024 - HEADER_BYTES

const ring = (options: BroadcastRing.Options = DIVISION) => {
  const sab = BroadcastRing.create(options)
  const writer = new BroadcastWriter(sab)
  const join = (owner = 1) => {
    const reader = new BroadcastReader(sab, owner)
    expect(reader.join()).toBe(true)
    return reader
  }
  return { sab, cells: new Int32Array(sab), writer, join }
}

const check = (reader: BroadcastReader, offset: number): void => {
  expect(offset % 8).toBe(0)
  for (let i = offset; i < reader.end; i++) {
    if (reader.region.u8[i] !== ((reader.type + i - offset) & 255)) throw new Error(`byte ${i} of ${reader.type}`)
  }
}

/** Everything there is to read, as types; every byte is checked. */
const takeAll = (reader: BroadcastReader): Array<number> => {
  const types: Array<number> = []
  while (reader.poll()) {
    for (let offset = reader.next(); offset !== NONE; offset = reader.next()) {
      if (offset === CORRUPT) throw new Error(`corrupt behind ${String(types)}`)
      check(reader, offset)
      types.push(reader.type)
    }
  }
  return types
}

describe("BroadcastRing capacity", () => {
  it.each([[4096, 1, 4], [4096, 2, 64], [1 << 20, 30, 32], [1 << 16, 3, undefined]])(
    "R01 R16 takes %i bytes for %i readers in %s chunks, and a chunk without a header as the largest record",
    (capacityBytes, readers, chunks) => {
      const { join, sab, writer } = ring({ capacityBytes, readers, chunks })
      const count = new Int32Array(sab)[broadcastRing.cells.chunks]!
      expect(count).toBe(chunks ?? 16)
      expect(writer.capacityBytes).toBe(capacityBytes)
      expect(join().capacityBytes).toBe(capacityBytes)
      expect(writer.region.byteLength).toBe(capacityBytes)
      expect(writer.maxRecordBytes).toBe(capacityBytes / count - HEADER_BYTES)
      expect(sab.byteLength).toBe(256 + (count + readers) * 128 + capacityBytes)
    }
  )

  it.each([0, -4096, 2048, 4095, 5000, NaN, Infinity, 2 ** 30, 2 ** 32])(
    "R01 R16 refuses a capacity of %d bytes and says so",
    (capacityBytes) => {
      const make = () => BroadcastRing.create({ capacityBytes, readers: 1 })
      expect(make).toThrow(InvalidCapacity)
      expect(make).toThrow(`capacityBytes ${capacityBytes}`)
    }
  )

  it.each([0, -1, 1.5, NaN, Infinity, MAX_CHUNKS - 1])("R01 refuses room for %d readers", (readers) => {
    const make = () => BroadcastRing.create({ capacityBytes: 1 << 24, readers })
    expect(make).toThrow(InvalidCapacity)
    expect(make).toThrow(`readers ${readers}`)
  })

  it.each([0, 2, 3, 5, 128, NaN, 2 * MAX_CHUNKS])("R01 refuses to make %d chunks of 4096 bytes", (chunks) => {
    const make = () => BroadcastRing.create({ capacityBytes: 4096, readers: 1, chunks })
    expect(make).toThrow(InvalidCapacity)
    expect(make).toThrow(`chunks ${chunks}`)
  })

  it("R01 refuses fewer chunks than two more than readers", () => {
    expect(() => BroadcastRing.create({ capacityBytes: 4096, readers: 3, chunks: 4 })).toThrow(/readers \+ 2 = 5/)
    expect(ring({ capacityBytes: 4096, readers: 6, chunks: 8 }).writer.maxRecordBytes).toBe(504)
  })

  it("refuses a buffer that is not a ring, and an owner that is no number of a thread", () => {
    expect(() => new BroadcastWriter(new SharedArrayBuffer(64))).toThrow(InvalidMemory)
    expect(() => new BroadcastReader(new SharedArrayBuffer(8192), 1)).toThrow(InvalidMemory)
    const { cells, sab } = ring()
    for (const owner of [0, -1, 1.5, NaN, MAX_OWNER + 1]) {
      expect(() => new BroadcastReader(sab, owner)).toThrow(InvalidOwner)
    }
    cells[broadcastRing.cells.chunks] = 3
    expect(() => new BroadcastReader(sab, 1)).toThrow(/3 chunks/)
    cells[MAGIC_CELL] = 0
    expect(() => new BroadcastWriter(sab)).toThrow(/BCST/)
  })
})

describe("BroadcastRing records", () => {
  it("R16 reads nothing from an empty ring", () => {
    const reader = ring().join()
    expect(reader.isEmpty()).toBe(true)
    expect(reader.poll()).toBe(false)
    expect(reader.next()).toBe(NONE)
    expect(reader.lost).toBe(0)
  })

  it("R16 writes length and type in front of the payload, and the bytes published last", () => {
    const { cells, writer } = ring()
    const published = chunkRow(0) + CHUNK.published
    expect(put(writer, 13, 42)).toBe(8)
    expect([writer.region.i32[0], writer.region.i32[1]]).toEqual([8 + 13, 42])
    expect(cells[published]).toBe(0)
    expect(writer.publish()).toBe(true)
    expect(cells[published]).toBe(24)
    expect(send(writer, 1, 43)).toBe(32)
    expect(cells[published]).toBe(40)
  })

  it("R16 gives each record to every reader, one or two at a time, in order", () => {
    const { join, writer } = ring()
    const [a, b] = [join(1), join(2)]
    send(writer, 5, 1)
    expect(takeAll(a)).toEqual([1])
    send(writer, 0, 2)
    send(writer, 7, 3)
    expect(takeAll(a)).toEqual([2, 3])
    expect(takeAll(b)).toEqual([1, 2, 3])
    expect([a.lost, b.lost, a.isEmpty(), b.isEmpty()]).toEqual([0, 0, true, true])
  })

  it("R13 passes empty records in the smallest ring", () => {
    const { join, writer } = ring({ capacityBytes: 4096, readers: 1, chunks: 64 })
    const reader = join()
    for (let type = 0; type < 1000; type++) {
      send(writer, 0, type)
      expect(takeAll(reader)).toEqual([type])
    }
  })

  it("shows a record only when it is published, and a batch at once, in however many chunks it lies", () => {
    const { join, writer } = ring({ capacityBytes: 4096, readers: 2, chunks: 16 })
    const reader = join()
    send(writer, 100, 0)
    expect(takeAll(reader)).toEqual([0])
    for (let type = 1; type <= 12; type++) put(writer, 100, type)
    writer.claim(100)
    expect(writer.unpublishedRecords).toBe(12)
    expect(reader.isEmpty()).toBe(true)
    expect(reader.poll()).toBe(false)
    expect(writer.publish()).toBe(true)
    expect(writer.publish()).toBe(false)
    expect(writer.unpublishedRecords).toBe(0)
    expect(reader.isEmpty()).toBe(false)
    expect(takeAll(reader)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  })

  it("shows a batch that goes round the whole ring in parts, and says at the end that there was something new", () => {
    const { join, writer } = ring()
    const reader = join()
    for (let type = 0; type < 40; type++) put(writer, FILLS, type)
    expect(writer.publish()).toBe(true)
    expect(reader.lost).toBe(0)
    const types = takeAll(reader)
    expect(types[0]).toBe(0)
    expect(types.at(-1)).toBe(39)
    expect(types.length + reader.lost).toBe(40)
    put(writer, FILLS, 40)
    expect(reader.isEmpty()).toBe(true)
    writer.publish()
    expect(takeAll(reader)).toEqual([40])
  })

  it("R16 goes on in the next chunk with a record that does not fit into the rest of one", () => {
    const { join, writer } = ring()
    const reader = join()
    expect(send(writer, 600, 1)).toBe(8)
    expect(send(writer, 600, 2)).toBe(1024 + 8)
    expect(send(writer, 400, 3)).toBe(1024 + 616)
    expect(send(writer, 0, 4), "to the last byte").toBe(2040 + 8)
    expect(send(writer, 0, 5)).toBe(2048 + 8)
    expect(takeAll(reader)).toEqual([1, 2, 3, 4, 5])
  })

  it("lets the reader stop after any record, and go on later", () => {
    const { join, writer } = ring()
    const reader = join()
    for (let type = 0; type < 4; type++) send(writer, 16, type)
    reader.poll()
    reader.next()
    expect([reader.type, reader.sequence]).toEqual([0, 0])
    expect(reader.isEmpty()).toBe(false)
    reader.release()
    expect(takeAll(reader)).toEqual([1, 2, 3])
    expect(reader.sequence).toBe(3)
  })
})

describe("BroadcastRing claims", () => {
  it("R16 takes the largest record and refuses one byte more, negative sizes and no number", () => {
    const { join, writer } = ring()
    const reader = join()
    expect(send(writer, FILLS, 1)).toBe(8)
    for (const bytes of [FILLS + 1, 4096, 2 ** 31, 2 ** 32 + 8, -1, -(2 ** 31), NaN]) {
      expect(writer.claim(bytes), String(bytes)).toBe(RECORD_TOO_LARGE)
    }
    expect(takeAll(reader)).toEqual([1])
  })

  it("R16 refuses a commit without a claim, after an abort, beyond the claim and with a type that is no Int32", () => {
    const { writer } = ring()
    expect(() => writer.commit(0, 0)).toThrow(InvalidCommit)
    writer.claim(8)
    expect(() => writer.commit(9, 0)).toThrow(InvalidCommit)
    expect(() => writer.commit(8, -1)).toThrow(InvalidCommit)
    expect(() => writer.commit(8, 2 ** 31)).toThrow(InvalidCommit)
    expect(() => writer.commit(NaN, 0)).toThrow(InvalidCommit)
    writer.commit(8, 5)
    expect(() => writer.commit(8, 5)).toThrow(/commit without a claim/)
    writer.claim(8)
    writer.abort()
    expect(() => writer.commit(8, 5)).toThrow(InvalidCommit)
    writer.claim(4096)
    expect(() => writer.commit(0, 5)).toThrow(InvalidCommit)
  })

  it("shows nothing of a claim that was given up, also when it needed a new chunk", () => {
    const { join, writer } = ring()
    const reader = join()
    send(writer, 600, 1)
    expect(writer.claim(600)).toBe(1024 + 8)
    writer.abort()
    writer.abort()
    expect(writer.publish()).toBe(false)
    expect(writer.claim(600)).toBe(1024 + 8)
    expect(send(writer, 100, 2), "takes the place of the one before").toBe(616)
    expect(takeAll(reader)).toEqual([1, 2])
    expect(send(writer, 600, 3)).toBe(1024 + 8)
    expect(takeAll(reader)).toEqual([3])
  })

  it("gives back what a record did not use of its claim", () => {
    const { join, writer } = ring()
    const reader = join()
    expect(put(writer, 5, 1, 1000)).toBe(8)
    expect(put(writer, 5, 2, 500)).toBe(8 + 16)
    writer.publish()
    expect(takeAll(reader)).toEqual([1, 2])
  })
})

describe("BroadcastRing readers", () => {
  it("R16 starts late joiners behind the last published record", () => {
    const { join, writer } = ring()
    for (let type = 0; type < 7; type++) send(writer, 300, type)
    put(writer, 300, 7)
    const reader = join()
    expect(reader.poll()).toBe(false)
    writer.publish()
    send(writer, 300, 8)
    expect(takeAll(reader)).toEqual([7, 8])
    expect([reader.lost, reader.sequence]).toEqual([0, 8])
  })

  it("R16 R15 tells a reader exactly what was overwritten before it came there, and goes on with the newest chunk", () => {
    const { join, writer } = ring()
    const reader = join()
    for (let type = 0; type < 4; type++) send(writer, 500, type)
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(8)
    for (let type = 4; type < 100; type++) send(writer, 500, type)
    expect(takeAll(reader), "the rest of the chunk it stands in stays").toEqual([1, 98, 99])
    expect(reader.lost).toBe(96)
    send(writer, 500, 100)
    expect(takeAll(reader)).toEqual([100])
    expect(reader.lost).toBe(96)
  })

  it("R16 leaves what a reader was given in place while the writer goes round the ring", () => {
    const { join, writer } = ring()
    const [a, b] = [join(1), join(2)]
    send(writer, FILLS, 1)
    a.poll()
    const first = a.next()
    send(writer, FILLS, 2)
    expect(takeAll(b)).toEqual([1, 2])
    for (let type = 3; type < 1000; type++) {
      send(writer, FILLS, type)
      check(a, first)
    }
    expect(takeAll(a)).toEqual([999])
    expect(a.lost).toBe(997)
    expect(takeAll(b)).toEqual([999])
    expect(b.lost).toBe(996)
  })

  it("R16 does not lap a reader that keeps up, however often the writer goes round", () => {
    const { join, writer } = ring()
    const reader = join()
    const random = seeded(3)
    for (let type = 0; type < 5000; type++) {
      send(writer, random(900), type)
      expect(takeAll(reader)).toEqual([type])
    }
    expect(reader.lost).toBe(0)
  })

  it("has no more places than it was made for, gives one up at once, and reads nothing without one", () => {
    const { join, sab, writer } = ring()
    const [a] = [join(1), join(1)]
    const third = new BroadcastReader(sab, 2)
    expect(third.join()).toBe(false)
    send(writer, 8, 1)
    expect([third.poll(), third.isEmpty(), third.next()]).toEqual([false, true, NONE])
    expect(a.join(), "has joined before").toBe(true)
    expect(takeAll(a)).toEqual([1])
    a.leave()
    a.leave()
    expect([a.poll(), a.isEmpty(), a.next()]).toEqual([false, true, NONE])
    expect(third.join()).toBe(true)
    send(writer, 8, 2)
    expect(takeAll(third)).toEqual([2])
    expect(a.join()).toBe(false)
    third.leave()
    expect(a.join()).toBe(true)
    send(writer, 8, 3)
    expect(takeAll(a)).toEqual([3])
  })

  it("loses nothing and doubles nothing with readers that come, go, stand still and read at random", () => {
    let lost = 0
    for (let seed = 1; seed <= 60; seed++) {
      const random = seeded(seed)
      const { cells, sab, writer } = ring({ capacityBytes: 4096, readers: 3, chunks: [8, 16, 64][seed % 3]! })
      // Near the wrap-around of generations and of the low half of the record numbers.
      const start = 2 ** 32 * 5 - 1 - random(300)
      cells[chunkRow(0) + CHUNK.generation] = -random(40) - 1
      cells[chunkRow(0) + CHUNK.firstLow] = start | 0
      cells[chunkRow(0) + CHUNK.firstHigh] = 4
      let end = new BroadcastWriter(sab)
      const most = Math.min(200, writer.maxRecordBytes)
      const readers = [1, 2, 3].map((owner) => ({
        reader: new BroadcastReader(sab, owner),
        from: -1,
        seen: 0,
        last: -1
      }))
      let committed = 0
      let published = 0
      for (let turn = 0; turn < 2000; turn++) {
        const one = readers[random(3)]!
        const { reader } = one
        switch (random(12)) {
          case 0:
            if (one.from >= 0) break
            expect(reader.join()).toBe(true)
            Object.assign(one, { from: published, seen: 0, last: published - 1 })
            break
          case 1:
            if (random(8) > 0) break
            reader.leave()
            one.from = -1
            break
          case 2:
            end.claim(random(most))
            if (random(2) === 0) end.abort()
            break
          case 3:
          case 4:
            end.publish()
            published = committed
            break
          case 5:
            if (random(10) > 0) break
            // Another writer goes on behind what is published.
            end.publish()
            published = committed
            end.claim(random(most))
            end = new BroadcastWriter(sab)
            break
          case 6:
          case 7:
          case 8:
            put(end, random(most), committed++)
            break
          default:
            for (let polls = random(4); polls > 0 && reader.poll(); polls--) {
              for (let left = random(20); left > 0; left--) {
                const offset = reader.next()
                if (offset === NONE) break
                check(reader, offset)
                expect(reader.type).toBeGreaterThan(one.last)
                expect(reader.type).toBeLessThan(committed)
                expect(reader.sequence).toBe(start + reader.type)
                one.seen++
                one.last = reader.type
                expect(one.seen + reader.lost).toBe(one.last + 1 - one.from)
              }
            }
        }
      }
      end.publish()
      for (const one of readers) {
        if (one.from < 0) continue
        one.seen += takeAll(one.reader).length
        expect(one.seen + one.reader.lost).toBe(committed - one.from)
        lost += one.reader.lost
      }
    }
    expect(lost).toBeGreaterThan(1000)
  })
})

describe("BroadcastRing with damaged memory", () => {
  it.each([0, 7, -1, -2147483648, 2147483647, 1024, 65])(
    "answers CORRUPT to a record of length %i, stays there until resync, and counts what was skipped",
    (length) => {
      const { join, writer } = ring()
      const reader = join()
      for (let type = 0; type < 4; type++) put(writer, 8, type)
      writer.publish()
      writer.region.i32[4] = length
      expect(reader.poll()).toBe(true)
      expect([reader.next(), reader.next(), reader.next()]).toEqual([8, CORRUPT, CORRUPT])
      expect([reader.poll(), reader.next(), reader.isEmpty()]).toEqual([true, CORRUPT, false])
      reader.resync()
      expect([reader.next(), reader.poll(), reader.isEmpty(), reader.lost]).toEqual([NONE, false, true, 0])
      send(writer, 8, 4)
      send(writer, FILLS, 5)
      expect(takeAll(reader)).toEqual([4, 5])
      expect(reader.lost).toBe(3)
    }
  )

  it.each([-1, 4, 2, 25, 1032, -8, 2147483640])("does not follow published bytes of %i", (published) => {
    const { cells, join, writer } = ring()
    const reader = join()
    send(writer, 24, 1)
    cells[chunkRow(0) + CHUNK.published] = published
    expect([reader.poll(), reader.next()]).toEqual([true, CORRUPT])
    reader.resync()
    send(writer, 8, 2)
    while (reader.poll()) {
      for (let offset = reader.next(); offset !== NONE; offset = reader.next()) if (offset < 0) reader.resync()
    }
    send(writer, 8, 3)
    expect(takeAll(reader)).toEqual([3])
  })

  it.each([-1, 4, 1 << 20, 0])("does not follow a link to chunk %i", (next) => {
    const { cells, join, writer } = ring()
    const reader = join()
    send(writer, FILLS, 1)
    send(writer, FILLS, 2)
    send(writer, FILLS, 3)
    cells[chunkRow(0) + CHUNK.next] = next
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(8)
    expect(reader.poll()).toBe(true)
    expect([reader.next(), reader.next()]).toEqual([CORRUPT, CORRUPT])
    reader.resync()
    expect(takeAll(reader)).toEqual([3])
    expect(reader.lost).toBe(1)
  })

  it.each([-1, 4, 2, 3])(
    "does not follow a newest chunk of %i, and goes on when the writer has repaired it",
    (current) => {
      const { cells, join, sab, writer } = ring()
      const reader = join()
      send(writer, FILLS, 1)
      send(writer, FILLS, 2)
      cells[chunkRow(1) + CHUNK.generation] = 0
      cells[broadcastRing.cells.current] = current
      reader.poll()
      expect(reader.next()).toBe(8)
      expect([reader.poll(), reader.next()]).toEqual([true, CORRUPT])
      reader.resync()
      expect([reader.poll(), reader.next(), reader.isEmpty()]).toEqual([true, CORRUPT, false])
      const late = new BroadcastReader(sab, 2)
      if (current < 0 || current > 3) {
        expect(late.join()).toBe(true)
        expect([late.poll(), late.next()]).toEqual([true, CORRUPT])
      }
      send(writer, FILLS, 3)
      reader.resync()
      expect(takeAll(reader)).toEqual([3])
      expect(reader.lost).toBe(1)
    }
  )

  it("refuses to write on from words that make no sense", () => {
    const damaged = (change: (cells: Int32Array, words: Int32Array) => void) => () => {
      const { cells, sab, writer } = ring()
      send(writer, FILLS, 1)
      send(writer, 16, 2)
      change(cells, writer.region.i32)
      return new BroadcastWriter(sab)
    }
    expect(damaged(() => {})().claim(8)).toBe(1024 + 24 + 8)
    expect(damaged((cells) => cells[broadcastRing.cells.current] = 9)).toThrow(/newest chunk is 9/)
    expect(damaged((cells) => cells[chunkRow(1) + CHUNK.published] = 12)).toThrow(/12 of 1024 bytes/)
    expect(damaged((cells) => cells[chunkRow(1) + CHUNK.published] = 25)).toThrow(InvalidMemory)
    expect(damaged((_, words) => words[256] = 5)).toThrow(/record 0 of chunk 1/)
  })

  it("never hands out a byte outside of the published part, whatever is in it", () => {
    let corrupt = 0
    let records = 0
    for (let seed = 1; seed <= 600; seed++) {
      const random = seeded(seed)
      const { cells, join, writer } = ring({ capacityBytes: 4096, readers: 2, chunks: 8 })
      const reader = join()
      for (let sent = random(20); sent > 0; sent--) put(writer, random(500), random(1000))
      writer.publish()
      for (let hits = random(8); hits > 0; hits--) {
        const value = random(3) === 0 ? random(520) : (random(1 << 16) << 16) | random(1 << 16)
        if (random(2) === 0) writer.region.i32[random(1024)] = value
        else cells[[chunkRow(random(8)) + random(5), broadcastRing.cells.current][random(2)]!] = value
      }
      for (let polls = 0; polls < 20 && reader.poll(); polls++) {
        let last = -1
        for (let offset = reader.next(); offset !== NONE; offset = reader.next()) {
          if (offset === CORRUPT) {
            corrupt++
            reader.resync()
            break
          }
          records++
          expect(offset).toBeGreaterThan(last)
          expect(reader.end).toBeGreaterThanOrEqual(offset)
          expect((offset - 8) >> 9, "within one chunk").toBe((reader.end - 1) >> 9)
          expect(reader.type).toBeGreaterThanOrEqual(0)
          last = offset
        }
        expect(reader.lost).toBeGreaterThanOrEqual(0)
      }
    }
    expect(corrupt).toBeGreaterThan(100)
    expect(records).toBeGreaterThan(1000)
  })
})
