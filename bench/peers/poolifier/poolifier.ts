/**
 * poolifier: a pool of workers that gives each task to a worker at once, in turn, as it does unless told.
 */
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { FixedThreadPool } from "poolifier"
import { type Jobs, WORKERS } from "../jobs.ts"

interface Task {
  readonly value: number
  readonly micros: number
}

/** Opens a pool. */
export const open = async (): Promise<Jobs> => {
  const file = fileURLToPath(new URL("./poolifier.worker.ts", import.meta.url))
  const pool = new FixedThreadPool<Task, number>(WORKERS, file)
  await pool.execute({ value: 0, micros: 0 })
  const answer = async (value: number, micros: number, done: (reply: number) => void): Promise<void> => {
    done(await pool.execute({ value, micros }))
  }
  return {
    run: (value, micros, done) => void answer(value, micros, done),
    // One in eight never completes; the process ends soon after it.
    close: () => Promise.race([pool.destroy(), setTimeout(1000)])
  }
}
