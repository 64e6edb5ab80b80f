import { describe, expect, it } from "vitest"
import { mpscRing, spscRing } from "../../src/memory/Layouts.ts"
import { InvalidCapacity, InvalidMemory, InvalidOwner } from "../../src/memory/MemoryError.ts"
import * as MpscRing from "../../src/memory/MpscRing.ts"
import { MpscReader, MpscWriter } from "../../src/memory/MpscRing.ts"
import { CORRUPT, NONE, RING_FULL } from "../../src/memory/Ring.ts"
import { put, send, take, takeAll } from "../contract/ringContract.ts"
import { seeded } from "./seeded.ts"

const CAPACITY = 4096

/** A ring for so many owners, with a writer for each of the first. */
const ring = (writers = 2, owners = 4, startPosition = 0) => {
  const sab = MpscRing.create(CAPACITY, owners, startPosition)
  return {
    sab,
    writers: Array.from({ length: writers }, (_, index) => new MpscWriter(sab, index + 1)) as [MpscWriter, MpscWriter],
    reader: new MpscReader(sab)
  }
}

/** Everything that is there, looked for as often as there is something. */
const drain = (reader: MpscReader): Array<readonly [number, number]> => {
  const all: Array<readonly [number, number]> = []
  for (let some = takeAll(reader); some.length > 0; some = takeAll(reader)) all.push(...some)
  return all
}

