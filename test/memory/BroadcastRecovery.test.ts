import { describe, expect, it } from "vitest"
import { BroadcastReader } from "../../src/memory/BroadcastReader.ts"
import { BroadcastRecovery } from "../../src/memory/BroadcastRecovery.ts"
import * as BroadcastRing from "../../src/memory/BroadcastRing.ts"
import { BroadcastWriter } from "../../src/memory/BroadcastWriter.ts"
import { MAX_OWNER } from "../../src/memory/Layouts.ts"
import { InvalidOwner } from "../../src/memory/MemoryError.ts"
import { put, send } from "../contract/ringContract.ts"

const ring = (readers = 2) => {
  const sab = BroadcastRing.create({ capacityBytes: 4096, readers, chunks: 4 })
  return { sab, writer: new BroadcastWriter(sab), recovery: new BroadcastRecovery(sab) }
}

const joined = (sab: SharedArrayBuffer, owner: number): BroadcastReader => {
  const reader = new BroadcastReader(sab, owner)
  expect(reader.join()).toBe(true)
  return reader
}

const takeAll = (reader: BroadcastReader): Array<number> => {
  const types: Array<number> = []
  while (reader.poll()) while (reader.next() >= 0) types.push(reader.type)
  return types
}

describe("BroadcastRecovery of readers", () => {
  it("frees the places of a dead owner, each once, and nobody else's", () => {
    const { recovery, sab, writer } = ring()
    joined(sab, 7)
    const living = joined(sab, 70)
    expect(recovery.recoverReaders(8)).toBe(0)
    expect(recovery.recoverReaders(7)).toBe(1)
    expect(recovery.recoverReaders(7)).toBe(0)
    send(writer, 8, 1)
    expect(takeAll(living)).toEqual([1])
    joined(sab, 9)
    expect(new BroadcastReader(sab, 11).join()).toBe(false)
  })

  it("counts every place of an owner that held several", () => {
    const { recovery, sab } = ring()
    joined(sab, MAX_OWNER)
    joined(sab, MAX_OWNER)
    expect(recovery.recoverReaders(MAX_OWNER)).toBe(2)
  })

  it("gives the chunk a dead reader stood in back to the writer", () => {
    const { recovery, sab, writer } = ring()
    joined(sab, 1)
    const offsets = (): Set<number> => {
      const found = new Set<number>()
      for (let type = 0; type < 8; type++) {
        found.add(writer.claim(1016) >> 10)
        writer.commit(1016, type)
        writer.publish()
      }
      return found
    }
    offsets()
    expect(offsets(), "all but the one it stands in").toEqual(new Set([1, 2, 3]))
    expect(recovery.recoverReaders(1)).toBe(1)
    expect(offsets()).toEqual(new Set([0, 1, 2, 3]))
  })

  it("refuses an owner that is no number of a thread", () => {
    expect(() => ring().recovery.recoverReaders(0)).toThrow(InvalidOwner)
    expect(() => ring().recovery.recoverReaders(MAX_OWNER + 1)).toThrow(InvalidOwner)
  })
})

describe("BroadcastRecovery of the writer", () => {
  it("R14 R21 reports what a dead writer had claimed and not published, once, in however many chunks", () => {
    const { recovery, sab, writer } = ring()
    const reader = joined(sab, 1)
    send(writer, 8, 1)
    put(writer, 8, 2)
    put(writer, 1000, 3)
    put(writer, 1000, 4)
    writer.claim(1000)
    expect(recovery.recoverWriter()).toBe(4)
    expect(new BroadcastRecovery(sab).recoverWriter()).toBe(0)
    const next = new BroadcastWriter(sab)
    send(next, 8, 5)
    expect(takeAll(reader)).toEqual([1, 5])
    expect(reader.lost).toBe(0)
  })

  it("R14 reports nothing when the last thing the writer did was to publish, to abort, or to be refused", () => {
    const { recovery, writer } = ring()
    expect(recovery.recoverWriter()).toBe(0)
    send(writer, 8, 1)
    expect(recovery.recoverWriter()).toBe(0)
    writer.claim(1000)
    writer.abort()
    writer.claim(4096)
    expect(recovery.recoverWriter()).toBe(0)
  })

  it("R14 counts from where the writer was, over a change of writers", () => {
    const { recovery, sab, writer } = ring()
    const reader = joined(sab, 1)
    for (let type = 0; type < 5; type++) send(writer, 500, type)
    put(writer, 500, 99)
    expect(recovery.recoverWriter()).toBe(1)
    const second = new BroadcastWriter(sab)
    send(second, 500, 5)
    put(second, 8, 98)
    put(second, 8, 97)
    expect(recovery.recoverWriter()).toBe(2)
    send(new BroadcastWriter(sab), 500, 6)
    expect(takeAll(reader)).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(reader.lost).toBe(0)
    expect(reader.sequence).toBe(6)
  })

  it("goes on behind a publication of which the dead writer had not yet said that it is the newest", () => {
    const { sab, writer } = ring()
    const reader = joined(sab, 1)
    send(writer, 1016, 1)
    const before = new Int32Array(sab).slice(0, 64)
    send(writer, 500, 2)
    // The word that names the newest chunk, as it was before.
    new Int32Array(sab).set(before.subarray(32, 33), 32)
    send(new BroadcastWriter(sab), 500, 3)
    expect(takeAll(reader)).toEqual([1, 2, 3])
    expect(reader.lost).toBe(0)
  })
})
