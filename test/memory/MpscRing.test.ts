import { describe, expect, it } from "vitest"
import { MAX_OWNER, mpscRing } from "../../src/memory/Layouts.ts"
import { InvalidOwner } from "../../src/memory/MemoryError.ts"
import { MpscReader } from "../../src/memory/MpscReader.ts"
import { countUnread, MpscRecovery, unreadBytes } from "../../src/memory/MpscRecovery.ts"
import * as MpscRing from "../../src/memory/MpscRing.ts"
import { MpscWriter } from "../../src/memory/MpscWriter.ts"
import { CORRUPT, NONE, RING_FULL } from "../../src/memory/Ring.ts"
import { advanceTo, CAPACITY, put, ringContract, send, take, takeAll } from "../contract/ringContract.ts"
import { seeded } from "./seeded.ts"

const UNITS = CAPACITY / 32
const HEADERS = mpscRing.descriptorCells
const TAIL = mpscRing.cells.tail
const HEAD = mpscRing.cells.head
const CLAIMED = 1 << 30
const COMMITTED = 2 << 30
const PADDING = 3 << 30

ringContract({
  name: "MpscRing",
  create: MpscRing.create,
  writer: (sab) => new MpscWriter(sab, 1),
  reader: (sab) => new MpscReader(sab),
  countUnread,
  unreadBytes,
  grainBytes: 32,
  tooLarge: [2 ** 29, 2 ** 32],
  nearWrap: [0x7fffffff, 0x7fffff80, -1, -128, -129, -(2 ** 31)],
  abortsTracelessly: false
})

/** A ring with so many writers, the owners 1, 2, …. */
const ring = (writers = 2, startPosition = 0) => {
  const sab = MpscRing.create(CAPACITY, startPosition)
  return {
    sab,
    cells: new Int32Array(sab),
    writers: Array.from({ length: writers }, (_, index) => new MpscWriter(sab, index + 1)) as [MpscWriter, MpscWriter],
    reader: new MpscReader(sab),
    recovery: new MpscRecovery(sab)
  }
}

describe("MpscRing headers", () => {
  it("R02 claims, commits and frees by one word a record, and stores the head behind it", () => {
    const { cells, reader, writers: [writer] } = ring()
    expect(writer.claim(40)).toBe(8)
    expect([cells[HEADERS], cells[HEADERS + 1]]).toEqual([CLAIMED | 1 << 22 | 2, 0])
    expect(cells[TAIL]).toBe(2)
    writer.commit(13, 42)
    expect(writer.region.i32[0]).toBe(8 + 13)
    expect(writer.region.i32[1]).toBe(42)
    expect([cells[HEADERS], cells[HEADERS + 1]]).toEqual([COMMITTED | 2, 0])
    expect(cells[HEAD]).toBe(0)
    reader.poll()
    reader.next()
    reader.release()
    expect([cells[HEADERS], cells[HEADERS + 1], cells[HEADERS + 2]]).toEqual([1, 1, 0])
    expect(cells[HEAD]).toBe(2)
  })

  it("R04 R18 publishes padding at the physical end by the same word that claims it", () => {
    const { cells, reader, writers: [writer] } = ring()
    advanceTo(writer, reader, CAPACITY - 96)
    expect(writer.claim(100)).toBe(8)
    expect(cells[HEADERS + UNITS - 3]).toBe(PADDING | 3)
    expect(cells[TAIL]).toBe(UNITS + 4)
    expect(reader.isEmpty()).toBe(false)
    expect(takeAll(reader)).toEqual([])
    expect(reader.isEmpty()).toBe(true)
    expect(cells[HEAD]).toBe(UNITS)
  })

  it("says of each unit in which lap it can be claimed, also from a position near the wrap-around", () => {
    const { cells, reader, writers: [writer] } = ring(1, -3)
    const free = (position: number) => position >>> 7
    expect([...cells.subarray(HEADERS, HEADERS + UNITS)]).toEqual(
      Array.from({ length: UNITS }, (_, unit) => free(unit < UNITS - 3 ? unit : unit - UNITS))
    )
    for (let type = 0; type < 6; type++) send(writer, 8, type)
    expect(takeAll(reader)).toHaveLength(6)
    expect(cells[HEADERS + UNITS - 1]).toBe(0)
    expect(cells[HEADERS]).toBe(1)
  })

  it.each([0, -1, 1.5, NaN, MAX_OWNER + 1])("refuses %d as an owner, to write and to recover", (owner) => {
    const { recovery, sab } = ring()
    expect(() => new MpscWriter(sab, owner)).toThrow(InvalidOwner)
    expect(() => recovery.recover(owner)).toThrow(String(owner))
  })
})

