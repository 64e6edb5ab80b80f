/**
 * What a ring of bytes promises: `SpscRing`, and with it every ring that is made of such ones. What rings of every shape promise is in
 * `ringShape.ts`.
 */
import { describe, expect, it } from "vitest"
import { MAGIC_CELL, VERSION_CELL } from "../../src/memory/Layout.ts"
import { HEADER_BYTES } from "../../src/memory/Layouts.ts"
import { InvalidCapacity, InvalidCommit, InvalidMemory } from "../../src/memory/MemoryError.ts"
import { CORRUPT, NONE, RECORD_TOO_LARGE, RING_FULL, type RingReader, type RingWriter } from "../../src/memory/Ring.ts"
import { seeded } from "../memory/seeded.ts"
import { tries } from "../support/effort.ts"

/** A writing end, with what the rings have beside the shared shape. */
export interface Writer extends RingWriter {
  readonly capacityBytes: number
  usedBytes(): number
  requestRoom(): void
}

/** A reading end, with what the rings have beside the shared shape. */
export interface Reader extends RingReader {
  readonly capacityBytes: number
  resync(): number
  takeRoomRequest(): boolean
}

/** An implementation. */
export interface RingUnderTest {
  readonly name: string
  readonly create: (capacityBytes: number, startPosition?: number) => SharedArrayBuffer
  readonly writer: (sab: SharedArrayBuffer) => Writer
  readonly reader: (sab: SharedArrayBuffer) => Reader
  readonly countUnread: (sab: SharedArrayBuffer) => number
  readonly unreadBytes: (sab: SharedArrayBuffer) => number
  /** A record takes a multiple of these bytes, its header of 8 included. */
  readonly grainBytes: number
  /** Capacities beyond the largest. */
  readonly tooLarge: ReadonlyArray<number>
  /** Positions to start from, so that the Int32 wraps around during the test. */
  readonly nearWrap: ReadonlyArray<number>
  /** Whether an abort leaves nothing behind, or padding that the reader must give back. */
  readonly abortsTracelessly: boolean
}

/** The smallest capacity. */
export const CAPACITY = 4096

/** Both ends of a new ring. */
export const pairOf = (ring: RingUnderTest, capacityBytes = CAPACITY, startPosition = 0) => {
  const sab = ring.create(capacityBytes, startPosition)
  return { sab, writer: ring.writer(sab), reader: ring.reader(sab) }
}

/** Claims, fills every byte from the type, commits; the result of the claim. */
export const put = (writer: RingWriter, payloadBytes: number, type: number, claimBytes = payloadBytes): number => {
  const offset = writer.claim(claimBytes)
  if (offset < 0) return offset
  for (let i = 0; i < payloadBytes; i++) writer.region.u8[offset + i] = (type + i) & 255
  writer.commit(payloadBytes, type)
  return offset
}

/** The same, and published. */
export const send = (writer: RingWriter, payloadBytes: number, type: number): number => {
  const offset = put(writer, payloadBytes, type)
  writer.publish()
  return offset
}

/** Takes the next record and checks every byte of it: `[type, payload bytes]`, or the sentinel. */
export const take = (reader: RingReader): readonly [number, number] | number => {
  const offset = reader.next()
  if (offset < 0) return offset
  expect(offset % 8).toBe(0)
  const payloadBytes = reader.end - offset
  for (let i = 0; i < payloadBytes; i++) {
    if (reader.region.u8[offset + i] !== ((reader.type + i) & 255)) throw new Error(`byte ${i} of ${reader.type}`)
  }
  return [reader.type, payloadBytes]
}

/** Takes all that one poll sees, and frees it. */
export const takeAll = (reader: RingReader): Array<readonly [number, number]> => {
  const records: Array<readonly [number, number]> = []
  if (reader.poll()) {
    for (let record = take(reader); typeof record !== "number"; record = take(reader)) records.push(record)
  }
  reader.release()
  return records
}

/** Moves both ends so that the next record starts `bytes` from the start of the data. */
export const advanceTo = (writer: RingWriter, reader: RingReader, bytes: number): void => {
  for (let at = 0; at < bytes;) {
    const step = Math.min(bytes - at, 512)
    send(writer, step - HEADER_BYTES, 0)
    takeAll(reader)
    at += step
  }
}

