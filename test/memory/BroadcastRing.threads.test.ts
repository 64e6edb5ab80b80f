import * as Effect from "effect/Effect"
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { afterEach, describe, expect, it } from "vitest"
import { BroadcastReader } from "../../src/memory/BroadcastReader.ts"
import { BroadcastRecovery } from "../../src/memory/BroadcastRecovery.ts"
import * as BroadcastRing from "../../src/memory/BroadcastRing.ts"
import { BroadcastWriter } from "../../src/memory/BroadcastWriter.ts"
import { JOINED_CELL, publishesAfter, READ_CELL, SENT_CELL, wordOf, wordsOf } from "../fixtures/broadcast.ts"
import { until } from "../support/until.ts"
import { expectOutcomes, type Observed, type Outcomes } from "./outcomes.ts"

const workers: Array<Worker> = []

const start = (workerData: unknown): Worker => {
  const worker = new Worker(new URL("../fixtures/broadcast-reader.worker.ts", import.meta.url), { workerData })
  workers.push(worker)
  return worker
}

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate()
})

const joined = (cells: Int32Array, readers: number): Promise<void> =>
  Effect.runPromise(until(() => Atomics.load(cells, JOINED_CELL) === readers, () => Atomics.load(cells, JOINED_CELL)))

/** Writes records by their numbers. */
const send = (writer: BroadcastWriter, record: number): void => {
  const words = wordsOf(record)
  const offset = writer.claim(words * 4) >> 2
  for (let i = 0; i < words; i++) writer.region.i32[offset + i] = wordOf(record, i)
  writer.commit(words * 4, record)
  if (publishesAfter(record)) writer.publish()
}

const outcomes: Outcomes = {
  next: ["required", "a reader that keeps up"],
  "behind a counted gap": ["required", "a reader that the writer has overtaken"],
  torn: ["forbidden", "a record stays in place until the next poll"],
  "out of order": ["forbidden", "there is one writer"],
  miscounted: ["forbidden", "records seen and lost are all that were published"],
  corrupt: ["forbidden", "nobody reads what is being written"]
}

describe("BroadcastRing between threads", () => {
  it.each([[4096, 4], [4096, 16], [1 << 16, 8]])(
    "R15 R16 gives two readers each record whole or counts it, from a writer that never waits, over %i bytes in %i chunks",
    async (capacityBytes, chunks) => {
      const records = 1_000_000
      const ring = BroadcastRing.create({ capacityBytes, readers: 2, chunks })
      const control = new SharedArrayBuffer(512)
      const cells = new Int32Array(control)
      const readers = [1, 2].map((owner) => start({ control, owner, ring }))
      const results = readers.map((worker) => once(worker, "message"))
      await joined(cells, 2)
      const writer = new BroadcastWriter(ring)
      for (let record = 0; record < records; record++) send(writer, record)
      writer.publish()
      Atomics.store(cells, SENT_CELL, records)
      for (const result of results) {
        const [{ observed, total }] = await result as [{ readonly observed: Observed; readonly total: number }]
        expect(total).toBe(records)
        expectOutcomes(observed, outcomes)
      }
    }
  )

  it("frees the place and the chunk of a reader that is killed anywhere, while the writer goes on", async () => {
    const ring = BroadcastRing.create({ capacityBytes: 4096, readers: 1, chunks: 4 })
    const writer = new BroadcastWriter(ring)
    let record = 0
    for (let owner = 1; owner <= 5; owner++) {
      const control = new SharedArrayBuffer(512)
      const cells = new Int32Array(control)
      const worker = start({ control, owner, ring })
      await joined(cells, 1)
      while (Atomics.load(cells, READ_CELL) === 0) send(writer, record++)
      const exit = worker.terminate()
      for (const last = record + 20_000; record < last;) send(writer, record++)
      await exit
      expect(new BroadcastReader(ring, 100).join()).toBe(false)
      const recovery = new BroadcastRecovery(ring)
      expect([recovery.recoverReaders(owner), recovery.recoverReaders(owner)]).toEqual([1, 0])
    }
    expect(new BroadcastReader(ring, 100).join()).toBe(true)
  })
})
