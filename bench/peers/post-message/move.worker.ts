/**
 * The other side: changes the words and sends them back the same way.
 */
import { parentPort, workerData } from "node:worker_threads"
import { change } from "../../runner/Trips.ts"
import type { How } from "./move.ts"

const port = parentPort!
const how = workerData as How
port.on("message", (words: Int32Array) => {
  change(words)
  port.postMessage(words, how === "transfer" ? [words.buffer as ArrayBuffer] : [])
})
port.postMessage("ready")
