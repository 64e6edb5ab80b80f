/**
 * Starts a thief on another thread, and asks it in the end what it has stolen.
 */
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import type { Tally } from "../runner/Case.ts"

/** A thief at work. */
interface Thief {
  /** Ends it, once it finds nothing any more. */
  readonly stop: () => Promise<Tally>
}

/** Starts a thief on a deque. */
export const startThief = async (deque: SharedArrayBuffer): Promise<Thief> => {
  const ends = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL("./thief.worker.ts", import.meta.url), { workerData: { deque, ends } })
  await once(worker, "message")
  return {
    stop: async () => {
      const stolen = once(worker, "message")
      Atomics.store(ends, 0, 1)
      const [tally] = await stolen as [Tally]
      await worker.terminate()
      return tally
    }
  }
}
