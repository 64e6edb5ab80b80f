/** What a worker of poolifier runs. */
import { ThreadWorker } from "poolifier"
import { work } from "../jobs.ts"

export interface Task {
  readonly value: number
  readonly micros: number
}

export default new ThreadWorker<Task, number>((task?: Task) => task === undefined ? 0 : work(task.value, task.micros))
