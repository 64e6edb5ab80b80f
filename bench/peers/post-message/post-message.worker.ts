/**
 * The other side of `postMessage`.
 */
import { parentPort, workerData } from "node:worker_threads"
import { type Message, TallyCounter } from "../../runner/Sampling.ts"
import type { Role } from "./post-message.ts"

const port = parentPort!
const role = workerData as Role

if (role === "answer") port.on("message", (value: number) => port.postMessage(value + 1))
else {
  const counter = new TallyCounter()
  port.on("message", (message: Message) => {
    counter.add(message)
    if (counter.count % role.receive === 0) port.postMessage(counter.tally)
  })
}
port.postMessage("ready")