/**
 * The same, and the writer cannot begin anew there: the last record in front of that place is read and not released.
 */
export const holdAt = (writer: RingWriter, reader: RingReader, bytes: number): void => {
  advanceTo(writer, reader, bytes - HEADER_BYTES)
  send(writer, 0, 0)
  reader.poll()
  expect(take(reader)).toEqual([0, 0])
}

const typesOf = (records: ReadonlyArray<readonly [number, number]>): ReadonlyArray<number> =>
  records.map(([type]) => type)

const capacities = (ring: RingUnderTest): void => {
  it.each([4096, 8192, 1 << 20])(
    "R01 takes a capacity of %i bytes, and a quarter of it as the largest record",
    (capacityBytes) => {
      const { reader, writer } = pairOf(ring, capacityBytes)
      expect(writer.capacityBytes).toBe(capacityBytes)
      expect(reader.capacityBytes).toBe(capacityBytes)
      expect(writer.maxRecordBytes).toBe(capacityBytes / 4)
      expect(writer.region.byteLength).toBe(capacityBytes)
      expect(reader.region.byteLength).toBe(capacityBytes)
    }
  )

  it.each([0, -4096, 2048, 4095, 5000, 4096.5, NaN, Infinity, ...ring.tooLarge])(
    "R01 refuses a capacity of %d bytes and says so",
    (capacityBytes) => {
      let thrown: unknown
      try {
        ring.create(capacityBytes)
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(InvalidCapacity)
      expect(thrown).toMatchObject({
        _tag: "InvalidCapacity",
        structure: ring.name,
        option: "capacityBytes",
        value: capacityBytes
      })
      expect(String(thrown)).toContain(String(capacityBytes))
    }
  )

  it("refuses a buffer that is not such a ring", () => {
    expect(() => ring.writer(new SharedArrayBuffer(64))).toThrow(InvalidMemory)
    expect(() => ring.reader(new SharedArrayBuffer(8192))).toThrow(InvalidMemory)
    const sab = ring.create(CAPACITY)
    const cells = new Int32Array(sab)
    cells[MAGIC_CELL + 2] = 1 << 20
    expect(() => ring.unreadBytes(sab)).toThrow(/1048576/)
    cells[VERSION_CELL] = 99
    expect(() => ring.countUnread(sab)).toThrow(/version 99/)
  })
}

const records = (ring: RingUnderTest): void => {
  it("R06 reads nothing from an empty ring", () => {
    const { reader } = pairOf(ring)
    expect(reader.isEmpty()).toBe(true)
    expect(reader.poll()).toBe(false)
    expect(reader.next()).toBe(NONE)
  })

  it("R06 does not see a record before it is committed", () => {
    const { reader, writer } = pairOf(ring)
    expect(writer.claim(8)).toBe(8)
    expect(reader.poll()).toBe(false)
    expect(reader.next()).toBe(NONE)
    expect(reader.isEmpty()).toBe(true)
    writer.commit(8, 1)
    expect(writer.publish()).toBe(true)
    expect(writer.publish()).toBe(false)
    expect(reader.isEmpty()).toBe(false)
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(8)
    expect(reader.isEmpty()).toBe(true)
  })

  it("R06 reads two records in order", () => {
    const { reader, writer } = pairOf(ring)
    send(writer, 5, 1)
    send(writer, 0, 2)
    expect(takeAll(reader)).toEqual([[1, 5], [2, 0]])
    expect(reader.isEmpty()).toBe(true)
  })

  it("R06 lets the reader stop after any record and go on later", () => {
    const { reader, writer } = pairOf(ring)
    for (let i = 0; i < 4; i++) send(writer, 16, i)
    const recordBytes = writer.usedBytes() / 4
    reader.poll()
    expect(take(reader)).toEqual([0, 16])
    reader.release()
    expect(writer.usedBytes()).toBe(3 * recordBytes)
    expect(reader.isEmpty()).toBe(false)
    expect(takeAll(reader)).toEqual([[1, 16], [2, 16], [3, 16]])
  })

  it("D03 publishes a batch of any size, from none to more than fits, and refuses what is beyond", () => {
    for (const batch of [0, 1, 2, 7, CAPACITY]) {
      const { reader, writer } = pairOf(ring)
      let committed = 0
      while (committed < batch && put(writer, 8, committed) >= 0) committed++
      expect(committed).toBe(Math.min(batch, CAPACITY / Math.max(16, ring.grainBytes)))
      expect(writer.publish()).toBe(batch > 0)
      expect(typesOf(takeAll(reader))).toEqual([...Array(committed).keys()])
    }
  })

  it("R13 passes empty records, as many as headers fit", () => {
    const { reader, writer } = pairOf(ring)
    let sent = 0
    while (send(writer, 0, sent) >= 0) sent++
    expect(sent).toBe(CAPACITY / ring.grainBytes)
    expect(takeAll(reader)).toHaveLength(sent)
  })

  it("passes every type from 0 to the largest Int32", () => {
    const { reader, writer } = pairOf(ring)
    for (const type of [0, 1, 255, 65536, 0x7fffffff]) send(writer, 3, type)
    expect(typesOf(takeAll(reader))).toEqual([0, 1, 255, 65536, 0x7fffffff])
  })
}

const claims = (ring: RingUnderTest): void => {
  it("R11 passes nothing of an aborted claim, at the physical end neither, and gives its room back", () => {
    const { reader, sab, writer } = pairOf(ring)
    holdAt(writer, reader, CAPACITY - 64)
    writer.publish()
    for (let round = 0; round < 20; round++) {
      for (const bytes of [16, 100, 1000]) {
        expect(writer.claim(bytes)).toBeGreaterThan(0)
        writer.abort()
        writer.abort()
      }
      expect(writer.publish()).toBe(!ring.abortsTracelessly)
      expect(reader.poll()).toBe(false)
    }
    expect(takeAll(reader)).toEqual([])
    expect(ring.unreadBytes(sab)).toBe(0)
    expect(reader.isEmpty()).toBe(true)
    send(writer, 16, 9)
    expect(takeAll(reader)).toEqual([[9, 16]])
  })

  it("R11 lets a new claim take the place of one that was not committed", () => {
    const { reader, writer } = pairOf(ring)
    expect(writer.claim(500)).toBe(8)
    expect(send(writer, 4, 3)).toBeGreaterThan(0)
    expect(takeAll(reader)).toEqual([[3, 4]])
    expect(writer.usedBytes()).toBe(0)
  })

  it("R11 refuses a commit without a claim, twice, after an abort, beyond the claim and with a negative type", () => {
    const { reader, writer } = pairOf(ring)
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
    const { reader, writer } = pairOf(ring)
    expect(send(writer, CAPACITY / 4, 1)).toBe(8)
    for (const bytes of [CAPACITY / 4 + 1, CAPACITY, 2 ** 31, 2 ** 32 + 8, -1, -(2 ** 31), NaN]) {
      expect(writer.claim(bytes), String(bytes)).toBe(RECORD_TOO_LARGE)
    }
    expect(takeAll(reader)).toEqual([[1, CAPACITY / 4]])
  })

  it("R03 D03 refuses a record when full, leaves the ring alone, and takes it after a release", () => {
    const { reader, sab, writer } = pairOf(ring)
    while (send(writer, 24, 7) >= 0);
    expect(writer.usedBytes()).toBe(CAPACITY)
    const before = new Int32Array(sab.slice(0))
    expect(writer.claim(24)).toBe(RING_FULL)
    expect(writer.claim(0)).toBe(RING_FULL)
    expect(writer.publish()).toBe(false)
    expect(new Int32Array(sab.slice(0))).toEqual(before)
    reader.poll()
    take(reader)
    expect(writer.claim(24), "read, but not released").toBe(RING_FULL)
    reader.release()
    expect(writer.claim(25)).toBe(RING_FULL)
    expect(writer.claim(24)).toBe(8)
  })

  it("R03 still takes a small record after a large one was refused", () => {
    const { reader, writer } = pairOf(ring)
    for (let i = 0; i < 3; i++) send(writer, 1016, i)
    send(writer, 896 - HEADER_BYTES, 3)
    expect(writer.claim(1016)).toBe(RING_FULL)
    expect(send(writer, 100, 4)).toBeGreaterThan(0)
    expect(typesOf(takeAll(reader))).toEqual([0, 1, 2, 3, 4])
  })

  it("asks for room and hears of it once", () => {
    const { reader, writer } = pairOf(ring)
    while (send(writer, 100, 1) >= 0);
    expect(reader.takeRoomRequest()).toBe(false)
    writer.requestRoom()
    expect(writer.claim(100)).toBe(RING_FULL)
    takeAll(reader)
    expect(reader.takeRoomRequest()).toBe(true)
    expect(reader.takeRoomRequest()).toBe(false)
    expect(writer.claim(100)).toBeGreaterThan(0)
  })
}

const physicalEnd = (ring: RingUnderTest): void => {
  const { grainBytes } = ring

  it("R04 R10 pads at every distance from the end and hands the record out behind it", () => {
    for (let distance = grainBytes; distance <= 1024 + grainBytes; distance += grainBytes) {
      for (const payloadBytes of [0, 1, 8, 100, 1024]) {
        const { reader, writer } = pairOf(ring)
        holdAt(writer, reader, CAPACITY - distance)
        const fits = Math.ceil((payloadBytes + HEADER_BYTES) / grainBytes) * grainBytes <= distance
        expect(send(writer, payloadBytes, distance)).toBe(fits ? CAPACITY - distance + 8 : 8)
        send(writer, 9, 1)
        expect(takeAll(reader)).toEqual([[distance, payloadBytes], [1, 9]])
        expect(writer.usedBytes()).toBe(0)
      }
    }
  })

  it("R05 R10 refuses what does not fit with its padding, leaves nothing behind, takes it when it fits", () => {
    const { reader, sab, writer } = pairOf(ring)
    advanceTo(writer, reader, 1024)
    for (let i = 0; i < 2; i++) send(writer, 1016, i)
    send(writer, 1016 - 64, 2)
    // 64 bytes to the end and 1024 in front of the reader: 1024 + 8 bytes do not fit there.
    const before = new Int32Array(sab.slice(0))
    expect(writer.claim(1024)).toBe(RING_FULL)
    expect(writer.claim(1024)).toBe(RING_FULL)
    expect(writer.publish()).toBe(false)
    expect(new Int32Array(sab.slice(0))).toEqual(before)
    reader.poll()
    take(reader)
    reader.release()
    expect(send(writer, 1024, 9)).toBe(8)
    expect(typesOf(takeAll(reader))).toEqual([1, 2, 9])
  })

  it.each(ring.nearWrap)("keeps order across the wrap-around of the Int32 position, from %i", (startPosition) => {
    const { reader, sab, writer } = pairOf(ring, CAPACITY, startPosition)
    const random = seeded(startPosition)
    let sent = 0
    let received = 0
    for (let turn = 0; turn < 300; turn++) {
      while (put(writer, random(300), sent) >= 0) sent++
      writer.publish()
      const used = writer.usedBytes()
      expect(used).toBeGreaterThan(0)
      expect(used).toBeLessThanOrEqual(CAPACITY)
      expect(ring.unreadBytes(sab)).toBe(used)
      for (const [type] of takeAll(reader)) expect(type).toBe(received++)
    }
    expect(received).toBe(sent)
    expect(sent).toBeGreaterThan(2000)
    expect(writer.usedBytes()).toBe(0)
  })

  it("behaves like a queue under random claims, commits, aborts and partial drains", () => {
    for (let seed = 1; seed <= tries(60); seed++) {
      const random = seeded(seed)
      const { reader, sab, writer } = pairOf(ring, CAPACITY, random(1 << 28) * 8)
      const published: Array<readonly [number, number]> = []
      let type = 0
      for (let step = 0; step < 400; step++) {
        if (random(10) < 6) {
          const claimBytes = random(4) === 0 ? random(1025) : random(64)
          const payloadBytes = random(claimBytes + 1)
          if (random(8) === 0) {
            writer.claim(claimBytes)
            writer.abort()
          } else if (put(writer, payloadBytes, ++type, claimBytes) >= 0) {
            published.push([type, payloadBytes])
          } else {
            expect(writer.usedBytes() + 2 * (claimBytes + 40), `seed ${seed}`).toBeGreaterThan(CAPACITY)
          }
          writer.publish()
        } else {
          expect(ring.countUnread(sab)).toBeGreaterThanOrEqual(published.length)
          if (published.length > 0) expect(reader.poll()).toBe(true)
          for (let count = random(20); count > 0; count--) {
            const expected = published.shift()
            expect(take(reader), `seed ${seed}`).toEqual(expected ?? NONE)
          }
          if (random(2) === 0) {
            reader.release()
            expect(ring.countUnread(sab)).toBe(published.length)
          }
        }
      }
    }
  })
}

const deaths = (ring: RingUnderTest): void => {
  it("hands everything since the last release of a dead reader to its successor", () => {
    const { reader, sab, writer } = pairOf(ring)
    for (let i = 0; i < 4; i++) send(writer, 8, i)
    const recordBytes = writer.usedBytes() / 4
    reader.poll()
    take(reader)
    reader.release()
    take(reader)
    expect(ring.countUnread(sab)).toBe(3)
    expect(ring.unreadBytes(sab)).toBe(3 * recordBytes)
    expect(typesOf(takeAll(ring.reader(sab)))).toEqual([1, 2, 3])
    expect(ring.countUnread(sab)).toBe(0)
    expect(ring.unreadBytes(sab)).toBe(0)
  })

  it("counts unread records across the physical end", () => {
    const { reader, sab, writer } = pairOf(ring)
    advanceTo(writer, reader, CAPACITY - 96)
    for (let i = 0; i < 7; i++) send(writer, 40, i)
    expect(ring.countUnread(sab)).toBe(7)
    expect(takeAll(reader)).toHaveLength(7)
    expect(ring.countUnread(sab)).toBe(0)
  })
}

const damage = (ring: RingUnderTest): void => {
  it.each([0, 7, -1, -2147483648, 2147483647, 4096, 65, 1000])(
    "answers CORRUPT to a length of %i and stays there until resync",
    (length) => {
      const { reader, writer } = pairOf(ring)
      send(writer, 8, 1)
      const offset = put(writer, 8, 2)
      writer.publish()
      writer.region.i32[(offset - 8) >> 2] = length
      reader.poll()
      expect(take(reader)).toEqual([1, 8])
      expect(reader.next()).toBe(CORRUPT)
      expect(reader.poll()).toBe(true)
      expect(reader.next()).toBe(CORRUPT)
      expect(reader.isEmpty()).toBe(false)
      reader.release()
      expect(reader.next()).toBe(CORRUPT)
      expect(reader.resync()).toBe(Math.max(16, ring.grainBytes))
      expect(reader.resync()).toBe(0)
      expect(reader.next()).toBe(NONE)
      expect(reader.isEmpty()).toBe(true)
      reader.release()
      expect(writer.usedBytes()).toBe(0)
      send(writer, 8, 4)
      expect(takeAll(reader)).toEqual([[4, 8]])
    }
  )

  it.each([-2, -1, -2147483648])("answers CORRUPT to a type of %i", (type) => {
    const { reader, writer } = pairOf(ring)
    send(writer, 8, 1)
    writer.region.i32[1] = type
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(CORRUPT)
  })
}

const promises: ReadonlyArray<readonly [what: string, list: (ring: RingUnderTest) => void]> = [
  ["capacity", capacities],
  ["records", records],
  ["claims", claims],
  ["at the physical end", physicalEnd],
  ["after a death", deaths],
  ["with damaged memory", damage]
]

/** Runs the list. */
export const ringContract = (ring: RingUnderTest): void => {
  for (const [what, list] of promises) {
    describe(`${ring.name} ${what}`, () => {
      list(ring)
    })
  }
}
