/** What a worker of workerpool runs. */
import workerpool from "workerpool"
import { work } from "../jobs.ts"

workerpool.worker({ run: work })
