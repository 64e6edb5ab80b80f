import { workerData } from "node:worker_threads"
import { ActorThread } from "shared-nothing"
import { live } from "./actors.ts"

ActorThread.launch(live(workerData as Int32Array))
