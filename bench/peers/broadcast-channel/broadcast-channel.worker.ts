/**
 * A receiver of a `BroadcastChannel`.
 */
import { BroadcastChannel, parentPort, workerData } from "node:worker_threads"
import { type Message, TallyCounter } from "../../runner/Sampling.ts"

const { name, receive } = workerData as { readonly name: string; readonly receive: number }
const channel = new BroadcastChannel(name)
const counter = new TallyCounter()
channel.addEventListener("message", ({ data }) => {
  counter.add(data as Message)
  if (counter.count % receive === 0) parentPort!.postMessage(counter.tally)
})
parentPort!.postMessage("ready")
