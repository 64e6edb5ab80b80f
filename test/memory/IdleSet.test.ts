import { describe, expect, it } from "vitest"
import * as Doorbell from "../../src/memory/Doorbell.ts"
import * as IdleSet from "../../src/memory/IdleSet.ts"
import { InvalidCapacity, InvalidMemory } from "../../src/memory/MemoryError.ts"

const set = (workers: number) => {
  const sab = IdleSet.create(workers)
  const buffer = Doorbell.create(workers)
  const bells = Array.from({ length: workers }, (_, i) => new Doorbell.Doorbell(buffer, i))
  return { sab, bells, idle: new IdleSet.IdleSet(sab, bells) }
}

describe.each([4, 40])("IdleSet of %d workers", (workers) => {
  const last = workers - 1

  it("wakes one that sleeps, and counts it as one that searches from then on", () => {
    const { bells, idle } = set(workers)
    expect(idle.wake()).toBe(false)
    idle.announce(1)
    idle.announce(last)
    expect([idle.isSleeping(1), idle.isSleeping(last), bells[1]!.isParked()]).toEqual([true, true, true])
    expect(idle.wake()).toBe(true)
    expect([idle.isSleeping(1), bells[1]!.isParked(), idle.searching()]).toEqual([false, false, 1])
    // That one is about to look.
    expect(idle.wake()).toBe(false)
    expect(idle.found(1)).toBe(true)
    expect(idle.wake()).toBe(true)
    expect([idle.isSleeping(last), idle.searching()]).toEqual([false, 1])
  })

  it("does not wake for work who says that it could take none, and leaves nothing to it", () => {
    const { bells, idle } = set(workers)
    idle.announce(0)
    expect(idle.wake()).toBe(true)
    idle.announceBusy(0)
    expect([idle.isSleeping(0), bells[0]!.isParked(), idle.searching()]).toEqual([false, true, 0])
    expect(idle.wake()).toBe(false)
    expect(bells[0]!.ring()).toBe(true)
  })

  it("passes over one that somebody else has woken, and leaves no trace of it", () => {
    const { bells, idle } = set(workers)
    idle.announce(0)
    idle.announce(last)
    bells[0]!.ring()
    expect(idle.wake()).toBe(true)
    expect([bells[last]!.isParked(), idle.searching()]).toEqual([false, 1])
    idle.retract(0)
    expect(idle.found(0)).toBe(false)
    expect(idle.found(last)).toBe(true)
    // It has announced itself, looked once more, and found something: what else there is was perhaps left to it.
    idle.announce(0)
    idle.retract(0)
    expect(idle.found(0)).toBe(true)
  })

  it("lets half of the workers search", () => {
    const { idle } = set(workers)
    const may = Array.from({ length: workers }, (_, worker) => idle.search(worker))
    expect(may.filter((yes) => yes).length).toBe(workers / 2)
    expect([idle.search(0), idle.search(last), idle.isCrowded()]).toEqual([true, false, true])
    expect(idle.found(0)).toBe(false)
    expect([idle.isCrowded(), idle.search(last)]).toEqual([false, true])
  })

  it("takes who sleeps out of those that search, and one that is awake out of those that sleep", () => {
    const { idle } = set(workers)
    expect(idle.search(last)).toBe(true)
    idle.announce(last)
    expect([idle.searching(), idle.isSleeping(last)]).toEqual([0, true])
    idle.retract(last)
    expect([idle.isSleeping(last), idle.wake()]).toEqual([false, false])
  })

  it("has all look for themselves after a death", () => {
    const { bells, idle } = set(workers)
    idle.search(0)
    idle.announce(last)
    idle.wakeForDead()
    expect([idle.searching(), bells[last]!.isParked()]).toEqual([0, false])
  })
})

describe("IdleSet", () => {
  it("lets the only worker search", () => {
    const { idle } = set(1)
    expect([idle.search(0), idle.isCrowded()]).toEqual([true, true])
  })

  it.each([0, 65, 1.5, NaN])("refuses %d workers", (workers) => {
    expect(() => IdleSet.create(workers)).toThrow(InvalidCapacity)
  })

  it("refuses a buffer that is no set, and doorbells that are not its workers'", () => {
    const { bells, sab } = set(2)
    expect(() => new IdleSet.IdleSet(new SharedArrayBuffer(1024), bells)).toThrow(InvalidMemory)
    expect(() => new IdleSet.IdleSet(sab, bells.slice(1))).toThrow(/2 workers/)
  })
})
