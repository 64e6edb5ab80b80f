import { describe, expect, it } from "vitest"
import { HEADER_BYTES, PADDING_TYPE, spscRing } from "../../src/memory/Layouts.ts"
import { InvalidMemory } from "../../src/memory/MemoryError.ts"
import { CORRUPT, NONE, RING_FULL } from "../../src/memory/Ring.ts"
import { countUnread, unreadBytes } from "../../src/memory/SpscRecovery.ts"
import * as SpscRing from "../../src/memory/SpscRing.ts"
import { SpscReader, SpscWriter } from "../../src/memory/SpscRing.ts"
import { advanceTo, CAPACITY, holdAt, put, ringContract, send, take, takeAll } from "../contract/ringContract.ts"
import { seeded } from "./seeded.ts"

const TAIL_CELL = spscRing.cells.tail
const HEAD_CELL = spscRing.cells.head
const BASE_CELL = spscRing.cells.base
/** What a pair that keeps up uses of the data. */
const WINDOW = 16 * 1024 - spscRing.descriptorBytes

ringContract({
  name: "SpscRing",
  create: SpscRing.create,
  writer: (sab) => new SpscWriter(sab),
  reader: (sab) => new SpscReader(sab),
  countUnread,
  unreadBytes,
  grainBytes: 8,
  tooLarge: [2 ** 30, 2 ** 32],
  nearWrap: [0x7fffffff & -8, 0x7ffff000, -4096, -8, -(2 ** 31)],
  abortsTracelessly: true
})

const pair = (startPosition = 0, capacityBytes = CAPACITY) => {
  const sab = SpscRing.create(capacityBytes, startPosition)
  return { sab, cells: new Int32Array(sab), writer: new SpscWriter(sab), reader: new SpscReader(sab) }
}

describe("SpscRing memory", () => {
  it("refuses a buffer whose positions are not multiples of 8", () => {
    const { cells, sab } = pair()
    cells[TAIL_CELL] = 4
    expect(() => new SpscWriter(sab)).toThrow(InvalidMemory)
    expect(() => new SpscWriter(sab)).toThrow(/multiple of 8/)
  })

  it("R02 writes the length and the type in front of the payload, and the tail last", () => {
    const { cells, writer } = pair()
    const offset = put(writer, 13, 42)
    expect(offset).toBe(8)
    expect(writer.region.i32[0]).toBe(8 + 13)
    expect(writer.region.i32[1]).toBe(42)
    expect(cells[TAIL_CELL]).toBe(0)
    expect(writer.publish()).toBe(true)
    expect(cells[TAIL_CELL]).toBe(24)
  })
})

describe("SpscRing publication", () => {
  it("R06 does not see a record that is committed and not published", () => {
    const { reader, writer } = pair()
    put(writer, 8, 1)
    expect(reader.poll()).toBe(false)
    expect(reader.isEmpty()).toBe(true)
    writer.publish()
    expect(takeAll(reader)).toEqual([[1, 8]])
  })

  it("publishes a batch at once and counts what is not published", () => {
    const { reader, writer } = pair()
    for (let i = 0; i < 5; i++) put(writer, 8, i)
    expect(writer.unpublishedRecords).toBe(5)
    expect(reader.poll()).toBe(false)
    expect(writer.publish()).toBe(true)
    expect(writer.unpublishedRecords).toBe(0)
    expect(writer.publish()).toBe(false)
    expect(takeAll(reader)).toHaveLength(5)
  })

  it("sees in one drain only what was published before the poll", () => {
    const { reader, writer } = pair()
    send(writer, 8, 1)
    reader.poll()
    send(writer, 8, 2)
    expect(take(reader)).toEqual([1, 8])
    expect(take(reader)).toBe(NONE)
    expect(reader.isEmpty()).toBe(false)
    expect(takeAll(reader)).toEqual([[2, 8]])
  })

  it("hands padding out only together with the record behind it", () => {
    const { reader, writer } = pair()
    holdAt(writer, reader, CAPACITY - 16)
    writer.claim(500)
    writer.publish()
    expect(reader.isEmpty()).toBe(true)
    writer.commit(500, 3)
    expect(reader.isEmpty()).toBe(true)
    writer.publish()
    expect(unreadBytes(writer.region.buffer as SharedArrayBuffer)).toBe(8 + 16 + 512)
  })
})

