import { describe, expect, it } from "vitest"
import { CLAIM_WORDS, mpmcRing as layout } from "../../src/memory/Layouts.ts"
import { InvalidCapacity, InvalidCommit, InvalidMemory, InvalidOwner } from "../../src/memory/MemoryError.ts"
import { MpmcRecovery } from "../../src/memory/MpmcRecovery.ts"
import * as MpmcRing from "../../src/memory/MpmcRing.ts"
import { MpmcReader, MpmcWriter } from "../../src/memory/MpmcRing.ts"
import { CORRUPT, NONE, RING_FULL } from "../../src/memory/Ring.ts"
import { seeded } from "./seeded.ts"

/** Most owners of a ring here. */
const OWNERS = 16

const ring = (slots = 4, startPosition = 0, recordBytes = 8) => {
  const sab = MpmcRing.create(slots, recordBytes, OWNERS, startPosition)
  return { sab, writer: new MpmcWriter(sab, 1), reader: new MpmcReader(sab, 2) }
}

const put = (writer: MpmcWriter, value: number): boolean => {
  const offset = writer.claim(8)
  if (offset < 0) return false
  expect(offset % 8).toBe(0)
  writer.region.i32[offset >> 2] = value
  writer.commit(8, 0)
  return true
}

const get = (reader: MpmcReader): number | undefined => {
  const offset = reader.next()
  if (offset < 0) return undefined
  const value = reader.region.i32[offset >> 2]!
  reader.release()
  return value
}

const STARTS = [0, 0x7ffffffe, -3, 0x0fffffff] as const

