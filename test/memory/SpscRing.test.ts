import { describe, expect, it } from "vitest"
import { MAGIC_CELL } from "../../src/memory/Layout.ts"
import { HEADER_BYTES, PADDING_TYPE, spscRing } from "../../src/memory/Layouts.ts"
import { InvalidCapacity, InvalidCommit, InvalidMemory } from "../../src/memory/MemoryError.ts"
import { CORRUPT, NONE, RECORD_TOO_LARGE, RING_FULL } from "../../src/memory/Ring.ts"
import { countUnread, unreadBytes } from "../../src/memory/SpscRecovery.ts"
import * as SpscRing from "../../src/memory/SpscRing.ts"
import { SpscReader, SpscWriter } from "../../src/memory/SpscRing.ts"
import { seeded } from "./seeded.ts"

const CAPACITY = 4096
const TAIL_CELL = spscRing.cells.tail
const HEAD_CELL = spscRing.cells.head
const DATA_OFFSET = spscRing.descriptorBytes

const pair = (capacityBytes = CAPACITY, startPosition = 0) => {
  const sab = SpscRing.create(capacityBytes, startPosition)
  return { sab, cells: new Int32Array(sab), writer: new SpscWriter(sab), reader: new SpscReader(sab) }
}

/** Claims, fills every byte from `seed`, commits; the result of the claim. */
const put = (writer: SpscWriter, payloadBytes: number, type: number, claimBytes = payloadBytes): number => {
  const offset = writer.claim(claimBytes)
  if (offset < 0) return offset
  for (let i = 0; i < payloadBytes; i++) writer.region.u8[offset + i] = (type + i) & 255
  writer.commit(payloadBytes, type)
  return offset
}

const send = (writer: SpscWriter, payloadBytes: number, type: number): number => {
  const offset = put(writer, payloadBytes, type)
  writer.publish()
  return offset
}

/** Takes the next record and checks every byte of it: `[type, payload bytes]`, or the sentinel. */
const take = (reader: SpscReader): readonly [number, number] | number => {
  const offset = reader.next()
  if (offset < 0) return offset
  expect(offset % 8).toBe(0)
  const payloadBytes = reader.end - offset
  for (let i = 0; i < payloadBytes; i++) {
    if (reader.region.u8[offset + i] !== ((reader.type + i) & 255)) throw new Error(`byte ${i} of ${reader.type}`)
  }
  return [reader.type, payloadBytes]
}

const takeAll = (reader: SpscReader): Array<readonly [number, number]> => {
  const records: Array<readonly [number, number]> = []
  if (reader.poll()) {
    for (let record = take(reader); typeof record !== "number"; record = take(reader)) records.push(record)
  }
  reader.release()
  return records
}

/** Moves both ends so that the next record starts `bytes` from the start of the data. */
const advanceTo = (writer: SpscWriter, reader: SpscReader, bytes: number): void => {
  for (let at = 0; at < bytes;) {
    const step = Math.min(bytes - at, 512)
    send(writer, step - HEADER_BYTES, 0)
    takeAll(reader)
    at += step
  }
}

