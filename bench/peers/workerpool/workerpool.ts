/**
 * workerpool: a queue in front of workers that have one task at a time.
 */
import { fileURLToPath } from "node:url"
import workerpool from "workerpool"
import { type Jobs, WORKERS } from "../jobs.ts"

/** Opens a pool. */
export const open = async (): Promise<Jobs> => {
  const file = fileURLToPath(new URL("./workerpool.worker.ts", import.meta.url))
  const pool = workerpool.pool(file, { workerType: "thread", minWorkers: WORKERS, maxWorkers: WORKERS })
  await pool.exec("run", [0, 0])
  const answer = async (value: number, micros: number, done: (reply: number) => void): Promise<void> => {
    done(await pool.exec("run", [value, micros]) as number)
  }
  return {
    run: (value, micros, done) => void answer(value, micros, done),
    close: async () => {
      await pool.terminate()
    }
  }
}
