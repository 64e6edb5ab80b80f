/**
 * Workers and `postMessage` by hand: jobs go to the workers in turn, and nothing else is done for them.
 */
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { type Jobs, WORKERS } from "../jobs.ts"

/** Opens a pool. */
export const open = async (): Promise<Jobs> => {
  const waiting = new Map<number, (reply: number) => void>()
  let jobs = 0
  const workers = await Promise.all(Array.from({ length: WORKERS }, async () => {
    const worker = new Worker(new URL("./jobs.worker.ts", import.meta.url))
    await once(worker, "message")
    worker.on("message", ([job, reply]: readonly [number, number]) => {
      const done = waiting.get(job)!
      waiting.delete(job)
      done(reply)
    })
    return worker
  }))
  return {
    run: (value, micros, done) => {
      waiting.set(jobs, done)
      workers[jobs % WORKERS]!.postMessage([jobs++, value, micros])
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()))
    }
  }
}
