/**
 * piscina: a pool of workers for functions of a module, by `postMessage` and `Atomics`.
 *
 * `default` is what its constructor makes. `tuned` lets each worker have many tasks at once, as its documentation says for small ones; `ports` is that with
 * `atomics: "disabled"`, which it is faster with where threads outnumber cores.
 */
import { Piscina } from "piscina"
import { Piscina as PiscinaNext } from "piscina-next"
import { type Jobs, WORKERS } from "../jobs.ts"

const kinds = {
  default: {},
  tuned: { concurrentTasksPerWorker: 100 },
  ports: { concurrentTasksPerWorker: 100, atomics: "disabled" }
} as const

const jobsOf = async (pool: Piscina | PiscinaNext): Promise<Jobs> => {
  const answer = async (value: number, micros: number, done: (reply: number) => void): Promise<void> => {
    done(await pool.run({ value, micros }) as number)
  }
  await pool.run({ value: 0, micros: 0 })
  return {
    run: (value, micros, done) => void answer(value, micros, done),
    close: () => pool.destroy()
  }
}

const options = {
  filename: new URL("../jobs.worker.ts", import.meta.url).href,
  minThreads: WORKERS,
  maxThreads: WORKERS
}

/** Opens a pool. */
export const open = (kind: keyof typeof kinds) => (): Promise<Jobs> =>
  jobsOf(new Piscina({ ...options, ...kinds[kind] }))

/** Opens one of the version to come. */
export const openNext = (kind: keyof typeof kinds) => (): Promise<Jobs> =>
  jobsOf(new PiscinaNext({ ...options, ...kinds[kind] }))
