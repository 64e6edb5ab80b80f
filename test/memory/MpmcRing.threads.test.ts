import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { afterEach, describe, expect, it } from "vitest"
import { MpmcRecovery } from "../../src/memory/MpmcRecovery.ts"
import * as MpmcRing from "../../src/memory/MpmcRing.ts"
import { MpmcReader, MpmcWriter } from "../../src/memory/MpmcRing.ts"
import { EACH_CELLS, isWhole, outcomes, play, TAKEN_CELL, WORDS, write } from "../fixtures/mpmcPlay.ts"
import { CLAIMED_CELL, GO_CELL, SETTLED_CELL } from "../fixtures/writers.ts"
import { expectOutcomes, noneOf, type Outcomes } from "./outcomes.ts"
import { seeded } from "./seeded.ts"

const workers: Array<Worker> = []

const start = async (
  ring: SharedArrayBuffer,
  owner: number,
  part: "both" | "write" | "read",
  records: number,
  control = new SharedArrayBuffer((EACH_CELLS + records) * 4)
) => {
  const worker = new Worker(new URL("../fixtures/mpmc-player.worker.ts", import.meta.url), {
    workerData: { control, owner, part, records, ring }
  })
  workers.push(worker)
  await once(worker, "message")
  return { worker, cells: new Int32Array(control) }
}

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate()
})