describe("MpscRing with several writers", () => {
  it("D01 hands records out in the order of their claims, whoever commits first", () => {
    const { reader, writers: [first, second] } = ring()
    first.claim(8)
    expect(put(second, 8, 2)).toBe(32 + 8)
    expect(reader.poll()).toBe(false)
    expect(reader.isEmpty()).toBe(true)
    first.region.u8.set([1, 2, 3, 4, 5, 6, 7, 8], 8)
    first.commit(8, 1)
    expect(takeAll(reader)).toEqual([[1, 8], [2, 8]])
  })

  it("R20 waits in front of an open claim of a living writer, through a whole ring of others", () => {
    const { reader, recovery, sab, writers: [slow, fast] } = ring()
    slow.claim(8)
    while (send(fast, 24, 7) >= 0);
    expect(recovery.recover(2)).toBe(0)
    expect(takeAll(reader)).toEqual([])
    expect(fast.usedBytes()).toBe(CAPACITY)
    expect(countUnread(sab)).toBe(0)
    slow.region.u8.set([9, 10], 8)
    slow.commit(2, 9)
    const records = takeAll(reader)
    expect(records).toHaveLength(UNITS)
    expect(records[0]).toEqual([9, 2])
  })

  it("D03 never overtakes the reader, whoever claims", () => {
    const { reader, writers } = ring(3)
    const random = seeded(3)
    let unreleased = 0
    for (let step = 0; step < 5000; step++) {
      const units = 1 + random(8)
      const offset = put(writers[random(3)]!, units * 32 - 8, step)
      if (offset >= 0) unreleased += units
      expect(unreleased).toBeLessThanOrEqual(UNITS)
      if (random(3) === 0 && reader.poll() && typeof take(reader) !== "number" && random(2) === 0) {
        takeAll(reader)
        unreleased = 0
      }
    }
  })

  it("D01 claims again in a lap only what has been released in the one before", () => {
    const { reader, writers: [first, second] } = ring()
    for (let lap = 0; lap < 5; lap++) {
      for (let unit = 0; unit < UNITS; unit++) {
        expect(send(unit % 2 === 0 ? first : second, 24, unit)).toBe(unit * 32 + 8)
      }
      expect(send(first, 0, 0)).toBe(RING_FULL)
      expect(takeAll(reader)).toHaveLength(UNITS)
    }
  })

  it("reads no record twice when all of the ring is read and not released", () => {
    const { reader, writers: [writer] } = ring()
    while (send(writer, 24, 5) >= 0);
    for (let count = 0; count < UNITS; count++) expect(take(reader)).toEqual([5, 24])
    expect(reader.next()).toBe(NONE)
    expect(reader.next()).toBe(NONE)
    reader.release()
    expect(reader.isEmpty()).toBe(true)
    send(writer, 1, 6)
    expect(takeAll(reader)).toEqual([[6, 1]])
  })

  it("D03 begins where the last record ends, however late the tail is, and writers that were away", () => {
    const { cells, reader, sab, writers } = ring(2, 0x7fffffff - 200)
    const random = seeded(11)
    const tails: Array<number> = [cells[TAIL]!]
    const away = new MpscWriter(sab, 3)
    let sent = 0
    let received = 0
    for (let turn = 0; turn < 4000; turn++) {
      const writer = random(9) === 0 ? away : random(9) === 0 ? new MpscWriter(sab, 4) : writers[random(2) as 0 | 1]
      if (random(3) === 0) cells[TAIL] = tails[Math.max(0, tails.length - 1 - random(300))]!
      const before = cells[TAIL]
      if (put(writer, random(200), sent) >= 0) sent++
      if (cells[TAIL] !== before) tails.push(cells[TAIL]!)
      if (random(4) === 0) { for (const [type] of takeAll(reader)) expect(type).toBe(received++) }
    }
    for (const [type] of takeAll(reader)) expect(type).toBe(received++)
    expect(received).toBe(sent)
    expect(sent).toBeGreaterThan(3000)
  })

  it("gives the room of padding back to writers when there is nothing else", () => {
    const { reader, writers: [first, second] } = ring()
    let aborted = 0
    for (; first.claim(1000) >= 0; aborted++) first.abort()
    expect(aborted).toBe(4)
    second.requestRoom()
    expect(reader.isEmpty()).toBe(false)
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(NONE)
    expect(second.usedBytes(), "freed without a release").toBe(0)
    expect(reader.takeRoomRequest()).toBe(true)
    expect(send(second, 1000, 1)).toBeGreaterThan(0)
  })

  it("does not free padding behind records that are read and not released", () => {
    const { reader, writers: [writer] } = ring()
    put(writer, 8, 1)
    writer.claim(8)
    writer.abort()
    expect(take(reader)).toEqual([1, 8])
    expect(reader.next()).toBe(NONE)
    expect(writer.usedBytes()).toBe(64)
    reader.release()
    expect(writer.usedBytes()).toBe(0)
  })

  it("steps over any number of paddings without going deeper", () => {
    const sab = MpscRing.create(1 << 24)
    const writer = new MpscWriter(sab, 1)
    const reader = new MpscReader(sab)
    for (let claims = 0; claims < (1 << 24) / 32; claims++) {
      writer.claim(0)
      writer.abort()
    }
    expect(writer.claim(0)).toBe(RING_FULL)
    expect(takeAll(reader)).toEqual([])
    expect(writer.usedBytes()).toBe(0)
  })
})

