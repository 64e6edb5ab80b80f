/**
 * One thread of a pair that waits with `Atomics.waitAsync` on the word of the other's numbers.
 */
import { once } from "node:events"
import { parentPort, workerData } from "node:worker_threads"
import { ANSWER_CELL, done, QUESTION_CELL, type Side } from "../../runner/Pairs.ts"

const { isAsker, pair, rounds } = workerData as Side
const cells = new Int32Array(pair)
const tell = done(pair)
const ownCell = isAsker ? ANSWER_CELL : QUESTION_CELL
const otherCell = isAsker ? QUESTION_CELL : ANSWER_CELL

let began = 0
const send = (sequence: number): void => {
  began = performance.now()
  Atomics.store(cells, otherCell, sequence)
  Atomics.notify(cells, otherCell)
}

// A pending wait does not keep a thread alive.
setInterval(() => {}, 0x7fffffff)
parentPort!.postMessage("ready")
await once(parentPort!, "message")
if (isAsker) send(1)
for (let awaited = 1; awaited <= rounds; awaited++) {
  while (Atomics.load(cells, ownCell) < awaited) {
    const wait = Atomics.waitAsync(cells, ownCell, awaited - 1)
    if (wait.async) await wait.value
  }
  if (!isAsker) send(awaited)
  else {
    tell(awaited, began)
    if (awaited < rounds) send(awaited + 1)
  }
}
if (isAsker) parentPort!.postMessage("done")
