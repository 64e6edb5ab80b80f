/** What a worker of poolifier runs. */
import { ThreadWorker } from "poolifier"
import { work } from "../jobs.ts"

export default new ThreadWorker<{ readonly value: number; readonly micros: number }, number>((task) =>
  work(task!.value, task!.micros)
)