describe("MpscRing after a death", () => {
  it("R19 R21 turns a dead last claim into padding and reports it once, with nothing behind it", () => {
    const { reader, recovery, sab, writers: [dead, alive] } = ring()
    send(dead, 8, 1)
    dead.claim(500)
    expect(takeAll(reader)).toEqual([[1, 8]])
    expect(new MpscRecovery(sab).recover(1)).toBe(1)
    expect(recovery.recover(1)).toBe(0)
    expect(reader.isEmpty()).toBe(false)
    expect(takeAll(reader)).toEqual([])
    expect(alive.usedBytes()).toBe(0)
    send(alive, 8, 2)
    expect(takeAll(reader)).toEqual([[2, 8]])
  })

  it("R18 loses nothing when the dead writer had padded the physical end and done nothing else", () => {
    const { cells, reader, recovery, writers: [dead, alive] } = ring()
    advanceTo(alive, reader, CAPACITY - 64)
    dead.claim(100)
    // The writer died one step earlier: behind its one word, before it stored the tail and made the claim behind it.
    cells[HEADERS] = 1
    cells[TAIL] = UNITS - 2
    expect(recovery.recover(1)).toBe(0)
    expect(takeAll(reader)).toEqual([])
    send(alive, 100, 3)
    expect(takeAll(reader)).toEqual([[3, 100]])
  })

  it("R19 goes on behind a dead claim that was never told by the tail, recovered before or after", () => {
    for (const recoversFirst of [true, false]) {
      const { cells, reader, recovery, writers: [dead, alive] } = ring()
      dead.claim(40)
      cells[TAIL] = 0
      if (recoversFirst) {
        expect(recovery.recover(1)).toBe(1)
        expect(takeAll(reader)).toEqual([])
      }
      expect(send(alive, 8, 3)).toBe(2 * 32 + 8)
      if (!recoversFirst) expect(recovery.recover(1)).toBe(1)
      expect(takeAll(reader)).toEqual([[3, 8]])
    }
  })

  it("R21 reports only what the dead owner had claimed, of all its ends", () => {
    const { reader, recovery, sab, writers: [dead, alive] } = ring(3)
    dead.claim(8)
    alive.claim(8)
    new MpscWriter(sab, 1).claim(8)
    expect(recovery.recover(3)).toBe(0)
    expect(recovery.recover(1)).toBe(2)
    expect(takeAll(reader)).toEqual([])
    alive.commit(0, 4)
    expect(takeAll(reader)).toEqual([[4, 0]])
  })

  it("R21 leaves the number of the dead owner in the padding that was its record", () => {
    const { cells, recovery, writers: [, dead] } = ring()
    dead.claim(100)
    recovery.recover(2)
    expect(cells[HEADERS]).toBe(PADDING | 2 << 22 | 4)
  })

  it.each([1, 4, 5, 6, 8, 9, 10, 11])("finishes the release in which a reader died after %i headers", (freed) => {
    const { cells, reader, sab, writers: [writer] } = ring(2, -5)
    // Records of 1, 2, 3 and 5 units, then one that nobody has read; all but the first are in the next lap.
    const units = [1, 2, 2, 3, 3]
    for (const count of units) send(writer, count * 32 - 8, count)
    for (let count = 0; count < 5; count++) take(reader)
    send(writer, 8, 9)
    for (let position = 5; position > 5 - freed; position--) {
      cells[HEADERS + (position & (UNITS - 1))] = (position + UNITS) >>> 7
    }
    const successor = new MpscReader(sab)
    expect(successor.isEmpty()).toBe(false)
    expect(countUnread(sab)).toBe(units.filter((_, index) => [-5, -4, -2, 0, 3][index]! <= 5 - freed).length + 1)
    const whole = units.filter((_, index) => [-5, -4, -2, 0, 3][index]! <= 5 - freed)
    expect(takeAll(successor).map(([type]) => type)).toEqual([...whole, 9])
    expect(writer.usedBytes()).toBe(0)
    expect(Array.from({ length: 13 }, (_, index) => cells[HEADERS + ((index - 5) & (UNITS - 1))])).toEqual([
      ...Array<number>(5).fill(0),
      ...Array<number>(7).fill(1),
      0
    ])
  })

  it("finishes the release of a whole ring, so that writers have room again", () => {
    const { cells, reader, sab, writers: [writer] } = ring()
    while (send(writer, 24, 5) >= 0);
    while (reader.next() >= 0);
    cells.fill(1, HEADERS, HEADERS + UNITS)
    const successor = new MpscReader(sab)
    expect(successor.isEmpty()).toBe(false)
    expect(takeAll(successor)).toEqual([])
    expect(successor.isEmpty()).toBe(true)
    expect(successor.poll()).toBe(false)
    expect(send(writer, 24, 6)).toBeGreaterThan(0)
    expect(takeAll(successor)).toEqual([[6, 24]])
  })
})

