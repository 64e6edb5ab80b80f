/**
 * Answers each value with the next.
 */
import { parentPort } from "node:worker_threads"

const port = parentPort!
port.on("message", (value: number) => port.postMessage(value + 1))
