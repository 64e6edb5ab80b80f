import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { afterEach, describe, expect, it } from "vitest"
import { MpscReader } from "../../src/memory/MpscReader.ts"
import { MpscRecovery, unreadBytes } from "../../src/memory/MpscRecovery.ts"
import * as MpscRing from "../../src/memory/MpscRing.ts"
import { MpscWriter } from "../../src/memory/MpscWriter.ts"
import { CORRUPT } from "../../src/memory/Ring.ts"
import { CLAIMED_CELL, giveWay, GO_CELL, SETTLED_CELL, wordOf } from "../fixtures/writers.ts"
import { expectOutcomes, noneOf, type Outcomes } from "./outcomes.ts"
import { seeded } from "./seeded.ts"

const workers: Array<Worker> = []

interface Writing {
  readonly ring: SharedArrayBuffer
  readonly owner: number
  readonly records: number
  readonly mostWords: number
  readonly times: number
}

const start = async (writing: Writing) => {
  const control = new SharedArrayBuffer(512)
  const worker = new Worker(new URL("../fixtures/mpsc-writer.worker.ts", import.meta.url), {
    workerData: { ...writing, control }
  })
  workers.push(worker)
  await once(worker, "message")
  const cells = new Int32Array(control)
  return {
    worker,
    exit: once(worker, "exit"),
    go: () => Atomics.store(cells, GO_CELL, 1),
    /** Claims that it has neither committed nor given up, as far as it has counted. */
    open: () => Atomics.load(cells, CLAIMED_CELL) - Atomics.load(cells, SETTLED_CELL)
  }
}

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate()
})

const records: Outcomes = {
  nothing: ["allowed", "the reader is faster, or waits in front of an open claim"],
  "only padding": ["allowed", "claims that were given up, or the physical end"],
  "next of the same writer": ["required", "records of one writer come in its order"],
  "next of another writer": ["required", "writers go on beside each other"],
  torn: ["forbidden", "a record is visible whole or not at all"],
  "out of order": ["forbidden", "each claim of a writer is behind the one before"],
  corrupt: ["forbidden", "claims do not overlap"]
}

const deaths: Outcomes = {
  "nothing open, nothing lost": ["allowed", "it died between two records, or waiting for room"],
  "open and lost": ["required", "it died writing"],
  "lost before it was counted": ["allowed", "it died right behind its claim"],
  "committed before it was counted": ["allowed", "it died right behind its commit"],
  miscounted: ["forbidden", "a claim is lost, or it is committed or given up"]
}

/** Reads what is there, and notes what each record is. */
class Watcher {
  readonly observed = noneOf(records)
  /** The next record of each owner. */
  readonly next = new Map<number, number>()
  private last = 0
  private readonly idle = new Int32Array(new SharedArrayBuffer(8))
  readonly reader: MpscReader
  constructor(ring: SharedArrayBuffer) {
    this.reader = new MpscReader(ring)
  }
  note(outcome: string): void {
    this.observed[outcome] = (this.observed[outcome] ?? 0) + 1
  }
  drain(): void {
    const { reader } = this
    if (!reader.poll()) {
      giveWay(this.idle)
      return this.note("nothing")
    }
    let count = 0
    for (let offset = reader.next(); offset !== -1; offset = reader.next()) {
      if (offset === CORRUPT) {
        this.note("corrupt")
        reader.resync()
        continue
      }
      this.take(offset)
      count++
    }
    if (count === 0) this.note("only padding")
    reader.release()
  }
  private take(offset: number): void {
    const { end, region, type } = this.reader
    const owner = type >> 20
    const index = type & 0xfffff
    const expected = this.next.get(owner) ?? 0
    this.next.set(owner, index + 1)
    for (let word = 0; word < (end - offset) >> 2; word++) {
      if (region.i32[(offset >> 2) + word] !== wordOf(owner, index, word)) return this.note("torn")
    }
    if (index !== expected) this.note("out of order")
    else this.note(owner === this.last ? "next of the same writer" : "next of another writer")
    this.last = owner
  }
  records(owner: number): number {
    return this.next.get(owner) ?? 0
  }
}

/** Kills a thread while the reader goes on, up to the claim that it leaves. */
const kill = async (worker: Worker, watcher: Watcher): Promise<void> => {
  const state = { gone: false }
  const exit = worker.terminate().then(() => {
    state.gone = true
  })
  while (!state.gone) {
    watcher.drain()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await exit
}

describe("MpscRing between threads", () => {
  it.each([[4096, 24], [1 << 16, 100]])(
    "R15 R20 takes records of two writers whole, each in its order, through %i bytes",
    async (capacityBytes, mostWords) => {
      const each = 200_000
      const ring = MpscRing.create(capacityBytes, 0x7ffff000)
      const watcher = new Watcher(ring)
      const writers = await Promise.all(
        [1, 2].map((owner) => start({ ring, owner, records: each, mostWords, times: 1 }))
      )
      for (const { go } of writers) go()
      while (watcher.records(1) < each || watcher.records(2) < each) watcher.drain()
      for (const { exit } of writers) expect((await exit)[0]).toBe(0)
      watcher.drain()
      expectOutcomes(watcher.observed, records)
      expect(unreadBytes(ring)).toBe(0)
    },
    60_000
  )

  it("R18 R19 R21 accounts for writers that are killed anywhere, and loses nothing of the living", async () => {
    const ring = MpscRing.create(8192, 0x7ffff000)
    const watcher = new Watcher(ring)
    const recovery = new MpscRecovery(ring)
    const alive = await start({ ring, owner: 1, records: 1_000_000, mostWords: 20, times: 1 })
    const random = seeded(21)
    const died = noneOf(deaths)
    const note = (outcome: string) => {
      died[outcome] = (died[outcome] ?? 0) + 1
    }
    alive.go()
    for (let owner = 2; owner <= 25; owner++) {
      const mortal = await start({ ring, owner, records: 1_000_000, mostWords: 250, times: 200 })
      mortal.go()
      for (const count = 1 + random(60); watcher.records(owner) < count;) watcher.drain()
      await kill(mortal.worker, watcher)
      const open = mortal.open()
      const [lost, again] = [recovery.recover(owner), recovery.recover(owner)]
      expect(again).toBe(0)
      if (lost === open) note(lost === 0 ? "nothing open, nothing lost" : "open and lost")
      else if (lost === 1 && open === 0) note("lost before it was counted")
      else if (lost === 0 && open === 1) note("committed before it was counted")
      else note("miscounted")
      const before = watcher.records(1)
      while (watcher.records(1) < before + 200) watcher.drain()
    }
    expectOutcomes(died, deaths)
    await kill(alive.worker, watcher)
    recovery.recover(1)
    watcher.drain()
    expectOutcomes(watcher.observed, records)
    expect(unreadBytes(ring)).toBe(0)
    const writer = new MpscWriter(ring, 30)
    for (let index = 0; index < 100; index++) {
      expect(writer.claim(1000)).toBeGreaterThanOrEqual(0)
      writer.commit(0, 30 << 20 | index)
      watcher.drain()
    }
    expect(watcher.records(30)).toBe(100)
  }, 120_000)
})
