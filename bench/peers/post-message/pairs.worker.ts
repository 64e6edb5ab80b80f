/**
 * One thread of a pair, joined to the other by a message port.
 */
import { once } from "node:events"
import { parentPort, workerData } from "node:worker_threads"
import { done, type Side } from "../../runner/Pairs.ts"

const { isAsker, pair, port, rounds } = workerData as Side
const tell = done(pair)

let began = 0
const ask = (sequence: number): void => {
  began = performance.now()
  port.postMessage(sequence)
}

port.on("message", (sequence: number) => {
  if (!isAsker) return port.postMessage(sequence)
  tell(sequence, began)
  if (sequence === rounds) parentPort!.postMessage("done")
  else ask(sequence + 1)
})
parentPort!.postMessage("ready")
await once(parentPort!, "message")
if (isAsker) ask(1)
