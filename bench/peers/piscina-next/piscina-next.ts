/**
 * piscina's next version, a candidate when this was written: as the one that is released, with tasks typed by the module that has them.
 */
import { Piscina } from "piscina-next"
import { type Jobs, WORKERS } from "../jobs.ts"

/** Opens a pool; each worker has many tasks at once. */
export const open = async (): Promise<Jobs> => {
  const pool = new Piscina({
    filename: new URL("../jobs.worker.ts", import.meta.url).href,
    minThreads: WORKERS,
    maxThreads: WORKERS,
    concurrentTasksPerWorker: 100
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
