/** Which worker runs a job of a key. */
import { describe, expect, it } from "@effect/vitest"
import { create, KeyHolds } from "../../src/memory/KeyHolds.ts"
import { InvalidCapacity, InvalidMemory } from "../../src/memory/MemoryError.ts"

describe("KeyHolds", () => {
  it("gives a key to one worker until that lets it go, and says that another one wants it", () => {
    const sab = create(4)
    const [one, other] = [new KeyHolds(sab), new KeyHolds(sab)]
    expect([one.take(3, 0), one.take(2, 0), other.take(3, 63)]).toEqual([true, true, false])
    const before = other.lifts()
    expect([one.release(2), other.lifts() === before]).toEqual([false, true])
    expect([one.release(3), other.lifts() === before]).toEqual([true, false])
    expect([other.take(3, 63), one.take(3, 0)]).toEqual([true, false])
  })

  it("frees what a worker had that has died, and nothing else", () => {
    const holds = new KeyHolds(create(4))
    for (const [key, place] of [[0, 0], [1, 1], [3, 0]] as const) expect(holds.take(key, place)).toBe(true)
    const before = holds.lifts()
    holds.releaseAll(0)
    expect(holds.lifts()).not.toBe(before)
    expect([0, 1, 3].map((key) => holds.take(key, 2))).toEqual([true, false, true])
  })

  it("refuses what cannot be, with the number", () => {
    for (const keys of [0, -1, 1.5, 2 ** 30]) expect(() => create(keys)).toThrow(InvalidCapacity)
    expect(() => new KeyHolds(new SharedArrayBuffer(1024))).toThrow(InvalidMemory)
    const cut = create(4)
    expect(() => new KeyHolds(cut.slice(0, cut.byteLength - 4))).toThrow(InvalidMemory)
  })
})
