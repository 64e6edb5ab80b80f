import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { afterEach, describe, expect, it } from "vitest"
import * as Doorbell from "../../src/memory/Doorbell.ts"
import { CORRUPT, NONE } from "../../src/memory/Ring.ts"
import { unreadBytes } from "../../src/memory/SpscRecovery.ts"
import * as SpscRing from "../../src/memory/SpscRing.ts"
import { seeded } from "./seeded.ts"

const workers: Array<Worker> = []

const start = (fixture: string, workerData: unknown): Worker => {
  const worker = new Worker(new URL(`../fixtures/${fixture}`, import.meta.url), { workerData })
  workers.push(worker)
  return worker
}

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate()
})

/** Reads until `done`, parking on the first doorbell whenever the ring is empty. */
const drain = async (reader: SpscRing.SpscReader, bell: Doorbell.Doorbell, handle: (offset: number) => boolean) => {
  for (let running = true; running;) {
    if (reader.poll()) {
      for (let offset = reader.next(); offset !== NONE; offset = reader.next()) {
        if (offset === CORRUPT) throw new Error("corrupt record")
        running = handle(offset)
      }
      reader.release()
      continue
    }
    bell.prepare()
    if (reader.isEmpty()) {
      const wait = bell.wait(20_000)
      if (wait.async && await wait.value === "timed-out") throw new Error("no wake-up within 20 s")
    }
    bell.cancel()
  }
}

describe("SpscRing between threads", () => {
  it.each([4096, 1 << 16])(
    "R15 passes 300,000 records of varying length whole and in order through %i bytes",
    async (capacityBytes) => {
      const records = 300_000
      const ring = SpscRing.create(capacityBytes, 0x7ffff000)
      const bells = Doorbell.create(2)
      const worker = start("ring-writer.worker.ts", { bells, records, ring, seed: 7 })
      const exit = once(worker, "exit")
      const reader = new SpscRing.SpscReader(ring)
      const writerBell = new Doorbell.Doorbell(bells, 1)
      const random = seeded(7)
      const words = reader.region.i32
      let index = 0
      let torn = 0
      await drain(reader, new Doorbell.Doorbell(bells, 0), (offset) => {
        const expected = random(24)
        if (reader.type !== index || reader.end - offset !== expected * 4) torn++
        for (let i = 0; i < expected; i++) if (words[(offset >> 2) + i] !== ((Math.imul(index, 31) + i) | 0)) torn++
        random(16)
        // Releasing in the middle of a drain lets the writer overwrite at once what was read too late.
        if ((++index & 7) === 0) {
          reader.release()
          if (reader.takeRoomRequest()) writerBell.ring()
        }
        if (reader.isEmpty()) {
          reader.release()
          if (reader.takeRoomRequest()) writerBell.ring()
        }
        return index < records
      })
      expect(torn).toBe(0)
      expect(index).toBe(records)
      expect((await exit)[0]).toBe(0)
      expect(unreadBytes(ring)).toBe(0)
    }
  )
})

describe("Doorbell between threads", () => {
  it.each([true, false])(
    "loses no wake-up in 3,000 questions and answers that both park for (blocking %s)",
    async (blocking) => {
      const questions = 3000
      const asks = SpscRing.create(4096)
      const replies = SpscRing.create(4096)
      const bells = Doorbell.create(2)
      const worker = start("ring-echo.worker.ts", { asks, bells, blocking, replies })
      const exit = once(worker, "exit")
      const writer = new SpscRing.SpscWriter(asks)
      const workerBell = new Doorbell.Doorbell(bells, 1)
      const ownBell = new Doorbell.Doorbell(bells, 0)
      const reader = new SpscRing.SpscReader(replies)
      const ask = (question: number) => {
        writer.claim(0)
        writer.commit(0, question)
        writer.publish()
        workerBell.ring()
      }
      let question = questions
      ask(question)
      await drain(reader, ownBell, () => {
        expect(reader.type).toBe(question)
        if (question === 0) return false
        ask(--question)
        return true
      })
      expect(question).toBe(0)
      expect((await exit)[0]).toBe(0)
      expect(workerBell.wakes() + ownBell.wakes()).toBeGreaterThan(100)
      expect(workerBell.isParked()).toBe(false)
    }
  )
})
