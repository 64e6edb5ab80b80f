/**
 * More busy threads than cores: pairs of threads that pass a number back and forth, all at the same time. Every round trip is a
 * sample.
 *
 * ```text
 *  of a pair, Int32 cell 0: number of the last question, cell 32: number of the last answer
 *  Float64 at byte 256: round trips, 264: the sum of their numbers, from byte 512 on: the microseconds of each
 * ```
 */
import { once } from "node:events"
import { availableParallelism } from "node:os"
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads"
import type { Measured, Params } from "./Case.ts"

export const QUESTION_CELL = 0
export const ANSWER_CELL = 32
const COUNT = 32
const CHECKSUM = 33
const FIRST = 64

/** Round trips of a pair before those that count. */
const WARM_UPS = 200

/** What one thread of a pair gets. */
export interface Side {
  readonly pair: SharedArrayBuffer
  readonly rounds: number
  readonly isAsker: boolean
  readonly bells: SharedArrayBuffer
  readonly port: MessagePort
}

/** The asker's side: says that a round trip is done, which began at this time of `performance.now`. */
export const done = (pair: SharedArrayBuffer): (sequence: number, began: number) => void => {
  const sums = new Float64Array(pair)
  return (sequence, began) => {
    sums[COUNT]! += 1
    sums[CHECKSUM]! += sequence
    sums[FIRST + sequence - 1] = (performance.now() - began) * 1e3
  }
}

/** Runs two pairs for each core; each worker says when it is done. */
export const pairs = async (
  params: Params,
  options: { readonly worker: URL; readonly data: Record<string, unknown>; readonly bells: () => SharedArrayBuffer }
): Promise<Measured> => {
  const rounds = params.count + WARM_UPS
  const memories = Array.from(
    { length: availableParallelism() * 2 },
    () => new SharedArrayBuffer((FIRST + rounds) * 8)
  )
  const workers = memories.flatMap((pair) => {
    const { port1, port2 } = new MessageChannel()
    const bells = options.bells()
    return [true, false].map((isAsker) => {
      const port = isAsker ? port1 : port2
      const data: Side = { pair, rounds, isAsker, bells, port }
      return new Worker(options.worker, { workerData: { ...options.data, ...data }, transferList: [port] })
    })
  })
  await Promise.all(workers.map((worker) => once(worker, "message")))
  const askers = workers.filter((_, index) => index % 2 === 0).map((worker) => once(worker, "message"))
  for (const worker of workers) worker.postMessage("go")
  await Promise.all(askers)
  const sums = memories.map((pair) => new Float64Array(pair))
  await Promise.all(workers.map((worker) => worker.terminate()))
  return {
    samples: sums.flatMap((sum) => Array.from(sum.subarray(FIRST + WARM_UPS, FIRST + rounds))),
    received: {
      count: sums.reduce((count, sum) => count + sum[COUNT]!, 0),
      checksum: sums.reduce((checksum, sum) => checksum + sum[CHECKSUM]!, 0)
    },
    expected: { count: memories.length * rounds, checksum: memories.length * rounds * (rounds + 1) / 2 }
  }
}
