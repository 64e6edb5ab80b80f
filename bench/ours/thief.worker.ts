/**
 * Steals until told to end and nothing is left.
 */
import { parentPort, workerData } from "node:worker_threads"
import { StealThief } from "../../src/memory/StealDeque.ts"

const { deque, ends } = workerData as { readonly deque: SharedArrayBuffer; readonly ends: Int32Array }
const thief = new StealThief(deque)
parentPort!.postMessage("ready")

let count = 0
let checksum = 0
for (let ended = false; !ended;) {
  ended = Atomics.load(ends, 0) === 1
  for (let handle = thief.steal(); handle !== -1; handle = thief.steal()) {
    if (handle < 0) continue
    count++
    checksum += handle
  }
}
parentPort!.postMessage({ count, checksum })
