import { describe, expect, it } from "vitest"
import { InvalidCapacity, InvalidMemory } from "../../src/memory/MemoryError.ts"
import * as Rosters from "../../src/memory/Roster.ts"
import { CLOSED, RECEIVER, RECEIVERS_GONE, Roster, ROSTER_FULL, SENDER, SENDERS_GONE } from "../../src/memory/Roster.ts"

const pair = (rows = 4) => {
  const sab = Rosters.create(rows)
  const roster = new Roster(sab)
  return { sab, roster, sender: roster.join(SENDER, -1), receiver: roster.join(RECEIVER, -1) }
}

describe("Roster", () => {
  it.each([0, 1, -2, 2.5, NaN, 64, 1e9])("refuses %d rows and says so", (rows) => {
    expect(() => Rosters.create(rows)).toThrow(InvalidCapacity)
    expect(() => Rosters.create(rows)).toThrow(String(rows))
  })

  it("refuses a buffer that is not a roster", () => {
    expect(() => new Roster(new SharedArrayBuffer(16))).toThrow(InvalidMemory)
    expect(() => new Roster(new SharedArrayBuffer(4096))).toThrow(/first word/)
    const sab = Rosters.create(4)
    new Int32Array(sab)[2] = 60
    expect(() => new Roster(sab)).toThrow(/60 rows/)
  })

  it("gives each end a row of its own until none is left", () => {
    const { roster } = pair(4)
    const ends = [roster.join(SENDER, -1), roster.join(SENDER, -1)]
    expect(ends.map((end) => end & 63)).toEqual([2, 3])
    expect(roster.join(SENDER, -1)).toBe(ROSTER_FULL)
    expect(roster.count(SENDER)).toBe(3)
    expect(roster.count(RECEIVER)).toBe(1)
  })

  it("raises the flag of a side when its last end leaves, and says so once", () => {
    const { receiver, roster, sender } = pair()
    const second = roster.join(SENDER, sender)
    expect(roster.leave(sender, SENDER)).toBe(false)
    expect(roster.flags()).toBe(0)
    expect(roster.leave(second, SENDER)).toBe(true)
    expect(roster.flags()).toBe(SENDERS_GONE)
    expect(roster.leave(receiver, RECEIVER)).toBe(true)
    expect(roster.flags()).toBe(SENDERS_GONE | RECEIVERS_GONE)
  })

  it("counts an end that is on its way to another thread", () => {
    const { roster, sender } = pair()
    expect(roster.handOver(sender)).toBe(true)
    expect(roster.count(SENDER)).toBe(1)
    expect(roster.flags()).toBe(0)
  })

  it("hands an end over once and opens it once, as the side that it is", () => {
    const { roster, sender } = pair()
    expect(roster.open(sender, SENDER)).toBe(false)
    expect(roster.handOver(sender)).toBe(true)
    expect(roster.handOver(sender)).toBe(false)
    expect(roster.open(sender, RECEIVER)).toBe(false)
    expect(roster.open(sender, SENDER)).toBe(true)
    expect(roster.open(sender, SENDER)).toBe(false)
    expect(roster.open(63, SENDER)).toBe(false)
  })

  it("keeps a row that was given to a thread out of use until the thread is taken off", () => {
    const { roster, sender } = pair(3)
    roster.handOver(sender)
    roster.open(sender, SENDER)
    const child = roster.join(SENDER, sender)
    roster.leave(sender, SENDER)
    expect(roster.count(SENDER)).toBe(1)
    expect(roster.join(SENDER, -1)).toBe(ROSTER_FULL)
    expect(roster.recover(sender)).toBe(true)
    expect(roster.childOf(sender)).toBe(child)
    expect(roster.recover(child)).toBe(true)
    expect(roster.childOf(sender)).toBe(-1)
    expect(roster.flags()).toBe(SENDERS_GONE)
    expect(roster.join(RECEIVER, -1)).not.toBe(ROSTER_FULL)
  })

  it("takes an end off once, and never one that has the row by now", () => {
    const { roster, sender } = pair()
    roster.handOver(sender)
    expect(roster.recover(sender)).toBe(true)
    expect(roster.recover(sender)).toBe(false)
    const next = roster.join(SENDER, -1)
    expect(next & 63).toBe(sender & 63)
    expect(next).not.toBe(sender)
    expect(roster.recover(sender)).toBe(false)
    expect(roster.count(SENDER)).toBe(1)
    expect(roster.handOver(next)).toBe(true)
  })

  it("finds what was made from an end of an end, by the thread that both were made on", () => {
    const { roster, sender } = pair(6)
    const clone = roster.join(SENDER, sender)
    roster.handOver(clone)
    roster.open(clone, SENDER)
    const child = roster.join(SENDER, clone)
    const grandchild = roster.join(SENDER, child)
    const found = [roster.childOf(clone)]
    roster.recover(found[0]!)
    found.push(roster.childOf(clone))
    roster.recover(found[1]!)
    expect(found).toEqual([child, grandchild])
    expect(roster.childOf(clone)).toBe(-1)
    expect(roster.childOf(sender)).toBe(-1)
  })

  it("is closed as a whole once", () => {
    const { roster } = pair()
    expect(roster.close()).toBe(true)
    expect(roster.close()).toBe(false)
    expect(roster.flags()).toBe(CLOSED)
  })

  it("keeps the counts of a row over its ends", () => {
    const { roster, sender } = pair()
    roster.setSent(sender & 63, 7)
    roster.setReceived(sender & 63, 5)
    roster.addDropped(sender & 63, 2)
    roster.addMissed(3)
    roster.addLost(4, 1)
    roster.leave(sender, SENDER)
    expect([roster.sent(0), roster.received(0), roster.dropped(), roster.missed(), roster.lost()]).toEqual([
      7,
      5,
      2,
      3,
      4
    ])
  })
})