describe("SpscRing claims", () => {
  it("gives back what a record did not use of its claim", () => {
    const { reader, writer } = pair()
    expect(put(writer, 5, 1, 1000)).toBe(8)
    expect(put(writer, 5, 2, 1000)).toBe(8 + 16)
    writer.publish()
    expect(takeAll(reader)).toEqual([[1, 5], [2, 5]])
  })

  it("R11 leaves nothing behind after an abort, at the physical end too", () => {
    const { cells, reader, writer } = pair()
    holdAt(writer, reader, CAPACITY - 64)
    const before = [...cells]
    expect(writer.claim(16)).toBe(CAPACITY - 64 + 8)
    writer.abort()
    expect(writer.claim(100)).toBe(8)
    writer.abort()
    writer.abort()
    expect(writer.publish()).toBe(false)
    expect(reader.poll()).toBe(false)
    expect(cells[TAIL_CELL]).toBe(before[TAIL_CELL])
    expect(send(writer, 16, 9)).toBe(CAPACITY - 64 + 8)
    expect(takeAll(reader)).toEqual([[9, 16]])
  })

  it("R04 fills the distance to the end with padding of that length", () => {
    for (let distance = 8; distance <= 1024; distance += 8) {
      const { reader, writer } = pair()
      holdAt(writer, reader, CAPACITY - distance)
      expect(send(writer, distance, 1)).toBe(8)
      expect(writer.region.i32[(CAPACITY - distance) >> 2]).toBe(distance)
      expect(writer.region.i32[((CAPACITY - distance) >> 2) + 1]).toBe(PADDING_TYPE)
    }
  })

  it("R10 returns the offset after the padding, a multiple of 8", () => {
    const { reader, writer } = pair()
    holdAt(writer, reader, CAPACITY - 8)
    expect(writer.claim(0)).toBe(CAPACITY)
    expect(writer.claim(1)).toBe(8)
  })
})

describe("SpscRing that begins anew", () => {
  /** Sends so many records of 24 bytes, which are read after each `batch` of them; the highest byte used. */
  const keepUp = (writer: SpscWriter, reader: SpscReader, records: number, batch: number): number => {
    let highest = 0
    for (let sent = 0; sent < records;) {
      for (let i = 0; i < batch; i++) highest = Math.max(highest, put(writer, 16, sent++ & 0xffff) + 16)
      writer.publish()
      expect(takeAll(reader)).toHaveLength(batch)
    }
    return highest
  }

  it.each([1, 7, 100])("uses the same first bytes while the reader keeps up, with %i records a batch", (batch) => {
    const { reader, sab, writer } = pair(0x7fff_f000, 1 << 20)
    expect(keepUp(writer, reader, 6_000, batch)).toBeLessThanOrEqual(WINDOW + batch * 24)
    // Bytes that were never written take no memory.
    const beyond = new Uint8Array(sab, spscRing.descriptorBytes + WINDOW + batch * 24)
    expect(beyond.every((byte) => byte === 0)).toBe(true)
  })

  it("takes a burst as large as the ring, from wherever it stands, and is back at the start soon after", () => {
    const { reader, writer } = pair(0, 1 << 16)
    for (let round = 0; round < 12; round++) {
      keepUp(writer, reader, round * 37, 1)
      let sent = 0
      while (put(writer, 0, sent) >= 0) sent++
      expect(sent).toBe((1 << 16) / 8)
      writer.publish()
      expect(takeAll(reader)).toHaveLength(sent)
      expect(put(writer, 8, 1)).toBe(8)
      writer.publish()
      expect(takeAll(reader)).toEqual([[1, 8]])
    }
  })

  it("goes on behind what is not released, or not published", () => {
    const { reader, writer } = pair()
    holdAt(writer, reader, CAPACITY - 1024)
    expect(send(writer, 1016, 2), "read, but not released").toBe(CAPACITY - 1024 + 8)
    reader.release()
    expect(takeAll(reader)).toEqual([[2, 1016]])
    expect(put(writer, 8, 3)).toBe(8)
    writer.publish()
    expect(takeAll(reader)).toEqual([[3, 8]])
    for (let i = 0; i < 3; i++) expect(put(writer, 1016, i)).toBe(16 + 1024 * i + 8)
    expect(put(writer, 1016, 3), "not published").toBe(-1)
    writer.publish()
    expect(takeAll(reader)).toEqual([[0, 1016], [1, 1016], [2, 1016]])
  })

  it("looks whether it can with the first record behind the window, and with later batches now and then", () => {
    const { reader, writer } = pair(0, 1 << 16)
    while (put(writer, 1016, 1) < WINDOW);
    writer.publish()
    expect(send(writer, 1016, 2), "a batch that waits to be read").toBeGreaterThan(WINDOW)
    expect(takeAll(reader).length).toBeGreaterThan(15)
    const offsets = Array.from({ length: 5 }, (_, i) => {
      const offset = send(writer, 1016, i)
      expect(takeAll(reader)).toEqual([[i, 1016]])
      return offset
    })
    expect(offsets).toContain(8)
  })

  it("takes the largest record where it is larger than the window", () => {
    const { reader, writer } = pair(0, 1 << 20)
    for (let i = 0; i < 20; i++) {
      expect(send(writer, 1 << 18, i)).toBe(8)
      expect(takeAll(reader)).toEqual([[i, 1 << 18]])
      send(writer, 8, i)
      expect(takeAll(reader)).toEqual([[i, 8]])
    }
  })

  it("R14 R18 is where its writer or its reader was for who comes after them", () => {
    const { sab } = pair(0x7fff_fff0)
    let writer = new SpscWriter(sab)
    let reader = new SpscReader(sab)
    const random = seeded(5)
    let sent = 0
    let received = 0
    for (let round = 0; round < 2000; round++) {
      // One that has begun anew and dies before it publishes has changed nothing.
      if (random(3) === 0) new SpscWriter(sab).claim(100)
      writer = new SpscWriter(sab)
      if (random(3) === 0) reader = new SpscReader(sab)
      for (let i = random(6); i > 0; i--) if (send(writer, random(900), sent) >= 0) sent++
      if (random(3) > 0) { for (const [type] of takeAll(reader)) expect(type).toBe(received++) }
    }
    for (const [type] of takeAll(reader)) expect(type).toBe(received++)
    expect(received).toBe(sent)
    expect(sent).toBeGreaterThan(3000)
  })
})

