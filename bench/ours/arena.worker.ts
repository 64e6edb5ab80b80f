/**
 * The other side: takes the parcel, changes a word of every page, and sends it back.
 */
import { parentPort, workerData } from "node:worker_threads"
import { change } from "../runner/Trips.ts"
import { Side, type Start, wordsOf } from "./arena.ts"

const start = workerData as Start
const side = new Side(start, 2)
parentPort!.postMessage("ready")
for (;;) {
  if (start.mode === "handle") {
    const handle = side.receiveHandle()
    change(wordsOf(side.end.view(handle)))
    side.sendHandle(handle)
  } else {
    const parcel = side.receive()
    change(wordsOf(parcel.bytes))
    side.send(parcel)
  }
}
