/**
 * poolifier: a pool of workers with a choice of strategies; as its constructor makes it, but that each worker may have many tasks at once.
 */
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { FixedThreadPool } from "poolifier"
import { type Jobs, WORKERS } from "../jobs.ts"
import type { Task } from "./poolifier.worker.ts"

/** Opens a pool. */
export const open = async (): Promise<Jobs> => {
  const file = fileURLToPath(new URL("./poolifier.worker.ts", import.meta.url))
  const pool = new FixedThreadPool<Task, number>(WORKERS, file, {
    errorHandler: (error) => {
      throw error
    }
  })
  await pool.execute({ value: 0, micros: 0 })
  const answer = async (value: number, micros: number, done: (reply: number) => void): Promise<void> => {
    done(await pool.execute({ value, micros }))
  }
  return {
    run: (value, micros, done) => void answer(value, micros, done),
    // It does not always settle.
    close: () => Promise.race([pool.destroy(), setTimeout(1000)])
  }
}
