/**
 * Several threads that take part in the same work, for raw structures: all spin, nobody is woken. This thread is part 0, each worker
 * another one.
 *
 * ```text
 *  Int32 cell 0    sample that may begin
 *  Int32 cell 32   workers that are ready for a sample, over all samples
 *  Int32 cell 64   workers that have finished one, over all samples
 *  Float64 at byte 512 + 128 * part: messages that the part received, and behind it their checksum
 * ```
 */
import { once } from "node:events"
import { parentPort, Worker, workerData } from "node:worker_threads"
import type { Measured, Params } from "./Case.ts"
import { expectedTally, nanosEach, sample } from "./Sampling.ts"

const GO_CELL = 0
const READY_CELL = 32
const DONE_CELL = 64
const SUMS = 64
const SUMS_STRIDE = 16

interface Start<Memory> {
  readonly control: SharedArrayBuffer
  readonly memory: Memory
  readonly part: number
  readonly count: number
}

/** What one part does in a sample: answers the messages that it received and the sum of their fields. */
export type Part = (count: number) => readonly [received: number, checksum: number]

const account = (sums: Float64Array, part: number, [received, checksum]: readonly [number, number]): void => {
  const slot = SUMS + SUMS_STRIDE * part
  sums[slot]! += received
  sums[slot + 1]! += checksum
}

/**
 * Measures a sample of `params.count` messages, sent in equal shares by `senders` of the parts, each with ids from 0, until all
 * parts are done.
 */
export const measureThreads = async <Memory>(
  params: Params,
  options: {
    readonly worker: URL
    readonly memory: Memory
    readonly workers: number
    readonly senders: number
    readonly part: Part
  }
): Promise<Measured> => {
  const { memory, senders, worker, workers } = options
  const control = new SharedArrayBuffer(512 + 128 * (workers + 1))
  const cells = new Int32Array(control)
  const sums = new Float64Array(control)
  const count = Math.floor(params.count / senders)
  const started = Array.from({ length: workers }, (_, index) => {
    const start: Start<Memory> = { control, memory, part: index + 1, count }
    return new Worker(worker, { workerData: start })
  })
  await Promise.all(started.map((thread) => once(thread, "message")))
  let round = 0
  const samples = await sample(params, () => {
    round++
    while (Atomics.load(cells, READY_CELL) !== round * workers);
    const before = performance.now()
    Atomics.store(cells, GO_CELL, round)
    account(sums, 0, options.part(count))
    while (Atomics.load(cells, DONE_CELL) !== round * workers);
    return nanosEach(performance.now() - before, count * senders)
  })
  const received = { count: 0, checksum: 0 }
  for (let part = 0; part <= workers; part++) {
    received.count += sums[SUMS + SUMS_STRIDE * part]!
    received.checksum += sums[SUMS + SUMS_STRIDE * part + 1]!
  }
  await Promise.all(started.map((thread) => thread.terminate()))
  return { samples, received, expected: expectedTally(count, round * senders) }
}

/** Serves {@link measureThreads} on another thread. */
export const serve = <Memory>(make: (memory: Memory, part: number) => Part): void => {
  const { control, count, memory, part } = workerData as Start<Memory>
  const cells = new Int32Array(control)
  const sums = new Float64Array(control)
  const run = make(memory, part)
  parentPort!.postMessage("ready")
  for (let round = 1;; round++) {
    Atomics.add(cells, READY_CELL, 1)
    while (Atomics.load(cells, GO_CELL) !== round);
    account(sums, part, run(count))
    Atomics.add(cells, DONE_CELL, 1)
  }
}
