/**
 * Worker threads without any library: what one costs to start, and what four cost while they wait.
 */
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import type { Measured, Params } from "../../runner/Case.ts"
import * as Sampling from "../../runner/Sampling.ts"

const ask = async (worker: Worker, value: number): Promise<number> => {
  const reply = once(worker, "message") as Promise<[number]>
  worker.postMessage(value)
  return (await reply)[0]
}

/** Starts a worker and asks it at once; it answers when its modules are loaded. */
export const start = (file: string) => (params: Params): Promise<Measured> =>
  Sampling.measureAsks(params, async (count, replies) => {
    for (let value = 0; value < count; value++) {
      const worker = new Worker(new URL(file, import.meta.url))
      replies.addReply(await ask(worker, value))
      void worker.terminate()
    }
  })

/** Four workers that have answered once and then wait. */
export const idle = async (params: Params): Promise<Measured> => {
  const workers = Array.from({ length: 4 }, () => new Worker(new URL("./bare-worker.worker.ts", import.meta.url)))
  return Sampling.measureIdle(params, async (replies) => {
    for (const [value, worker] of workers.entries()) replies.addReply(await ask(worker, value))
  })
}
