import { parentPort } from "node:worker_threads"
import { work } from "../jobs.ts"

parentPort!.on("message", ([job, value, micros]: readonly [number, number, number]) => {
  parentPort!.postMessage([job, work(value, micros)])
})
parentPort!.postMessage("ready")
