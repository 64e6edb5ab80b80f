import { describe, expect, it } from "vitest"
import { roster as layout, ROSTER_ROW_BYTES } from "../../src/memory/Layouts.ts"
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

describe("an end that is sent in a message", () => {
  const THREADS = [11, 12, 13] as const
  const seen = (rows = 4) => {
    const sab = Rosters.create(rows)
    return THREADS.map((thread) => new Roster(sab, thread))
  }

  it("is another one over there, at the same row, of which no handle knows", () => {
    const [here, there] = seen()
    const handed = here!.join(SENDER, -1)
    expect(here!.handOver(handed)).toBe(true)
    expect(there!.open(handed, SENDER)).toBe(true)
    expect(there!.send(handed)).toBe(true)
    expect(there!.send(handed)).toBe(false)
    expect(here!.isHanded(Rosters.sentAs(handed))).toBe(true)
    expect(here!.hasHanded()).toBe(true)
    // Who handed it over hears that the thread has exited, and finds it gone.
    expect(here!.seize(handed)).toBe(-1)
    expect(here!.open(handed, SENDER)).toBe(false)
    expect(here!.open(Rosters.sentAs(handed), SENDER)).toBe(true)
    expect(here!.open(Rosters.sentAs(handed), SENDER)).toBe(false)
    expect(here!.hasHanded()).toBe(false)
    expect(here!.count(SENDER)).toBe(1)
    // It was given to nobody by a handle, so its row is free again.
    expect(here!.leave(Rosters.sentAs(handed), SENDER)).toBe(true)
    expect(here!.join(SENDER, -1) & 63).toBe(handed & 63)
  })

  it("is found by the thread that has it, and by none while it is on its way", () => {
    const [first, second, third] = seen()
    const end = first!.join(RECEIVER, -1)
    expect(third!.heldAt(0, 11)).toEqual({ end, side: RECEIVER })
    expect(third!.holderOf(end)).toBe(11)
    first!.send(end)
    for (const thread of THREADS) expect(third!.heldAt(0, thread)).toBe(undefined)
    expect(third!.holderOf(Rosters.sentAs(end))).toBe(0)
    expect(third!.holderOf(end)).toBe(0)
    second!.open(Rosters.sentAs(end), RECEIVER)
    expect(third!.heldAt(0, 11)).toBe(undefined)
    const held = third!.heldAt(0, 12)
    expect(held).toEqual({ end: Rosters.sentAs(end), side: RECEIVER })
    expect(third!.seize(held!.end)).toBeGreaterThanOrEqual(0)
    expect(first!.heldAt(0, 12)).toBe(undefined)
  })

  it("raises the flag in place of a thread that died between leaving and looking", () => {
    const sab = Rosters.create(4)
    const here = new Roster(sab, 11)
    const there = new Roster(sab, 12)
    here.join(RECEIVER, -1)
    const end = here.join(SENDER, -1)
    here.send(end)
    there.open(Rosters.sentAs(end), SENDER)
    expect(here.lookFor(12)).toBe(-1)
    expect(here.flags()).toBe(0)
    // What it stores when it leaves.
    new Int32Array(sab)[layout.descriptorCells + (end & 63) * ROSTER_ROW_BYTES / 4]! &= ~3
    expect(here.lookFor(13)).toBe(-1)
    expect(here.lookFor(12)).toBe(end & 63)
    expect(here.flags()).toBe(SENDERS_GONE)
    expect(here.lookFor(12)).toBe(-1)
  })

  it("leaves what was made from it behind", () => {
    const [here, there] = seen()
    const handed = here!.join(SENDER, -1)
    here!.handOver(handed)
    there!.open(handed, SENDER)
    const clone = there!.join(SENDER, handed)
    expect(here!.childOf(handed)).toBe(clone)
    there!.send(clone)
    expect(here!.childOf(handed)).toBe(-1)
  })

  it("can be sent as often as there are turns", () => {
    const [here] = seen()
    let end = here!.join(SENDER, -1)
    for (let n = 0; n < 5000; n++) {
      expect(here!.send(end)).toBe(true)
      end = Rosters.sentAs(end)
      expect(here!.open(end, SENDER)).toBe(true)
    }
    expect(here!.count(SENDER)).toBe(1)
    expect(Rosters.sentAs((2 ** 21 - 1) << 6 | 3)).toBe(3)
  })
})
