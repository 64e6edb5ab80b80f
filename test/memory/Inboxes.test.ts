import { describe, expect, it } from "vitest"
import * as Inboxes from "../../src/memory/Inboxes.ts"
import { InboxReader, InboxWriter, NOTHING } from "../../src/memory/Inboxes.ts"
import { MAGIC_CELL } from "../../src/memory/Layout.ts"
import { InvalidCapacity, InvalidMemory } from "../../src/memory/MemoryError.ts"

const shape = { submitters: 2, jobs: 4, workers: 3 }

const free = { isHeld: () => false }

const inboxes = (isHeld: (slot: number) => boolean = () => false) => {
  const sab = Inboxes.create(shape, (worker) => 10 + worker)
  return {
    sab,
    first: new InboxWriter(sab, 0),
    second: new InboxWriter(sab, 1),
    reader: new InboxReader(sab, 1, 11, { isHeld })
  }
}

/** Takes all that there is. */
const all = (reader: InboxReader): ReadonlyArray<number> => {
  const slots: Array<number> = []
  for (let slot = reader.next(); slot !== NOTHING; slot = reader.next()) {
    slots.push(slot)
    reader.taken()
  }
  return slots
}

const listed = (writer: InboxWriter, worker: number): ReadonlyArray<number> => {
  const into = new Int32Array(shape.jobs)
  return Array.from(into.subarray(0, writer.list(worker, into)))
}

