/**
 * One producer on this thread, one consumer on another, for raw rings: both spin, nobody is woken.
 *
 * ```text
 *  Int32 cell 0    sample that the consumer is ready for
 *  Int32 cell 32   sample that the consumer has finished
 *  Float64 at byte 256: messages received, 264: their checksum, over all samples
 * ```
 */
import { once } from "node:events"
import { parentPort, Worker, workerData } from "node:worker_threads"
import type { Measured, Params } from "./Case.ts"
import { expectedTally, nanosEach, sample } from "./Sampling.ts"

const READY_CELL = 0
const DONE_CELL = 32
const COUNT = 32
const CHECKSUM = 33

interface Start<Memory> {
  readonly control: SharedArrayBuffer
  readonly memory: Memory
  readonly count: number
}

/** Measures `produce`, which sends `count` messages with ids from 0, until the consumer has had the last one. */
export const produce = async <Memory>(
  params: Params,
  options: { readonly worker: URL; readonly memory: Memory; readonly produce: (count: number) => void }
): Promise<Measured> => {
  const control = new SharedArrayBuffer(512)
  const cells = new Int32Array(control)
  const sums = new Float64Array(control)
  const start: Start<Memory> = { control, memory: options.memory, count: params.count }
  const worker = new Worker(options.worker, { workerData: start })
  await once(worker, "message")
  let round = 0
  const samples = await sample(params, () => {
    round++
    while (Atomics.load(cells, READY_CELL) !== round);
    const before = performance.now()
    options.produce(params.count)
    while (Atomics.load(cells, DONE_CELL) !== round);
    return nanosEach(performance.now() - before, params.count)
  })
  const received = { count: sums[COUNT]!, checksum: sums[CHECKSUM]! }
  await worker.terminate()
  return { samples, received, expected: expectedTally(params.count, round) }
}

/** Serves {@link produce} on the other thread: `consumer` receives `count` messages and answers the sum of their fields. */
export const consume = <Memory>(consumer: (memory: Memory) => (count: number) => number): void => {
  const { control, count, memory } = workerData as Start<Memory>
  const cells = new Int32Array(control)
  const sums = new Float64Array(control)
  const receive = consumer(memory)
  parentPort!.postMessage("ready")
  for (let round = 1;; round++) {
    Atomics.store(cells, READY_CELL, round)
    sums[CHECKSUM]! += receive(count)
    sums[COUNT]! += count
    Atomics.store(cells, DONE_CELL, round)
  }
}
