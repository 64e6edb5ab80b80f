/**
 * piscina: a pool of workers for functions of a module, by `postMessage` and `Atomics`.
 *
 * `default` is what its constructor makes. `tuned` lets each worker have many tasks at once, as its documentation says for small ones.
 */
import { Piscina } from "piscina"
import { type Jobs, WORKERS } from "../jobs.ts"

/** Opens a pool. */
export const open = (kind: "default" | "tuned") => async (): Promise<Jobs> => {
  const pool = new Piscina({
    filename: new URL("../jobs.worker.ts", import.meta.url).href,
    minThreads: WORKERS,
    maxThreads: WORKERS,
    ...(kind === "tuned" ? { concurrentTasksPerWorker: 100 } : {})
  })
  await pool.run({ value: 0, micros: 0 })
  const answer = async (value: number, micros: number, done: (reply: number) => void): Promise<void> => {
    done(await pool.run({ value, micros }) as number)
  }
  return {
    run: (value, micros, done) => void answer(value, micros, done),
    close: () => pool.destroy()
  }
}
