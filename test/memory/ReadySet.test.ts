import { describe, expect, it } from "vitest"
import { InvalidCapacity, InvalidMemory } from "../../src/memory/MemoryError.ts"
import * as ReadySet from "../../src/memory/ReadySet.ts"

const sourcesIn = (ready: ReadySet.ReadySet): ReadonlyArray<number> => {
  const sources: Array<number> = []
  for (let word = 0; word < ready.words; word++) {
    const bits = ready.take(word)
    for (let bit = 0; bit < 32; bit++) if ((bits >> bit & 1) === 1) sources.push(word * 32 + bit)
  }
  return sources
}

describe("ReadySet", () => {
  it.each([[1, 1], [2, 32], [3, 33], [65, 65], [1025, 1025], [2, 4096]])(
    "has a bit for each source of each of %i readers of %i sources, and no other",
    (readers, sources) => {
      const sab = ReadySet.create(readers, sources)
      const sets = [0, readers - 1].map((reader) => new ReadySet.ReadySet(sab, reader))
      const raised = [...new Set([0, Math.min(30, sources - 1), Math.min(31, sources - 1), sources - 1])]
      for (const source of raised) new ReadySet.ReadyBit(sab, readers - 1, source).raise()
      if (readers > 1) {
        expect(sets[0]!.isEmpty()).toBe(true)
        expect(sourcesIn(sets[0]!)).toEqual([])
      }
      expect(sets[1]!.isEmpty()).toBe(false)
      expect(sourcesIn(sets[1]!)).toEqual(raised)
      expect(sets[1]!.isEmpty()).toBe(true)
      expect(sourcesIn(sets[1]!)).toEqual([])
    }
  )

  it("takes a bit once, and again when it was raised again", () => {
    const sab = ReadySet.create(1, 3)
    const [ready, bit] = [new ReadySet.ReadySet(sab, 0), new ReadySet.ReadyBit(sab, 0, 2)]
    bit.raise()
    bit.raise()
    expect(ready.take(0)).toBe(4)
    expect(ready.take(0)).toBe(0)
    bit.raise()
    expect(ready.take(0)).toBe(4)
  })

  it.each([[0, 1], [1, 0], [1.5, 1], [1, NaN], [4097, 1], [1, 4097]])(
    "refuses to be made for %d readers of %d sources",
    (readers, sources) => {
      expect(() => ReadySet.create(readers, sources)).toThrow(InvalidCapacity)
    }
  )

  it("refuses rows and bits that it does not have, and buffers that are no set", () => {
    const sab = ReadySet.create(2, 40)
    for (const reader of [-1, 2, 0.5, NaN]) {
      expect(() => new ReadySet.ReadySet(sab, reader)).toThrow(InvalidMemory)
      expect(() => new ReadySet.ReadyBit(sab, reader, 0)).toThrow(InvalidMemory)
    }
    for (const source of [-1, 40, 0.5, NaN]) {
      expect(() => new ReadySet.ReadyBit(sab, 0, source)).toThrow(/40 sources/)
    }
    expect(() => new ReadySet.ReadySet(new SharedArrayBuffer(4096), 0)).toThrow(InvalidMemory)
    new Int32Array(sab)[2] = 4000
    expect(() => new ReadySet.ReadySet(sab, 0)).toThrow(/4000 readers/)
  })
})