describe("MpscRing", () => {
  it.each([0, -1, 1.5, 256, NaN])("R01 refuses %d owners and says so", (owners) => {
    expect(() => MpscRing.create(CAPACITY, owners)).toThrow(InvalidCapacity)
    expect(() => MpscRing.create(CAPACITY, owners)).toThrow(String(owners))
  })

  it.each([0, 2048, 5000, NaN, 2 ** 30])("R01 refuses rings of %d bytes and says so", (bytes) => {
    expect(() => MpscRing.create(bytes, 2)).toThrow(InvalidCapacity)
    expect(() => MpscRing.create(bytes, 2)).toThrow(String(bytes))
  })

  it("R01 refuses more than 4 GiB together", () => {
    expect(() => MpscRing.create(2 ** 29, 8)).toThrow(/8 owners at most 4294967296 together/)
  })

  it("refuses an owner that has no ring, and a first line that makes no sense", () => {
    const { sab } = ring()
    for (const owner of [0, 5, -1, 1.5, NaN]) expect(() => new MpscWriter(sab, owner)).toThrow(InvalidOwner)
    expect(() => MpscRing.recoveryOf(sab, 5)).toThrow(InvalidOwner)
    new Int32Array(sab)[mpscRing.cells.rings] = 100
    expect(() => new MpscReader(sab)).toThrow(InvalidMemory)
  })

  it("reads what several have written, of each in its order, and says whose it is", () => {
    const { reader, writers: [one, two] } = ring()
    for (let index = 0; index < 3; index++) {
      send(one, 8, 10 + index)
      send(two, 100, 20 + index)
    }
    const seen: Array<readonly [number, number]> = []
    while (reader.poll()) while (reader.next() >= 0) seen.push([reader.owner, reader.type])
    expect(seen.filter(([owner]) => owner === 1).map(([, type]) => type)).toEqual([10, 11, 12])
    expect(seen.filter(([owner]) => owner === 2).map(([, type]) => type)).toEqual([20, 21, 22])
    expect(reader.isEmpty()).toBe(true)
  })

  it("R20 a writer in the middle of a record, and one whose ring is full, hold nobody up", () => {
    const { reader, writers: [one, two] } = ring()
    const offset = one.claim(8)
    while (send(two, 500, 2) >= 0);
    expect(two.claim(500)).toBe(RING_FULL)
    expect(reader.isEmpty()).toBe(false)
    expect(new Set(drain(reader).map(([type]) => type))).toEqual(new Set([2]))
    for (let i = 0; i < 8; i++) one.region.u8[offset + i] = 1 + i
    one.commit(8, 1)
    one.publish()
    expect(drain(reader)).toEqual([[1, 8]])
  })

  it("a busy writer keeps no other waiting: after one look at a ring comes the next", () => {
    const { reader, writers: [one, two] } = ring()
    send(one, 8, 1)
    send(two, 8, 2)
    reader.poll()
    expect(take(reader)).toEqual([1, 8])
    // What is sent after the look is for the next one.
    send(one, 8, 3)
    expect(reader.next()).toBe(NONE)
    expect(drain(reader)).toEqual([[2, 8], [3, 8]])
  })

  it("hears of a writer that comes later, whatever its number", () => {
    const { reader, sab } = ring(0, 63)
    expect(reader.poll()).toBe(false)
    send(new MpscWriter(sab, 63), 8, 63)
    expect(reader.isEmpty()).toBe(false)
    send(new MpscWriter(sab, 7), 8, 7)
    expect(new Set(drain(reader).map(([type]) => type))).toEqual(new Set([7, 63]))
  })

  it("R19 R21 a dead writer leaves what it had published, is accounted for, and another goes on behind it", () => {
    const { reader, sab, writers: [one, two] } = ring()
    send(one, 8, 1)
    put(one, 8, 2)
    one.claim(8)
    send(two, 8, 9)
    const recovery = MpscRing.recoveryOf(sab, 1)
    expect([recovery.recover(), recovery.recover(), recovery.published()]).toEqual([2, 0, 1])
    send(new MpscWriter(sab, 1), 8, 3)
    expect(drain(reader)).toEqual([[1, 8], [3, 8], [9, 8]])
    expect(recovery.published()).toBe(2)
  })

  it("a dead reader leaves what it had not released, of every ring", () => {
    const { reader, sab, writers: [one, two] } = ring()
    send(one, 8, 1)
    send(one, 8, 2)
    send(two, 8, 3)
    reader.poll()
    expect(take(reader)).toEqual([1, 8])
    reader.release()
    expect(take(reader)).toEqual([2, 8])
    expect(drain(new MpscReader(sab))).toEqual([[2, 8], [3, 8]])
  })

  it("a damaged ring is left for the others", () => {
    const { reader, writers: [one, two] } = ring()
    const offset = send(one, 8, 1)
    send(two, 8, 2)
    one.region.i32[(offset >> 2) - 2] = -5
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(CORRUPT)
    expect(reader.next()).toBe(CORRUPT)
    expect(reader.resync()).toBe(16)
    expect(drain(reader)).toEqual([[2, 8]])
    send(one, 8, 3)
    expect(drain(reader)).toEqual([[3, 8]])
  })

  it("a ring whose tail is damaged for good is left for the others each time", () => {
    const { reader, sab, writers: [one, two] } = ring()
    send(one, 8, 1)
    send(two, 8, 2)
    new Int32Array(sab)[mpscRing.descriptorCells + spscRing.cells.tail] = 0x40000000
    const seen: Array<number> = []
    for (let look = 0; look < 4; look++) {
      if (!reader.poll()) continue
      const record = take(reader)
      if (record === CORRUPT) reader.resync()
      else if (typeof record !== "number") seen.push(record[0])
    }
    expect(seen).toEqual([2])
  })

  it("what was read of a ring is free as soon as the reader has gone on to the next", () => {
    const { reader, writers: [one, two] } = ring()
    send(one, 8, 1)
    send(two, 8, 2)
    reader.poll()
    expect(take(reader)).toEqual([1, 8])
    expect(reader.next()).toBe(NONE)
    expect(one.usedBytes()).toBe(0)
    expect(two.usedBytes()).toBe(16)
  })

  it.each([0, 0x7ffff000, -8])("R17 passes everything under random play, over the wrap-around (start %i)", (start) => {
    const random = seeded(start)
    const { reader, writers } = ring(3, 3, start)
    const sent = [0, 0, 0]
    const received = [0, 0, 0]
    for (let step = 0; step < 5000; step++) {
      const owner = random(3)
      if (random(3) > 0 && send(writers[owner]!, random(500), owner << 16 | sent[owner]!) >= 0) sent[owner]!++
      else for (const [type] of takeAll(reader)) expect(type & 0xffff).toBe(received[type >> 16]!++)
    }
    for (const [type] of drain(reader)) expect(type & 0xffff).toBe(received[type >> 16]!++)
    expect(received).toEqual(sent)
  })
})
