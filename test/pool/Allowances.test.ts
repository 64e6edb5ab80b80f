/** The places of the allowances of a pool, as two of its workers have them. */
import { describe, expect, it } from "vitest"
import * as Doorbell from "../../src/memory/Doorbell.ts"
import * as IdleSet from "../../src/memory/IdleSet.ts"
import * as KeyHolds from "../../src/memory/KeyHolds.ts"
import { Allowances, isOpen, NO_PLACE } from "../../src/pool/kernel/Allowances.ts"

const LOW = 2

const made = (places: number) => {
  const bells = Doorbell.create(2)
  const idle = new IdleSet.IdleSet(IdleSet.create(2), [
    new Doorbell.Doorbell(bells, 0),
    new Doorbell.Doorbell(bells, 1)
  ])
  const sab = KeyHolds.create(places)
  const lots = [undefined, undefined, new KeyHolds.KeyHolds(sab)]
  const rung: Array<number> = []
  const waiting = new Set<number>()
  const queues = { hasAt: (lane: number) => waiting.has(lane) }
  const worker = (place: number) => new Allowances(lots, place, { idle, wanted: () => rung.push(place) })
  return { idle, lots, queues, rung, waiting, workers: [worker(0), worker(1)] as const }
}

describe("Allowances", () => {
  it("give out as many places as there are, and bound nothing else", () => {
    const { lots, queues, workers: [one, other] } = made(2)
    expect([one.reserve(0), one.begun(), one.want(1), one.begun()]).toEqual([true, NO_PLACE, true, NO_PLACE])
    expect([one.reserve(LOW), isOpen(lots, LOW)]).toEqual([true, true])
    const first = one.begun()
    expect([other.want(LOW), isOpen(lots, LOW), isOpen(lots, 0)]).toEqual([true, false, true])
    expect([one.reserve(LOW), one.want(LOW), one.again(LOW)]).toEqual([false, false, NO_PLACE])
    // What was refused has nothing to give back.
    one.passed(queues)
    expect(isOpen(lots, LOW)).toBe(false)
    other.passed(queues)
    const again = one.again(LOW)
    expect([again >= 0, again === first, isOpen(lots, LOW)]).toEqual([true, false, false])
    for (const held of [first, again, NO_PLACE]) one.letGo(held, queues)
    expect(isOpen(lots, LOW)).toBe(true)
  })

  it("wake one worker for what waits when a place is let go, and ring who was refused one for itself", () => {
    const { idle, queues, rung, waiting, workers: [one, other] } = made(1)
    expect(one.reserve(LOW)).toBe(true)
    idle.announce(1)
    one.letGo(one.begun(), queues)
    expect([idle.isSleeping(1), rung]).toEqual([true, []])
    one.reserve(LOW)
    waiting.add(LOW)
    one.letGo(one.begun(), queues)
    expect([idle.isSleeping(1), idle.searching(), rung]).toEqual([false, 1, []])
    one.want(LOW)
    expect(other.want(LOW)).toBe(false)
    one.letGo(one.begun(), queues)
    expect(rung).toEqual([0])
  })
})