describe("MpmcRing", () => {
  it.each([0, 1, 3, -4, 6, 2.5, NaN, 2 ** 27, Infinity])("R01 refuses %d slots and says so", (slots) => {
    expect(() => MpmcRing.create(slots, 8, 2)).toThrow(InvalidCapacity)
    expect(() => MpmcRing.create(slots, 8, 2)).toThrow(String(slots))
  })

  it.each([0, 4, 12, -8, 1.5, NaN, 65_544])("R01 refuses records of %d bytes and says so", (recordBytes) => {
    expect(() => MpmcRing.create(4, recordBytes, 2)).toThrow(InvalidCapacity)
    expect(() => MpmcRing.create(4, recordBytes, 2)).toThrow(String(recordBytes))
  })

  it("refuses a ring larger than its offsets can reach", () => {
    expect(() => MpmcRing.create(2 ** 26, 1024, 2)).toThrow(/slots 67108864/)
  })

  it("refuses a buffer that is not a ring, and an owner that is no number of a thread", () => {
    expect(() => new MpmcWriter(new SharedArrayBuffer(8192), 1)).toThrow(InvalidMemory)
    const { sab } = ring()
    for (const owner of [0, OWNERS + 1, -1, 1.5, NaN]) {
      expect(() => new MpmcWriter(sab, owner)).toThrow(InvalidOwner)
      expect(() => new MpmcReader(sab, owner)).toThrow(InvalidOwner)
      expect(() => new MpmcRecovery(sab).recover(owner)).toThrow(InvalidOwner)
    }
    new Int32Array(sab)[layout.cells.slots] = 1 << 20
    expect(() => new MpmcReader(sab, 1)).toThrow(/1048576 slots/)
  })

  it.each(STARTS)("C12 R03 takes as many records as it has slots, in order, over many laps (start %d)", (start) => {
    const { reader, writer } = ring(4, start)
    let next = 0
    let expected = 0
    for (let lap = 0; lap < 10; lap++) {
      while (put(writer, next)) next++
      expect(next - expected).toBe(4)
      expect(writer.claim(8)).toBe(RING_FULL)
      for (let i = 0; i <= lap % 4; i++) expect(get(reader)).toBe(expected++)
    }
    while (expected < next) expect(get(reader)).toBe(expected++)
    expect(get(reader)).toBeUndefined()
    expect(reader.isEmpty()).toBe(true)
  })

  it("R06 gives nothing of a record that is claimed and not committed, nor anything behind it", () => {
    const { reader, sab, writer } = ring()
    const other = new MpmcWriter(sab, 3)
    const offset = writer.claim(8)
    expect(put(other, 2)).toBe(true)
    expect(reader.next()).toBe(NONE)
    expect(reader.isEmpty()).toBe(true)
    writer.region.i32[offset >> 2] = 1
    writer.commit(8, 0)
    expect([get(reader), get(reader), get(reader)]).toEqual([1, 2, undefined])
  })

  it("R11 skips a claim that was given up, the only one or one among others", () => {
    const { reader, writer } = ring()
    writer.claim(8)
    writer.abort()
    writer.abort()
    expect(reader.isEmpty()).toBe(true)
    expect(reader.next()).toBe(NONE)
    put(writer, 1)
    writer.claim(8)
    writer.abort()
    put(writer, 2)
    expect([get(reader), get(reader), get(reader)]).toEqual([1, 2, undefined])
  })

  it("R11 refuses a commit without a claim, twice and after an abort; a release without a take does nothing", () => {
    const { reader, writer } = ring()
    expect(() => writer.commit(8, 0)).toThrow(InvalidCommit)
    put(writer, 1)
    expect(() => writer.commit(8, 0)).toThrow(InvalidCommit)
    writer.claim(8)
    writer.abort()
    expect(() => writer.commit(8, 0)).toThrow(InvalidCommit)
    reader.release()
    expect(get(reader)).toBe(1)
  })

  it("gives each record to one of several readers", () => {
    const { reader, sab, writer } = ring(8)
    const other = new MpmcReader(sab, 4)
    for (let i = 0; i < 6; i++) put(writer, i)
    expect([get(reader), get(other), get(other), get(reader), get(other), get(reader)]).toEqual([0, 1, 2, 3, 4, 5])
  })

  it("keeps a slot that is being read until it is released", () => {
    const { reader, sab, writer } = ring(2)
    put(writer, 1)
    put(writer, 2)
    const slow = new MpmcReader(sab, 4)
    const offset = slow.next()
    expect(get(reader)).toBe(2)
    expect(writer.claim(8)).toBe(RING_FULL)
    expect(slow.region.i32[offset >> 2]).toBe(1)
    slow.release()
    expect(put(writer, 3)).toBe(true)
    expect(put(writer, 4)).toBe(true)
    expect([get(reader), get(slow)]).toEqual([3, 4])
  })

  it("R17 any mix of operations behaves as a queue", () => {
    for (const start of STARTS) {
      const random = seeded(start >>> 0)
      const { reader, writer } = ring(8, start)
      const model: Array<number> = []
      for (let step = 0; step < 5000; step++) {
        if (random(2) === 0) {
          const isPut = put(writer, step)
          expect(isPut).toBe(model.length < 8)
          if (isPut) model.push(step)
        } else expect(get(reader)).toBe(model.shift())
        expect(reader.isEmpty()).toBe(model.length === 0)
      }
    }
  })

  it.each([2, 4, 2048, 1 << 20])("goes on over the wrap-around of the position with %i slots", (slots) => {
    const { reader, writer } = ring(slots, -3)
    for (let value = 0; value < 12; value++) {
      expect(put(writer, value), String(value)).toBe(true)
      expect(get(reader)).toBe(value)
    }
  })

  it("passes a whole lap over the wrap-around with as many slots as use up the bits of a lap", () => {
    const { reader, writer } = ring(2048, -2048)
    for (let lap = 0; lap < 3; lap++) {
      for (let value = 0; value < 2048; value++) expect(put(writer, value)).toBe(true)
      expect(put(writer, 0)).toBe(false)
      for (let value = 0; value < 2048; value++) expect(get(reader)).toBe(value)
      expect(get(reader)).toBeUndefined()
    }
  })

  it.each([1, 2 ** 30, 2 ** 31 - 1000, 2 ** 31 + 70e6, 2 ** 32 - 10, 2 ** 32 + 10])(
    "D01 an end that slept while %i records passed finds what is there, and the room that there is",
    (records) => {
      const { reader, sab, writer } = ring(16)
      // The memory as it is after others have written and read so many.
      new Int32Array(sab).set(new Int32Array(MpmcRing.create(16, 8, OWNERS, records | 0)))
      expect([put(writer, 1), put(new MpmcWriter(sab, 3), 2), put(writer, 3)]).toEqual([true, true, true])
      expect([get(reader), get(new MpmcReader(sab, 4)), get(reader), get(reader)]).toEqual([1, 2, 3, undefined])
      for (let lap = 0; lap < 3; lap++) {
        for (let value = 0; value < 16; value++) expect(put(writer, value)).toBe(true)
        expect(put(writer, 0)).toBe(false)
        for (let value = 0; value < 16; value++) expect(get(reader)).toBe(value)
      }
    }
  )

  it("gives the room of a claim that was given up back at once, however many there are and nobody reads", () => {
    const { reader, writer } = ring(2)
    for (let round = 0; round < 10_000; round++) {
      expect(writer.claim(8)).toBeGreaterThanOrEqual(0)
      writer.abort()
    }
    expect([put(writer, 1), put(writer, 2), put(writer, 3)]).toEqual([true, true, false])
    expect([get(reader), get(reader), get(reader)]).toEqual([1, 2, undefined])
  })

  it("R11 lets a new claim take the place of one that was not committed, and a new take release the one before", () => {
    const { reader, writer } = ring(2)
    writer.claim(8)
    expect(put(writer, 1)).toBe(true)
    expect(get(reader)).toBe(1)
    put(writer, 2)
    put(writer, 3)
    reader.next()
    expect(get(reader)).toBe(3)
    expect(put(writer, 4)).toBe(true)
    expect(put(writer, 5)).toBe(true)
  })

  it("does not follow damaged states for ever", () => {
    const { reader, sab, writer } = ring(4)
    const random = seeded(1)
    for (let round = 0; round < 300; round++) {
      const states = new Int32Array(sab, layout.descriptorBytes)
      states.forEach((_, word) => {
        states[word] = round === 0 ? 0x2aaaaaaa : (random(1 << 16) << 16) | random(1 << 16)
      })
      const cells = new Int32Array(sab)
      if (round % 3 === 0) cells[layout.cells.tail] = (random(1 << 16) << 16) | random(1 << 16)
      const offset = writer.claim(8)
      expect(offset === RING_FULL || offset >= 8 && offset + 8 <= writer.region.byteLength).toBe(true)
      expect(reader.next()).toBeGreaterThanOrEqual(CORRUPT)
      expect([true, false]).toContain(reader.isEmpty())
    }
  })
})

