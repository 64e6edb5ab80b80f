import * as Effect from "effect/Effect"
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { afterEach, describe, expect, it } from "vitest"
import * as StealDeque from "../../src/memory/StealDeque.ts"
import { EMPTY, MAX_BATCH, type Order, StealOwner } from "../../src/memory/StealDeque.ts"
import { until } from "../support/until.ts"
import { expectOutcomes, type Observed, type Outcomes } from "./outcomes.ts"
import { seeded } from "./seeded.ts"

const workers: Array<Worker> = []

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate()
})

/** A deque, so many thieves on it, and a count for each handle of how often it was taken. */
const stage = (slots: number, order: Order, handles: number, thieves: number) => {
  const deque = StealDeque.create(slots, order, 0x7fffff00)
  const taken = new SharedArrayBuffer(handles * 4)
  const done = new SharedArrayBuffer(8)
  const owns = Array.from({ length: thieves }, () => StealDeque.create(64, order))
  const started = owns.map((own, seed) => {
    const workerData = { deque, done, own, seed, taken }
    const worker = new Worker(new URL("../fixtures/steal-thief.worker.ts", import.meta.url), { workerData })
    workers.push(worker)
    return worker
  })
  const control = new Int32Array(done)
  const stolen = (atLeast: number): Promise<void> =>
    Effect.runPromise(until(() => Atomics.load(control, 1) >= atLeast, () => [...control]))
  return { owner: new StealOwner(deque), hits: new Int32Array(taken), control, owns, started, stolen }
}

const ofThieves: Outcomes = {
  stolen: ["required", "the oldest handle"],
  batch: ["required", "several at once"],
  empty: ["required", "the owner was faster"],
  retry: ["allowed", "somebody else took the handle it was after"],
  "newer before older": ["forbidden", "thieves take the oldest, and the owner pushes in rising order"]
}

const ofOwner: Outcomes = {
  pushed: ["required", "there was room"],
  full: ["allowed", "nobody took anything"],
  popped: ["required", "the newest"],
  oldest: ["required", "the oldest"],
  empty: ["required", "thieves were faster, or nothing was left"]
}

describe("StealDeque between threads", () => {
  it.each<[Order, number]>([["lifo", 1], ["lifo", 16], ["fifo", 16], ["fifo", 1024]])(
    "C04 C06 gives each handle to exactly one of owner and two thieves: %s, %i slots",
    async (order, slots) => {
      const handles = 200_000
      const { control, hits, owner, started } = stage(slots, order, handles, 2)
      const results = started.map((worker) => once(worker, "message"))
      const random = seeded(slots)
      const observed = { pushed: 0, full: 0, popped: 0, oldest: 0, empty: 0 }
      const take = (handle: number, outcome: "popped" | "oldest"): void => {
        if (handle === EMPTY) {
          observed.empty++
          return
        }
        observed[outcome]++
        Atomics.add(hits, handle, 1)
      }
      const step = (handle: number): void => {
        while (!owner.push(handle)) {
          observed.full++
          take(owner.pop(), "popped")
        }
        observed.pushed++
        if (random(3) > 0) return
        if (random(4) === 0) take(owner.takeOldest(), "oldest")
        else take(owner.pop(), "popped")
        if (random(8) === 0) { while (owner.size() > 0) take(owner.pop(), "popped") }
      }
      let handle = 0
      // At first the thieves have it all to themselves, so that what they must be seen to do is seen.
      while (Atomics.load(control, 1) < 2000) {
        if (!owner.push(handle)) continue
        observed.pushed++
        handle++
      }
      while (handle < handles) step(handle++)
      while (owner.size() > 0) take(owner.pop(), "popped")
      take(owner.takeOldest(), "oldest")
      Atomics.store(control, 0, 1)
      const found = (await Promise.all(results)).map(([one]) => one as Observed)
      const all = Object.keys(ofThieves).map((key) => [key, found.reduce((sum, one) => sum + one[key]!, 0)])
      expectOutcomes(Object.fromEntries(all) as Observed, ofThieves)
      expectOutcomes(observed, ofOwner)
      expect(hits.findIndex((count) => count !== 1), "a handle that was not taken exactly once").toBe(-1)
    }
  )

  it("C06 loses no more than a batch with a thief that is killed anywhere, and doubles nothing", async () => {
    const handles = 60_000
    for (let round = 0; round < 4; round++) {
      const { hits, owner, owns, started, stolen } = stage(256, "lifo", handles, 1)
      const take = (handle: number): boolean => {
        if (handle === EMPTY) return false
        Atomics.add(hits, handle, 1)
        return true
      }
      let pushed = 0
      const pushUpTo = (count: number): void => {
        while (pushed < count) {
          if (owner.push(pushed)) pushed++
          else take(owner.pop())
        }
      }
      pushUpTo(100)
      await stolen(1)
      const exit = started[0]!.terminate()
      pushUpTo(handles)
      await exit
      // What a batch had brought into the dead thief's own deque counts as not lost.
      for (const end of [owner, new StealOwner(owns[0]!)]) while (take(end.pop()));
      expect(hits.filter((count) => count > 1)).toHaveLength(0)
      expect(hits.filter((count) => count === 0).length).toBeLessThanOrEqual(MAX_BATCH)
    }
  })

  it("C02 spsc: a thief gets all handles in order while the owner pushes", async () => {
    const handles = 50_000
    const { control, hits, owner, started } = stage(64, "fifo", handles, 1)
    const result = once(started[0]!, "message")
    for (let handle = 0; handle < handles;) if (owner.push(handle)) handle++
    Atomics.store(control, 0, 1)
    const [observed] = await result as [Observed]
    expectOutcomes(observed, { ...ofThieves, retry: ["forbidden", "nobody else takes anything"] })
    expect([owner.size(), owner.pop()]).toEqual([0, EMPTY])
    expect(hits.findIndex((count) => count !== 1)).toBe(-1)
  })
})