describe("SpscRing after a death", () => {
  it("R14 R18 R19 keeps nothing of a writer that died in a claim, in padding, or before publishing", () => {
    const { reader, sab, writer } = pair()
    advanceTo(writer, reader, CAPACITY - 24)
    send(writer, 4, 1)
    put(writer, 300, 2)
    writer.claim(100)
    // The writer is gone here; what it had not published never existed and blocks nobody.
    expect(takeAll(reader)).toEqual([[1, 4]])
    expect(reader.isEmpty()).toBe(true)
    const successor = new SpscWriter(sab)
    send(successor, 200, 3)
    expect(takeAll(reader)).toEqual([[3, 200]])
  })
})

describe("SpscRing with damaged memory", () => {
  it.each([[-2, 16], [-2147483648, 16], [PADDING_TYPE, 16], [PADDING_TYPE, CAPACITY], [PADDING_TYPE, -8]])(
    "answers CORRUPT to type %i with length %i where no padding can be",
    (type, length) => {
      const { reader, writer } = pair()
      send(writer, 8, 1)
      send(writer, 8, 1)
      writer.region.i32[0] = length
      writer.region.i32[1] = type
      expect(reader.poll()).toBe(true)
      expect(reader.next()).toBe(CORRUPT)
    }
  )

  it("answers CORRUPT to padding with nothing published behind it", () => {
    const { cells, reader, writer } = pair()
    holdAt(writer, reader, CAPACITY - 16)
    send(writer, 100, 1)
    cells[TAIL_CELL] = CAPACITY
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(CORRUPT)
  })

  it.each([1, 4, -8, CAPACITY + 8, 2147483640, -2147483648])("does not follow a tail moved by %i", (delta) => {
    const { cells, reader, writer } = pair()
    send(writer, 8, 1)
    const tail = cells[TAIL_CELL]!
    cells[TAIL_CELL] = (delta < 0 ? 0 : tail) + delta
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(CORRUPT)
    expect(reader.resync()).toBe(0)
    send(writer, 8, 2)
    expect(takeAll(reader), "the next publication repairs the tail").toEqual([[1, 8], [2, 8]])
  })

  it.each([-8, 4, 8 + CAPACITY, -2147483648, 2147483640])("takes a head of %i for a full ring", (head) => {
    const { cells, reader, writer } = pair()
    send(writer, 1000, 1)
    send(writer, 1000, 2)
    send(writer, 1000, 3)
    send(writer, 1000, 4)
    cells[HEAD_CELL] = head === -8 ? CAPACITY + 8 : head
    expect(writer.claim(1000)).toBe(RING_FULL)
    expect(writer.usedBytes()).toBeGreaterThanOrEqual(0)
    expect(writer.usedBytes()).toBeLessThanOrEqual(CAPACITY)
    expect(takeAll(reader)).toHaveLength(4)
  })

  it.each([1, 4, -8, 8, CAPACITY, 2147483640, -2147483648])("does not follow a base moved by %i", (delta) => {
    const { cells, reader, writer } = pair()
    send(writer, 8, 1)
    expect(takeAll(reader)).toEqual([[1, 8]])
    send(writer, 8, 2)
    cells[BASE_CELL] = delta
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(CORRUPT)
    expect(reader.isEmpty()).toBe(false)
    expect(reader.resync(), "where it ends is known").toBe(16)
    reader.release()
    expect(writer.usedBytes()).toBe(0)
    while (send(writer, 1000, 3) !== 8) {
      expect(reader.poll()).toBe(true)
      expect(reader.next()).toBe(CORRUPT)
      expect(reader.resync()).toBe(1008)
      reader.release()
    }
    expect(takeAll(reader), "a writer that begins anew repairs it").toEqual([[3, 1000]])
  })

  it("refuses a buffer whose base is not a multiple of 8", () => {
    const { cells, sab } = pair()
    cells[BASE_CELL] = 4
    expect(() => new SpscReader(sab)).toThrow(InvalidMemory)
    expect(() => new SpscWriter(sab)).toThrow(/multiple of 8/)
  })

  it("does not read on where a head that no reader has stored let the writer begin anew", () => {
    const { cells, reader, writer } = pair()
    advanceTo(writer, reader, CAPACITY - 512)
    send(writer, 100, 1)
    cells[HEAD_CELL] = cells[TAIL_CELL]!
    expect(send(writer, 1000, 2)).toBe(8)
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(CORRUPT)
    expect(reader.resync()).toBe(112 + 1008)
  })

  it("stays where the tail is damaged when the base is skipped", () => {
    const { cells, reader, writer } = pair()
    send(writer, 8, 1)
    cells[BASE_CELL] = 8
    expect(reader.poll()).toBe(true)
    cells[TAIL_CELL] = -8
    expect(reader.resync()).toBe(0)
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(CORRUPT)
  })

  it("never hands out a byte outside of the published part, whatever is in it", () => {
    let corrupt = 0
    let records = 0
    for (let seed = 1; seed <= 400; seed++) {
      const random = seeded(seed)
      const { reader, sab, writer } = pair(random(1 << 28) * 8)
      advanceTo(writer, reader, random(512) * 8)
      const cells = new Int32Array(sab)
      const start = cells[HEAD_CELL]!
      while (random(12) > 0 && put(writer, random(900), random(1000)) >= 0);
      writer.publish()
      const published = writer.usedBytes()
      const words = writer.region.i32
      for (let hits = random(6); hits >= 0; hits--) {
        words[random(words.length)] = random(3) === 0 ? random(4200) : (random(1 << 16) << 16) | random(1 << 16)
      }
      const place = start - cells[BASE_CELL]!
      if (random(5) === 0) cells[TAIL_CELL] = (random(1 << 16) << 16) | random(1 << 16)
      if (random(5) === 0) cells[BASE_CELL] = (random(1 << 16) << 16) | random(1 << 16)
      const tail = (cells[TAIL_CELL]! - start) | 0
      let last = 0
      if (!reader.poll()) continue
      for (let offset = reader.next(); offset !== NONE; offset = reader.next()) {
        if (offset === CORRUPT) {
          corrupt++
          expect(reader.next()).toBe(CORRUPT)
          expect(reader.resync()).toBeLessThanOrEqual(CAPACITY)
          break
        }
        records++
        const from = (offset - HEADER_BYTES - place) & (CAPACITY - 1)
        expect(offset).toBeGreaterThanOrEqual(HEADER_BYTES)
        expect(reader.end).toBeGreaterThanOrEqual(offset)
        expect(reader.end).toBeLessThanOrEqual(CAPACITY)
        expect(from).toBeGreaterThanOrEqual(last)
        expect(from + reader.end - offset + HEADER_BYTES).toBeLessThanOrEqual(Math.min(CAPACITY, tail))
        expect(reader.type).toBeGreaterThanOrEqual(0)
        last = from
      }
      reader.release()
      expect(unreadBytes(sab)).toBeLessThanOrEqual(CAPACITY)
      expect(published).toBeLessThanOrEqual(CAPACITY)
    }
    expect(corrupt).toBeGreaterThan(30)
    expect(records).toBeGreaterThan(500)
  })
})
