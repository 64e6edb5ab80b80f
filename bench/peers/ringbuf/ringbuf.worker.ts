/**
 * The reading end of ringbuf.js.
 */
import { RingBuffer } from "ringbuf.js"
import { consume } from "../../runner/TwoThreads.ts"
import type { Memory } from "./ringbuf.ts"

consume(({ batch, buffer }: Memory) => {
  const ring = new RingBuffer(buffer, Float64Array)
  const records = new Float64Array(2 * batch)
  return (count) => {
    let checksum = 0
    for (let received = 0; received < count;) {
      while (ring.availableRead() < records.length);
      const popped = ring.pop(records)
      for (let index = 0; index < popped; index++) checksum += records[index]!
      received += popped / 2
    }
    return checksum
  }
})
