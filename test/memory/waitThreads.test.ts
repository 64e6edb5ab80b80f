import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { afterEach, describe, expect, it } from "vitest"
import * as List from "../../src/memory/WaitList.ts"

const workers: Array<Worker> = []

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate()
})

const ITEMS = 0
const CLOSED = 1
const TAKEN = 2

/** Two receivers in threads of their own, and what they share with this one. */
const start = (how: string, isOne: boolean, count: number) => {
  const items = List.create(count)
  const takes = List.create(1)
  const words = new SharedArrayBuffer(12)
  const exits = Array.from({ length: count }, async (_, row) => {
    const worker = new Worker(new URL("../fixtures/wait-receiver.worker.ts", import.meta.url), {
      workerData: { how, isOne, items, row, takes, words }
    })
    workers.push(worker)
    return (await once(worker, "exit"))[0] as number
  })
  return { cells: new Int32Array(words), exits, items: new List.WaitList(items), takes: new List.WaitList(takes) }
}

/** Sleeps on the only row until the condition holds. */
const until = async (list: List.WaitList, holds: () => boolean) => {
  while (!holds()) {
    list.announce(0)
    if (!holds()) {
      const wait = list.wait(0, 20_000)
      if (wait.async && await wait.value === "timed-out") throw new Error("no wake-up within 20 s")
    }
    list.cancel(0)
  }
}

/** Until every receiver has announced itself for the first time. */
const asleep = async (list: List.WaitList) => {
  const deadline = performance.now() + 20_000
  for (let row = 0; row < list.rows; row++) {
    while (!list.isParked(row)) {
      if (performance.now() > deadline) throw new Error(`receiver ${row} does not park`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

describe("WaitList between threads", () => {
  it.each([
    ["parking", false, 2],
    ["parking", true, 3],
    ["adaptive", false, 2],
    ["adaptive", true, 2],
    ["yielding", false, 2],
    ["poller", false, 3],
    ["poller", true, 2]
  ])("loses no wake-up with %s receivers, woken one by one: %s, %i of them", async (how, isOne, count) => {
    const { cells, exits, items, takes } = start(how, isOne, count)
    if (how !== "yielding") await asleep(items)
    const rounds = how === "yielding" ? 500 : 2000
    let sent = 0
    for (let round = 0; round < rounds; round++) {
      // One item, a batch, or one item twice.
      const batch = round % 3 === 1 ? count : 1
      Atomics.add(cells, ITEMS, batch)
      if (isOne) items.wakeOne()
      else items.wake()
      sent += batch
      if (round % 3 === 2) await until(takes, () => Atomics.load(cells, TAKEN) === sent)
    }
    await until(takes, () => Atomics.load(cells, TAKEN) === sent)
    Atomics.store(cells, CLOSED, 1)
    items.wakeForDead()
    expect(await Promise.all(exits)).toEqual(Array(count).fill(0))
    expect([Atomics.load(cells, ITEMS), Atomics.load(cells, TAKEN)]).toEqual([0, sent])
    const wakes = Array.from({ length: count }, (_, row) => items.wakes(row))
    if (how !== "yielding") expect(Math.min(...wakes)).toBeGreaterThan(0)
  })
})
