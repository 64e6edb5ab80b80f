/**
 * The receiving end: adds messages up and reports after every `count` of them.
 */
import { type MessagePort, workerData } from "node:worker_threads"
import { type Message, TallyCounter } from "../../runner/Sampling.ts"

const { count, port } = workerData as { readonly count: number; readonly port: MessagePort }
const counter = new TallyCounter()
port.on("message", (message: Message) => {
  counter.add(message)
  if (counter.count % count === 0) port.postMessage(counter.tally)
})