/** Kills a thread and goes on working until it is gone. */
const kill = async (worker: Worker, work: () => void): Promise<void> => {
  const state = { gone: false }
  const exit = worker.terminate().then(() => {
    state.gone = true
  })
  while (!state.gone) {
    work()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await exit
}

/** The ring takes as many records as it has cells, and gives them back. */
const expectWorks = (ring: SharedArrayBuffer, slots: number): void => {
  const writer = new MpmcWriter(ring, 99)
  const reader = new MpmcReader(ring, 99)
  for (let lap = 0; lap < 3; lap++) {
    for (let index = 0; index < slots; index++) expect(write(writer, 99, index)).toBe(true)
    expect(writer.claim(WORDS * 4)).toBeLessThan(0)
    for (let index = 0; index < slots; index++) {
      expect(reader.region.i32[(reader.next() >> 2) + 1]).toBe(index)
    }
    expect(reader.next()).toBeLessThan(0)
  }
}

const writerDeaths: Outcomes = {
  "nothing open, nothing lost": ["allowed", "it died between two records, or while the ring was full"],
  "open and lost": ["required", "it died writing"],
  "lost before it was counted": ["allowed", "it died right behind its claim"],
  "committed before it was counted": ["allowed", "it died right behind its commit"],
  miscounted: ["forbidden", "a claim is lost or committed"]
}

const readerDeaths: Outcomes = {
  "nothing in its hands": ["allowed", "it died between two records"],
  "in its hands, not handled": ["required", "it died looking at a record"],
  "in its hands, handled": ["allowed", "it died in front of its release"],
  miscounted: ["forbidden", "a record is handled once, or it is reported"]
}

describe("MpmcRing between threads", () => {
  it.each([2, 8, 1024])("R15 C12 gives each record to one of three threads, over %i slots", async (slots) => {
    const records = 30_000
    const ring = MpmcRing.create(slots, WORDS * 4, 128, 0x7fffffff - 1000)
    const control = new SharedArrayBuffer(512)
    const players = await Promise.all([1, 2].map((owner) => start(ring, owner, "both", records, control)))
    const results = players.map(({ worker }) => once(worker, "message"))
    const cells = new Int32Array(control)
    Atomics.store(cells, GO_CELL, 1)
    const observed = [play(new MpmcWriter(ring, 3), new MpmcReader(ring, 3), 3, records, cells)]
    for (const result of results) observed.push((await result)[0] as Record<string, number>)
    const sum = noneOf(outcomes)
    for (const one of observed) for (const [outcome, count] of Object.entries(one)) sum[outcome]! += count
    expectOutcomes(sum, outcomes)
    expect(sum["of its own"]! + sum["of another thread"]!).toBe(3 * records)
    expect(Atomics.load(cells, TAKEN_CELL)).toBe(3 * records)
    expectWorks(ring, slots)
  }, 60_000)

  it("R18 R19 R20 R21 accounts for writers that are killed anywhere", async () => {
    const ring = MpmcRing.create(64, WORDS * 4, 128, 0x7fffffff - 100)
    const recovery = new MpmcRecovery(ring)
    const reader = new MpmcReader(ring, 100)
    const random = seeded(3)
    const died = noneOf(writerDeaths)
    for (let owner = 1; owner <= 24; owner++) {
      const { cells, worker } = await start(ring, owner, "write", 1_000_000)
      Atomics.store(cells, GO_CELL, 1)
      const seen = { next: 0, wrong: 0 }
      const drain = (): void => {
        for (let offset = reader.next(); offset >= 0; offset = reader.next()) {
          const words = reader.region.i32
          if (words[offset >> 2] !== owner || words[(offset >> 2) + 1] !== seen.next || !isWhole(words, offset >> 2)) {
            seen.wrong++
          }
          seen.next++
          reader.release()
        }
      }
      for (const count = 1 + random(200); seen.next < count;) drain()
      await kill(worker, drain)
      const open = Atomics.load(cells, CLAIMED_CELL) - Atomics.load(cells, SETTLED_CELL)
      const lost = recovery.recover(owner)
      expect(lost.reading).toBe(0)
      expect(recovery.recover(owner)).toEqual({ writing: 0, reading: 0, isSettled: true })
      drain()
      expect(seen.wrong, "torn records, or out of order").toBe(0)
      const uncounted = seen.next - Atomics.load(cells, SETTLED_CELL)
      if (lost.writing === 1 && open === 1 && uncounted === 0) died["open and lost"]!++
      else if (lost.writing === 1 && open === 0 && uncounted === 0) died["lost before it was counted"]!++
      else if (lost.writing === 0 && open === 1 && uncounted === 1) died["committed before it was counted"]!++
      else if (lost.writing === 0 && open === 0 && uncounted === 0) died["nothing open, nothing lost"]!++
      else died["miscounted"]!++
    }
    expectOutcomes(died, writerDeaths)
    expectWorks(ring, 64)
  }, 60_000)

  it("R21 accounts for readers that are killed anywhere", async () => {
    const records = 100_000
    const ring = MpmcRing.create(8, WORDS * 4, 128)
    const recovery = new MpmcRecovery(ring)
    const writer = new MpmcWriter(ring, 100)
    const reader = new MpmcReader(ring, 101)
    const random = seeded(4)
    const died = noneOf(readerDeaths)
    for (let owner = 1; owner <= 24; owner++) {
      const { cells, worker } = await start(ring, owner, "read", records)
      const marks = cells.subarray(EACH_CELLS)
      const state = { sent: 0 }
      const send = (): void => {
        while (state.sent < records && write(writer, 100, state.sent)) state.sent++
      }
      Atomics.store(cells, GO_CELL, 1)
      for (const count = 20 + random(50); state.sent < count;) send()
      await kill(worker, send)
      const { reading, writing } = recovery.recover(owner)
      expect(writing).toBe(0)
      expect(recovery.recover(owner)).toEqual({ writing: 0, reading: 0, isSettled: true })
      for (let offset = reader.next(); offset >= 0; offset = reader.next()) {
        expect(isWhole(reader.region.i32, offset >> 2)).toBe(true)
        marks[reader.region.i32[(offset >> 2) + 1]!]!++
        reader.release()
      }
      expect(Atomics.load(cells, CLAIMED_CELL), "torn records").toBe(0)
      let missing = 0
      let doubled = 0
      for (let index = 0; index < state.sent; index++) {
        if (marks[index] === 0) missing++
        else if (marks[index]! > 1) doubled++
      }
      if (reading === 0 && missing === 0 && doubled === 0) died["nothing in its hands"]!++
      else if (reading === 1 && missing === 1 && doubled === 0) died["in its hands, not handled"]!++
      else if (reading === 1 && missing === 0 && doubled === 0) died["in its hands, handled"]!++
      else died["miscounted"]!++
    }
    expectOutcomes(died, readerDeaths)
    expectWorks(ring, 8)
  }, 60_000)
})