describe("Inboxes", () => {
  it("give a worker what is for it, in the order of each sender, by turns", () => {
    const { first, reader, second } = inboxes()
    for (const slot of [0, 1, 2]) first.push(1, slot)
    for (const slot of [4, 5]) second.push(1, slot)
    first.push(2, 3)
    expect([first.load(1), first.load(2), first.load(0)]).toEqual([5, 1, 0])
    expect(all(reader)).toEqual([0, 4, 1, 5, 2])
    expect([reader.next(), reader.hasNews(), reader.load(1), listed(first, 2)]).toEqual([NOTHING, false, 0, [3]])
  })

  it("go round as often as they like", () => {
    const { first, reader } = inboxes()
    for (let round = 0; round < 10; round++) {
      for (const slot of [0, 1, 2, 3]) first.push(1, slot)
      expect(all(reader)).toEqual([0, 1, 2, 3])
    }
  })

  it("keep a job where it is until it is taken", () => {
    const { first, reader } = inboxes()
    first.push(1, 0)
    expect([reader.next(), reader.next(), listed(first, 1)]).toEqual([0, 0, [0]])
    reader.taken()
    reader.taken()
    expect(listed(first, 1)).toEqual([])
  })

  it("pass over what is held, which keeps its place", () => {
    const held = new Set([0, 1, 3])
    const { first, reader } = inboxes((slot) => held.has(slot))
    for (const slot of [0, 1, 2, 3]) first.push(1, slot)
    expect([all(reader), listed(first, 1), reader.hasNews()]).toEqual([[2], [0, 1, 3], false])
    held.clear()
    expect(reader.hasNews()).toBe(false)
    reader.release()
    expect([reader.hasNews(), all(reader)]).toEqual([true, [0, 1, 3]])
    // Nothing was held since.
    reader.release()
    expect(reader.hasNews()).toBe(false)
  })

  it("take back what was begun as the oldest of its lane", () => {
    const { first, reader, second } = inboxes()
    for (const slot of [0, 1]) first.push(1, slot)
    expect(reader.next()).toBe(0)
    reader.taken()
    second.push(1, 4)
    reader.putBack(0, 0)
    expect([listed(first, 1), reader.hasNews(), all(reader)]).toEqual([[0, 1], true, [4, 0, 1]])
  })

  it("are read by one incarnation, which is let in by each sender", () => {
    const { first, reader, sab, second } = inboxes()
    for (const slot of [0, 1, 2]) first.push(1, slot)
    second.push(1, 4)
    expect(reader.next()).toBe(0)
    reader.taken()
    const next = new InboxReader(sab, 1, 75, free)
    expect([first.isAdmitted(1, 11), first.isAdmitted(1, 75), all(next)]).toEqual([true, false, []])
    first.refill(1, [0, ...listed(first, 1)])
    first.admit(1, 75)
    expect([next.hasNews(), first.isAdmitted(1, 75), second.isAdmitted(1, 75)]).toEqual([true, true, false])
    expect([all(next), reader.next()]).toEqual([[0, 1, 2], 4])
    second.admit(1, 75)
    expect(all(next)).toEqual([4])
  })

  it("have a lane for each level, and who reads says which comes first", () => {
    const levels = 3
    const sab = Inboxes.create({ ...shape, levels }, (worker) => 10 + worker)
    const [first, second] = [new InboxWriter(sab, 0), new InboxWriter(sab, 1)]
    const picked: Array<number> = []
    const held = new Set([2])
    const reader = new InboxReader(sab, 1, 11, { isHeld: (slot) => held.has(slot) }, {
      pick: (waits) => Math.max(0, waits.lastIndexOf(true)),
      picked: (level, waits) => picked.push(level, waits.filter((one) => one).length)
    })
    first.push(1, 0)
    expect(reader.next()).toBe(0)
    first.push(1, 1, 2)
    first.push(1, 2, 2)
    second.push(1, 4, 1)
    second.push(1, 5, 2)
    expect([first.load(1), first.list(1, new Int32Array(4), 2), first.list(1, new Int32Array(4), 1)]).toEqual([5, 2, 0])
    expect(all(reader)).toEqual([5, 1, 4, 0])
    // Where all of a level is held, it counts as empty.
    expect(picked).toEqual([2, 3, 2, 3, 1, 2, 0, 1])
    held.clear()
    reader.release()
    expect([reader.next(), reader.hasFound]).toEqual([2, true])
    reader.taken()
    second.push(1, 6, 1)
    expect(reader.next()).toBe(6)
    reader.taken()
    reader.putBack(1, 6, 1)
    // One incarnation reads all levels, or none.
    const next = new InboxReader(sab, 1, 75, free)
    expect(all(next)).toEqual([])
    second.refill(1, [6, 7], 1)
    first.admit(1, 75)
    second.admit(1, 75)
    expect(all(next)).toEqual([])
    expect(all(new InboxReader(sab, 1, 75, free, { pick: (waits) => waits.indexOf(true), picked: () => {} }))).toEqual([
      6,
      7
    ])
  })

  it("say how many jobs of each thread one buffer has room for", () => {
    for (const sizes of [{ submitters: 255, workers: 64, levels: 3 }, { submitters: 2, workers: 1 }]) {
      const most = Inboxes.mostJobs(sizes)
      const [fits, not] = [2 ** Math.floor(Math.log2(most)), 2 ** (Math.floor(Math.log2(most)) + 1)]
      expect(() => Inboxes.create({ ...sizes, jobs: not }, () => 1)).toThrow(InvalidCapacity)
      expect(fits).toBeGreaterThan(1024)
    }
  })

  it("say how much a worker has to do, what it runs included", () => {
    const { first, reader, sab, second } = inboxes()
    first.push(1, 0)
    second.push(1, 4)
    reader.running(2)
    expect([first.load(1), second.load(1), first.load(0)]).toEqual([4, 4, 0])
    expect(new InboxReader(sab, 1, 75, free).load(1)).toBe(2)
  })

  it.each([
    ["workers", { ...shape, workers: 0 }],
    ["submitters", { ...shape, submitters: 1.5 }],
    ["jobs", { ...shape, jobs: 3 }],
    ["levels", { ...shape, levels: 0 }],
    ["jobs", { submitters: 255, jobs: 65_536, workers: 64 }]
  ])("refuse %s that make no sense", (option, wrong) => {
    expect(() => Inboxes.create(wrong, () => 1)).toThrow(InvalidCapacity)
    expect(() => Inboxes.create(wrong, () => 1)).toThrow(option)
  })

  it("refuse what is none", () => {
    const sab = Inboxes.create(shape, () => 1)
    const short = sab.slice(0, sab.byteLength - 128)
    expect(() => new InboxWriter(short, 0)).toThrow(InvalidMemory)
    new Int32Array(sab)[MAGIC_CELL] = 1
    expect(() => new InboxReader(sab, 0, 1, free)).toThrow(InvalidMemory)
  })
})
