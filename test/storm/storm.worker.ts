import { workerData } from "node:worker_threads"
import { ActorThread } from "shared-nothing"
import { behaviours } from "./protocol.ts"

ActorThread.launch(behaviours(workerData as Int32Array))
