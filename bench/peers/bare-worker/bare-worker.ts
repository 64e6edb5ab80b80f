/**
 * Worker threads without any library: what one costs to start, what four cost while they wait, and what many cost.
 */
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import type { Measured, Params } from "../../runner/Case.ts"
import { measureThreadsOf, type Threads } from "../../runner/ManyThreads.ts"
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

const openMany = async (file: URL, count: number): Promise<Threads> => {
  const workers = Array.from({ length: count }, () => new Worker(file, { argv: ["bare"] }))
  // Each has loaded its modules when it answers.
  await Promise.all(workers.map((worker) => ask(worker, 0)))
  return {
    ask: async (replies) => {
      for (const [value, worker] of workers.entries()) replies.addReply(await ask(worker, value))
    },
    close: async () => {
      const ended = workers.map((worker) => once(worker, "exit"))
      for (const worker of workers) worker.postMessage(-1)
      await Promise.all(ended)
    }
  }
}

/** As many workers as the count of the case says, which load the file that ours load. */
export const many =
  (figure: "start" | "memory" | "release", file: () => Promise<URL>) => async (params: Params): Promise<Measured> => {
    const url = await file()
    return measureThreadsOf(params, figure, (threads) => openMany(url, threads))
  }

/** Starts a worker of that file and asks it at once. */
export const startOf = (file: () => Promise<URL>) => async (params: Params): Promise<Measured> => {
  const url = await file()
  return Sampling.measureAsks(params, async (count, replies) => {
    for (let value = 0; value < count; value++) {
      const worker = new Worker(url, { argv: ["bare"] })
      replies.addReply(await ask(worker, value))
      void worker.terminate()
    }
  })
}
