/**
 * One thread that waits, and one that wakes it now and then: how long the first needs to notice, what the second pays, and what
 * waiting costs while nothing happens.
 *
 * ```text
 *  Int32 cell 0    number of the last wake-up, stored by the waker
 *  Int32 cell 32   number of the last wake-up that was seen, stored by the waiter behind what follows
 *  BigInt64 at byte 256: when it was seen;  Float64 at byte 264: wake-ups seen, 272: the sum of their numbers
 * ```
 */
import { once } from "node:events"
import { setTimeout } from "node:timers/promises"
import { type Transferable, Worker } from "node:worker_threads"
import type { Measured, Params } from "./Case.ts"

export const SENT_CELL = 0
const SEEN_CELL = 32
const STAMP = 32
const COUNT = 33
const CHECKSUM = 34

/** Between two wake-ups, so that the waiter has settled. */
const PAUSE_MILLIS = 3

/** What is shared, as the worker gets it. */
export interface Shared {
  readonly control: SharedArrayBuffer
}

/** The waiter's side: says that it has seen a wake-up. */
export const seen = (control: SharedArrayBuffer): (sequence: number) => void => {
  const cells = new Int32Array(control)
  const stamps = new BigInt64Array(control)
  const sums = new Float64Array(control)
  return (sequence) => {
    stamps[STAMP] = process.hrtime.bigint()
    sums[COUNT]! += 1
    sums[CHECKSUM]! += sequence
    Atomics.store(cells, SEEN_CELL, sequence)
  }
}

/** How to start the waiter, and how to wake it once the number has been stored. */
export interface Waiting {
  readonly worker: URL
  readonly data: Record<string, unknown>
  readonly wake: (sequence: number, worker: Worker) => void
  readonly transfer?: ReadonlyArray<Transferable>
}

interface Running {
  readonly worker: Worker
  readonly cells: Int32Array
  /** Wakes, and answers when the waiter has seen it: what it took, in microseconds. */
  readonly wake: (sequence: number) => Promise<{ readonly latency: number; readonly sender: number }>
  readonly end: (sent: number, samples: ReadonlyArray<number>) => Promise<Measured>
}

const start = async (waiting: Waiting): Promise<Running> => {
  const control = new SharedArrayBuffer(512)
  const cells = new Int32Array(control)
  const stamps = new BigInt64Array(control)
  const sums = new Float64Array(control)
  const worker = new Worker(waiting.worker, { workerData: { ...waiting.data, control } })
  await once(worker, "message")
  return {
    worker,
    cells,
    wake: async (sequence) => {
      await setTimeout(PAUSE_MILLIS)
      const before = process.hrtime.bigint()
      Atomics.store(cells, SENT_CELL, sequence)
      waiting.wake(sequence, worker)
      const after = process.hrtime.bigint()
      while (Atomics.load(cells, SEEN_CELL) !== sequence) await setTimeout(1)
      return { latency: Number(stamps[STAMP]! - before) / 1e3, sender: Number(after - before) / 1e3 }
    },
    end: async (sent, samples) => {
      const received = { count: sums[COUNT]!, checksum: sums[CHECKSUM]! }
      await worker.terminate()
      return { samples, received, expected: { count: sent, checksum: sent * (sent + 1) / 2 } }
    }
  }
}

const WARM_UPS = 20

/** Wakes a waiter `params.count` times: each time until it has noticed, or that the waker paid, is a sample. */
export const wakes = async (
  params: Params,
  figure: "latency" | "sender",
  waiting: Waiting
): Promise<Measured> => {
  const running = await start(waiting)
  const samples: Array<number> = []
  for (let sequence = 1; sequence <= WARM_UPS + params.count; sequence++) {
    const took = await running.wake(sequence)
    if (sequence > WARM_UPS) samples.push(took[figure])
  }
  return running.end(WARM_UPS + params.count, samples)
}

/** Processor time of a waiter for whom nothing comes, over `params.count` milliseconds, as percent of a core. */
export const idle = async (params: Params, waiting: Waiting): Promise<Measured> => {
  const running = await start(waiting)
  for (let sequence = 1; sequence <= WARM_UPS; sequence++) await running.wake(sequence)
  await setTimeout(50)
  const before = performance.now()
  const startUsage = await running.worker.cpuUsage()
  await setTimeout(params.count)
  const spent = await running.worker.cpuUsage(startUsage)
  const percent = (spent.user + spent.system) / 10 / (performance.now() - before)
  await running.wake(WARM_UPS + 1)
  return running.end(WARM_UPS + 1, [percent])
}
