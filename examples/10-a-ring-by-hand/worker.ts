/** Writes records into the ring, each in place, and wakes the reader. */
import { parentPort, workerData } from "node:worker_threads"
import { Doorbell } from "shared-nothing/memory/Doorbell"
import { MpscWriter } from "shared-nothing/memory/MpscRing"
import type { Start } from "./protocol.ts"

const { bell, leavesOneOpen, owner, records, ring } = workerData as Start
const writer = new MpscWriter(ring, owner)
const doorbell = new Doorbell(bell)

for (let i = 0; i < records; i++) {
  const offset = writer.claim(8)
  if (offset < 0) throw new Error("the ring is full")
  writer.region.f64[offset >> 3] = owner * 100 + i
  writer.commit(8, owner)
  writer.publish()
  doorbell.ring()
}
if (leavesOneOpen) {
  writer.claim(8)
  parentPort!.postMessage("in the middle of a record")
  setInterval(() => {}, 1 << 30)
}