describe("MpscRing with damaged memory", () => {
  const damagedHeaders: ReadonlyArray<readonly [string, number]> = [
    ["free in another lap", 5],
    ["claimed without owner", CLAIMED | 1],
    ["claimed by an owner, without units", CLAIMED | 3 << 22],
    ["claimed beyond the end", CLAIMED | 3 << 22 | UNITS],
    ["committed without units", COMMITTED],
    ["committed beyond the end", COMMITTED | UNITS],
    ["committed with an owner", COMMITTED | 1 << 22 | 1],
    ["padding without units", PADDING],
    ["padding beyond the end", PADDING | UNITS],
    ["padding with all bits", -1]
  ]

  it.each(damagedHeaders)("answers CORRUPT to a header that is %s, and skips that record alone", (_, word) => {
    const { cells, reader, writers: [writer] } = ring()
    send(writer, 8, 1)
    send(writer, 72, 2)
    send(writer, 8, 3)
    cells[HEADERS + 1] = word
    expect(reader.poll()).toBe(true)
    expect(take(reader)).toEqual([1, 8])
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(CORRUPT)
    expect(reader.next()).toBe(CORRUPT)
    expect(reader.resync()).toBe(3 * 32)
    expect(takeAll(reader)).toEqual([[3, 8]])
    expect(writer.usedBytes()).toBe(0)
    send(writer, 8, 4)
    expect(takeAll(reader)).toEqual([[4, 8]])
  })

  // The other words say how far a record reaches, and that is all that a writer needs.
  const unclear = damagedHeaders.filter(([name]) => !/owner$|bits$/.test(name))

  it.each(unclear)("refuses to claim at a header that is %s until the reader has repaired it", (_, word) => {
    const { cells, reader, writers: [writer] } = ring()
    send(writer, 8, 1)
    cells[HEADERS + 1] = word
    expect(writer.claim(8)).toBe(RING_FULL)
    expect(writer.claim(2000)).toBeLessThan(0)
    expect(takeAll(reader)).toEqual([[1, 8]])
    expect(reader.poll()).toBe(true)
    expect(reader.next()).toBe(CORRUPT)
    expect(reader.resync()).toBe(0)
    expect(reader.poll()).toBe(false)
    send(writer, 8, 2)
    expect(takeAll(reader)).toEqual([[2, 8]])
  })

  it.each([-1, -UNITS, 3 * UNITS, -(2 ** 31), 2 ** 31 - 1])(
    "finds the end of the records when the tail says %i",
    (tail) => {
      const { cells, reader, sab, writers: [writer] } = ring()
      send(writer, 8, 1)
      cells[TAIL] = tail
      expect(writer.usedBytes()).toBeGreaterThanOrEqual(0)
      expect(writer.usedBytes()).toBeLessThanOrEqual(CAPACITY)
      send(writer, 8, 2)
      cells[TAIL] = tail
      send(new MpscWriter(sab, 2), 8, 3)
      expect(cells[TAIL]).toBe(3)
      expect(takeAll(reader)).toEqual([[1, 8], [2, 8], [3, 8]])
    }
  )

  it.each([UNITS + 1, -1, -(2 ** 31), 2 ** 31 - 1])("takes a head of %i for a full ring", (head) => {
    const { cells, reader, writers: [writer] } = ring()
    while (send(writer, 24, 1) >= 0);
    cells[HEAD] = head
    expect(writer.claim(8)).toBe(RING_FULL)
    expect(writer.claim(8)).toBe(RING_FULL)
    expect(takeAll(reader)).toHaveLength(UNITS)
    expect(writer.claim(8)).toBe(8)
  })

  it("comes to an end when both the tail and the header where it must claim are damaged", () => {
    for (const tail of [-1, UNITS - 1, UNITS, UNITS + 2, 5 * UNITS, 2 ** 31 - 1]) {
      const { cells, writers: [writer] } = ring()
      send(writer, 8, 1)
      cells[HEADERS + 1] = 5
      cells[TAIL] = tail
      expect(writer.claim(100)).toBeGreaterThanOrEqual(RING_FULL)
    }
  })

  it("does not claim in front of a gap when the head says more than was ever claimed", () => {
    const { cells, reader, writers: [writer] } = ring()
    for (let lap = 0; lap < 2; lap++) {
      while (send(writer, 24, 1) >= 0);
      takeAll(reader)
    }
    for (let type = 0; type < UNITS - 2; type++) send(writer, 24, type)
    cells[HEAD] = 3 * UNITS + 3
    expect(writer.claim(100)).toBe(RING_FULL)
    expect(writer.claim(100)).toBe(RING_FULL)
    expect(takeAll(reader)).toHaveLength(UNITS - 2)
    expect(send(writer, 100, 7)).toBe(8)
    expect(takeAll(reader)).toEqual([[7, 100]])
  })

  it("never hands out a byte outside of the data or of the record's units, and always comes to an end", () => {
    let corrupt = 0
    let records = 0
    for (let seed = 1; seed <= 600; seed++) {
      const random = seeded(seed)
      const { cells, reader, sab, writers } = ring(2, random(1 << 20))
      const start = cells[HEAD]!
      while (random(12) > 0 && put(writers[random(2) as 0 | 1], random(900), random(1000)) >= 0);
      for (let hits = random(6); hits >= 0; hits--) {
        const used = (start + random(Math.max(1, (cells[TAIL]! - start) | 0))) & (UNITS - 1)
        const at = HEADERS + (random(3) === 0 ? UNITS + random(CAPACITY / 4) : random(3) === 0 ? random(UNITS) : used)
        const kind = random(4) << 30
        cells[at] = random(2) === 0 ? kind | random(2) << 22 | random(40) : (random(1 << 16) << 16) | random(1 << 16)
      }
      if (random(5) === 0) cells[TAIL] = (random(1 << 16) << 16) | random(1 << 16)
      let ended = false
      let last = start
      for (let steps = 0; steps < 4 * UNITS && !ended; steps++) {
        const offset = reader.next()
        if (offset === NONE) ended = true
        else if (offset === CORRUPT) {
          corrupt++
          expect(reader.next()).toBe(CORRUPT)
          expect(reader.resync()).toBeLessThanOrEqual(CAPACITY)
        } else {
          records++
          const unit = (offset - 8) / 32
          const position = last + ((unit - last) & (UNITS - 1))
          expect(position).toBeGreaterThanOrEqual(last)
          expect(position - start).toBeLessThan(UNITS)
          expect(offset % 32).toBe(8)
          expect(reader.end).toBeGreaterThanOrEqual(offset)
          expect(reader.end).toBeLessThanOrEqual(CAPACITY)
          expect(reader.type).toBeGreaterThanOrEqual(0)
          last = position + Math.ceil((reader.end - offset + 8) / 32)
        }
      }
      expect(ended, `seed ${seed}`).toBe(true)
      reader.release()
      expect(unreadBytes(sab)).toBeLessThanOrEqual(CAPACITY)
      expect(writers[0].claim(random(900))).toBeGreaterThanOrEqual(RING_FULL)
    }
    expect(corrupt).toBeGreaterThan(100)
    expect(records).toBeGreaterThan(500)
  })
})
