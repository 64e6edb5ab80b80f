/**
 * The thread that waits.
 */
import { parentPort, workerData } from "node:worker_threads"
import { seen, type Shared } from "../../runner/Wakes.ts"

const tell = seen((workerData as Shared).control)
parentPort!.on("message", tell)
parentPort!.postMessage("ready")