describe("SpscRing capacity", () => {
  it.each([4096, 8192, 1 << 20])(
    "R01 takes a capacity of %i bytes, and a quarter of it as the largest record",
    (capacityBytes) => {
      const { reader, sab, writer } = pair(capacityBytes)
      expect(writer.capacityBytes).toBe(capacityBytes)
      expect(reader.capacityBytes).toBe(capacityBytes)
      expect(writer.maxRecordBytes).toBe(capacityBytes / 4)
      expect(writer.region.byteLength).toBe(capacityBytes)
      expect(sab.byteLength).toBe(capacityBytes + DATA_OFFSET)
    }
  )

  it.each([0, -4096, 2048, 4095, 5000, 4096.5, NaN, Infinity, 2 ** 30, 2 ** 32])(
    "R01 refuses a capacity of %d bytes and says so",
    (capacityBytes) => {
      let thrown: unknown
      try {
        SpscRing.create(capacityBytes)
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(InvalidCapacity)
      expect(thrown).toMatchObject({ _tag: "InvalidCapacity", option: "capacityBytes", value: capacityBytes })
      expect(String(thrown)).toContain(String(capacityBytes))
    }
  )

  it("refuses a buffer that is not a ring", () => {
    expect(() => new SpscWriter(new SharedArrayBuffer(64))).toThrow(InvalidMemory)
    expect(() => new SpscReader(new SharedArrayBuffer(8192))).toThrow(InvalidMemory)
    const { cells, sab } = pair()
    cells[TAIL_CELL] = 4
    expect(() => new SpscWriter(sab)).toThrow(/multiple of 8/)
    cells[MAGIC_CELL + 2] = 1 << 20
    expect(() => unreadBytes(sab)).toThrow(/1048576/)
    cells[MAGIC_CELL + 1] = 99
    expect(() => countUnread(sab)).toThrow(/version 99/)
  })
})

describe("SpscRing records", () => {
  it("R06 reads nothing from an empty ring", () => {
    const { reader } = pair()
    expect(reader.isEmpty()).toBe(true)
    expect(reader.poll()).toBe(false)
    expect(reader.next()).toBe(NONE)
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

  it("R06 does not see a record before it is published", () => {
    const { reader, writer } = pair()
    writer.claim(8)
    expect(reader.poll()).toBe(false)
    writer.commit(8, 1)
    expect(reader.poll()).toBe(false)
    expect(reader.isEmpty()).toBe(true)
    writer.publish()
    expect(reader.isEmpty()).toBe(false)
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(8)
  })

  it("R06 reads two records in order", () => {
    const { reader, writer } = pair()
    send(writer, 5, 1)
    send(writer, 0, 2)
    expect(takeAll(reader)).toEqual([[1, 5], [2, 0]])
    expect(reader.isEmpty()).toBe(true)
  })

  it("R06 lets the reader stop after any record and go on later", () => {
    const { reader, writer } = pair()
    for (let i = 0; i < 4; i++) send(writer, 16, i)
    reader.poll()
    expect(take(reader)).toEqual([0, 16])
    reader.release()
    expect(writer.usedBytes()).toBe(3 * 24)
    expect(reader.isEmpty()).toBe(false)
    expect(takeAll(reader)).toEqual([[1, 16], [2, 16], [3, 16]])
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

  it("R13 passes empty records, as many as headers fit", () => {
    const { reader, writer } = pair()
    let sent = 0
    while (send(writer, 0, sent) >= 0) sent++
    expect(sent).toBe(CAPACITY / 8)
    expect(takeAll(reader)).toHaveLength(sent)
  })

  it("passes every type from 0 to the largest Int32", () => {
    const { reader, writer } = pair()
    for (const type of [0, 1, 255, 65536, 0x7fffffff]) send(writer, 3, type)
    expect(takeAll(reader).map(([type]) => type)).toEqual([0, 1, 255, 65536, 0x7fffffff])
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
    advanceTo(writer, reader, CAPACITY - 64)
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

  it("lets a new claim take the place of one that was not committed", () => {
    const { reader, writer } = pair()
    expect(writer.claim(500)).toBe(8)
    expect(send(writer, 4, 3)).toBe(8)
    expect(takeAll(reader)).toEqual([[3, 4]])
  })

  it("R11 refuses a commit without a claim, twice, after an abort, beyond the claim and with a negative type", () => {
    const { reader, writer } = pair()
    expect(() => writer.commit(0, 0)).toThrow(InvalidCommit)
    writer.claim(8)
    expect(() => writer.commit(9, 0)).toThrow(/9 payload bytes/)
    expect(() => writer.commit(-1, 0)).toThrow(InvalidCommit)
    expect(() => writer.commit(NaN, 0)).toThrow(InvalidCommit)
    expect(() => writer.commit(8, -1)).toThrow(InvalidCommit)
    expect(() => writer.commit(8, 2 ** 31)).toThrow(InvalidCommit)
    writer.commit(8, 5)
    expect(() => writer.commit(8, 5)).toThrow(/commit without a claim/)
    writer.claim(8)
    writer.abort()
    expect(() => writer.commit(8, 5)).toThrow(InvalidCommit)
    expect(writer.claim(CAPACITY)).toBe(RECORD_TOO_LARGE)
    expect(() => writer.commit(0, 0)).toThrow(InvalidCommit)
    writer.publish()
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(8)
    expect(reader.next()).toBe(NONE)
  })

  it("R01 takes the largest record and refuses one byte more, negative sizes and no number", () => {
    const { reader, writer } = pair()
    expect(send(writer, CAPACITY / 4, 1)).toBe(8)
    for (const bytes of [CAPACITY / 4 + 1, CAPACITY, 2 ** 31, 2 ** 32 + 8, -1, -(2 ** 31), NaN]) {
      expect(writer.claim(bytes), String(bytes)).toBe(RECORD_TOO_LARGE)
    }
    expect(takeAll(reader)).toEqual([[1, CAPACITY / 4]])
  })

  it("R03 refuses a record when full, leaves the tail alone, and takes it after a release", () => {
    const { cells, reader, writer } = pair()
    while (send(writer, 24, 7) >= 0);
    expect(writer.usedBytes()).toBe(CAPACITY)
    const tail = cells[TAIL_CELL]
    expect(writer.claim(24)).toBe(RING_FULL)
    expect(writer.claim(0)).toBe(RING_FULL)
    expect(writer.publish()).toBe(false)
    expect(cells[TAIL_CELL]).toBe(tail)
    reader.poll()
    take(reader)
    expect(writer.claim(24), "read, but not released").toBe(RING_FULL)
    reader.release()
    expect(writer.claim(25)).toBe(RING_FULL)
    expect(writer.claim(24)).toBe(8)
  })

  it("R03 still takes a small record after a large one was refused", () => {
    const { reader, writer } = pair()
    for (let i = 0; i < 3; i++) send(writer, 1016, i)
    send(writer, 900, 3)
    expect(writer.claim(1016)).toBe(RING_FULL)
    expect(send(writer, 100, 4)).toBeGreaterThan(0)
    expect(takeAll(reader).map(([type]) => type)).toEqual([0, 1, 2, 3, 4])
  })

  it("asks for room and hears of it once", () => {
    const { reader, writer } = pair()
    while (send(writer, 100, 1) >= 0);
    expect(reader.takeRoomRequest()).toBe(false)
    writer.requestRoom()
    expect(writer.claim(100)).toBe(RING_FULL)
    takeAll(reader)
    expect(reader.takeRoomRequest()).toBe(true)
    expect(reader.takeRoomRequest()).toBe(false)
    expect(writer.claim(100)).toBeGreaterThan(0)
  })
})

describe("SpscRing at the physical end", () => {
  it("R04 pads at every distance from the end and hands the record out behind it", () => {
    for (let distance = 8; distance <= 1032; distance += 8) {
      for (const payloadBytes of [0, 1, 8, 100, 1024]) {
        const { reader, writer } = pair()
        advanceTo(writer, reader, CAPACITY - distance)
        const fits = ((payloadBytes + 15) & -8) <= distance
        expect(send(writer, payloadBytes, distance)).toBe(fits ? CAPACITY - distance + 8 : 8)
        if (!fits) {
          expect(writer.region.i32[(CAPACITY - distance) >> 2]).toBe(distance)
          expect(writer.region.i32[((CAPACITY - distance) >> 2) + 1]).toBe(PADDING_TYPE)
        }
        send(writer, 9, 1)
        expect(takeAll(reader)).toEqual([[distance, payloadBytes], [1, 9]])
        expect(writer.usedBytes()).toBe(0)
      }
    }
  })

  it("R10 returns the offset after the padding, a multiple of 8", () => {
    const { reader, writer } = pair()
    advanceTo(writer, reader, CAPACITY - 8)
    expect(writer.claim(0)).toBe(CAPACITY)
    expect(writer.claim(1)).toBe(8)
  })

  it("R05 R10 refuses what does not fit with its padding, leaves nothing behind, takes it when it fits", () => {
    const { cells, reader, writer } = pair()
    advanceTo(writer, reader, 1024)
    for (let i = 0; i < 2; i++) send(writer, 1016, i)
    send(writer, 1016 - 64, 2)
    // 64 bytes to the end and 1024 in front of the reader: 100 + 8 bytes fit there, 1024 + 8 do not.
    const tail = cells[TAIL_CELL]
    expect(writer.claim(1024)).toBe(RING_FULL)
    expect(writer.claim(1024)).toBe(RING_FULL)
    expect(writer.publish()).toBe(false)
    expect(cells[TAIL_CELL]).toBe(tail)
    reader.poll()
    take(reader)
    reader.release()
    expect(send(writer, 1024, 9)).toBe(8)
    expect(takeAll(reader).map(([type]) => type)).toEqual([1, 2, 9])
  })

  it("hands padding out only together with the record behind it", () => {
    const { reader, writer } = pair()
    advanceTo(writer, reader, CAPACITY - 16)
    writer.claim(500)
    writer.publish()
    expect(reader.isEmpty()).toBe(true)
    writer.commit(500, 3)
    expect(reader.isEmpty()).toBe(true)
    writer.publish()
    expect(unreadBytes(writer.region.buffer as SharedArrayBuffer)).toBe(16 + 512)
  })

  it.each([0x7fffffff & -8, 0x7ffff000, -4096, -8, -(2 ** 31)])(
    "keeps order across the wrap-around of the Int32 position, from %i",
    (startPosition) => {
      const { reader, sab, writer } = pair(CAPACITY, startPosition)
      const random = seeded(startPosition)
      let sent = 0
      let received = 0
      for (let turn = 0; turn < 200; turn++) {
        while (put(writer, random(300), sent) >= 0) sent++
        writer.publish()
        const used = writer.usedBytes()
        expect(used).toBeGreaterThan(0)
        expect(used).toBeLessThanOrEqual(CAPACITY)
        expect(unreadBytes(sab)).toBe(used)
        for (const [type] of takeAll(reader)) expect(type).toBe(received++)
      }
      expect(received).toBe(sent)
      expect(sent).toBeGreaterThan(2000)
      expect(writer.usedBytes()).toBe(0)
    }
  )

  it("behaves like a queue under random claims, commits, aborts, publications and partial drains", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seeded(seed)
      const { reader, sab, writer } = pair(CAPACITY, random(1 << 28) * 8)
      const committed: Array<readonly [number, number]> = []
      const published: Array<readonly [number, number]> = []
      let type = 0
      for (let step = 0; step < 400; step++) {
        const choice = random(10)
        if (choice < 5) {
          const claimBytes = random(4) === 0 ? random(1025) : random(64)
          const payloadBytes = random(claimBytes + 1)
          if (random(8) === 0) {
            writer.claim(claimBytes)
            writer.abort()
          } else if (put(writer, payloadBytes, ++type, claimBytes) >= 0) {
            committed.push([type, payloadBytes])
          } else {
            expect(writer.usedBytes() + 2 * (claimBytes + 16), `seed ${seed}`).toBeGreaterThan(CAPACITY)
          }
        } else if (choice < 7) {
          expect(writer.publish()).toBe(committed.length > 0)
          published.push(...committed.splice(0))
        } else {
          expect(countUnread(sab)).toBeGreaterThanOrEqual(published.length)
          expect(reader.poll()).toBe(published.length > 0)
          for (let count = random(20); count > 0; count--) {
            const expected = published.shift()
            expect(take(reader), `seed ${seed}`).toEqual(expected ?? NONE)
          }
          if (random(2) === 0) {
            reader.release()
            expect(countUnread(sab)).toBe(published.length)
          }
        }
      }
    }
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

  it("hands everything since the last release of a dead reader to its successor", () => {
    const { reader, sab, writer } = pair()
    for (let i = 0; i < 4; i++) send(writer, 8, i)
    reader.poll()
    take(reader)
    reader.release()
    take(reader)
    expect(countUnread(sab)).toBe(3)
    expect(unreadBytes(sab)).toBe(3 * 16)
    expect(takeAll(new SpscReader(sab)).map(([type]) => type)).toEqual([1, 2, 3])
    expect(countUnread(sab)).toBe(0)
    expect(unreadBytes(sab)).toBe(0)
  })

  it("counts unread records across the physical end", () => {
    const { reader, sab, writer } = pair()
    advanceTo(writer, reader, CAPACITY - 100)
    for (let i = 0; i < 7; i++) send(writer, 40, i)
    put(writer, 40, 8)
    expect(countUnread(sab)).toBe(7)
    expect(takeAll(reader)).toHaveLength(7)
  })
})

describe("SpscRing with damaged memory", () => {
  const damagedLengths = [0, 7, -1, -2147483648, 2147483647, 4096, 65, 1000]

  it.each(damagedLengths)("answers CORRUPT to a length of %i and stays there until resync", (length) => {
    const { reader, writer } = pair()
    send(writer, 8, 1)
    const offset = put(writer, 8, 2)
    put(writer, 8, 3)
    writer.publish()
    writer.region.i32[(offset - 8) >> 2] = length
    reader.poll()
    expect(take(reader)).toEqual([1, 8])
    expect(reader.next()).toBe(CORRUPT)
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(CORRUPT)
    expect(reader.isEmpty()).toBe(false)
    expect(reader.resync()).toBe(32)
    expect(reader.next()).toBe(NONE)
    expect(reader.isEmpty()).toBe(true)
    reader.release()
    expect(writer.usedBytes()).toBe(0)
    send(writer, 8, 4)
    expect(takeAll(reader)).toEqual([[4, 8]])
  })

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
    advanceTo(writer, reader, CAPACITY - 16)
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

  it("never hands out a byte outside of the published part, whatever is in it", () => {
    let corrupt = 0
    let records = 0
    for (let seed = 1; seed <= 400; seed++) {
      const random = seeded(seed)
      const { reader, sab, writer } = pair(CAPACITY, random(512) * 8)
      const start = new Int32Array(sab)[HEAD_CELL]!
      while (random(12) > 0 && put(writer, random(900), random(1000)) >= 0);
      writer.publish()
      const published = writer.usedBytes()
      const words = writer.region.i32
      for (let hits = random(6); hits >= 0; hits--) {
        words[random(words.length)] = random(3) === 0 ? random(4200) : (random(1 << 16) << 16) | random(1 << 16)
      }
      if (random(5) === 0) new Int32Array(sab)[TAIL_CELL] = (random(1 << 16) << 16) | random(1 << 16)
      const tail = (new Int32Array(sab)[TAIL_CELL]! - start) | 0
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
        const from = (offset - HEADER_BYTES - start) & (CAPACITY - 1)
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