describe("MpmcRecovery", () => {
  it("counts what a dead owner had sent and received, and who comes after it goes on counting", () => {
    const { sab } = ring()
    const recovery = new MpmcRecovery(sab)
    for (let life = 1; life <= 3; life++) {
      const writer = new MpmcWriter(sab, 7)
      const reader = new MpmcReader(sab, 7)
      for (let value = 0; value < 2; value++) expect([put(writer, value), get(reader)]).toEqual([true, value])
      writer.claim(8)
      expect(recovery.recover(7)).toEqual({ writing: 1, reading: 0, isSettled: true })
      expect([recovery.committed(7), recovery.released(7)]).toEqual([2 * life, 2 * life])
    }
    // One that ends in peace leaves its count to the next one too.
    for (let life = 0; life < 3; life++) expect(put(new MpmcWriter(sab, 8), life)).toBe(true)
    recovery.recover(8)
    expect(recovery.committed(8)).toBe(3)
  })

  it("counts the last record of an owner once that dies anywhere in its next claim", () => {
    const { sab, writer } = ring()
    const recovery = new MpmcRecovery(sab)
    put(writer, 1)
    // The claim stores this first; its owner stores no more.
    new Int32Array(sab)[layout.descriptorCells + Object.keys(CLAIM_WORDS).indexOf("done")] = 1
    expect(recovery.recover(1)).toEqual({ writing: 0, reading: 0, isSettled: true })
    expect(recovery.committed(1)).toBe(1)
    put(new MpmcWriter(sab, 1), 2)
    recovery.recover(1)
    recovery.recover(1)
    expect(recovery.committed(1)).toBe(2)
  })

  it("R18 R19 R21 turns the claim of a dead writer into a hole and reports it once", () => {
    const { reader, sab, writer } = ring()
    put(new MpmcWriter(sab, 3), 1)
    new MpmcWriter(sab, 7).claim(8)
    put(writer, 2)
    expect([get(reader), get(reader)]).toEqual([1, undefined])
    const recovery = new MpmcRecovery(sab)
    expect(recovery.recover(7)).toEqual({ writing: 1, reading: 0, isSettled: true })
    expect(recovery.recover(7)).toEqual({ writing: 0, reading: 0, isSettled: true })
    expect([get(reader), get(reader)]).toEqual([2, undefined])
    for (let i = 0; i < 4; i++) expect(put(writer, i)).toBe(true)
  })

  it("frees what a dead reader was reading and reports it once", () => {
    const { reader, sab, writer } = ring(2)
    put(writer, 1)
    put(writer, 2)
    new MpmcReader(sab, 9).next()
    expect(get(reader)).toBe(2)
    expect(writer.claim(8)).toBe(RING_FULL)
    expect(new MpmcRecovery(sab).recover(9)).toEqual({ writing: 0, reading: 1, isSettled: true })
    expect(new MpmcRecovery(sab).recover(9)).toEqual({ writing: 0, reading: 0, isSettled: true })
    expect(put(writer, 3)).toBe(true)
    expect(get(reader)).toBe(3)
  })

  it("R20 leaves the claims of the living alone", () => {
    const { reader, sab, writer } = ring()
    const offset = writer.claim(8)
    new MpmcWriter(sab, 7).claim(8)
    expect(new MpmcRecovery(sab).recover(7)).toEqual({ writing: 1, reading: 0, isSettled: true })
    expect(reader.next()).toBe(NONE)
    writer.region.i32[offset >> 2] = 5
    writer.commit(8, 0)
    expect([get(reader), get(reader)]).toEqual([5, undefined])
  })
})
