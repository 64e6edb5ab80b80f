/**
 * tinypool: the fork of piscina that test runners use.
 */
import { Tinypool } from "tinypool"
import { type Jobs, WORKERS } from "../jobs.ts"

/** Opens a pool. */
export const open = async (): Promise<Jobs> => {
  const pool = new Tinypool({
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
