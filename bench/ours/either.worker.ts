/**
 * A worker thread that hosts receivers, or one that has loaded the same modules and answers each value with the next by a message of its port: its
 * first argument says which.
 */
import { parentPort } from "node:worker_threads"
import { ActorThread } from "shared-nothing"
import { receiverLive } from "./actors.ts"

if (process.argv[2] === "bare") {
  const port = parentPort!
  port.on("message", (value: number) => value < 0 ? port.close() : port.postMessage(value + 1))
} else ActorThread.launch(receiverLive("answers"))
