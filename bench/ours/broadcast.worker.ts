/**
 * The reading end of the broadcast ring: reads what it sees, then says how far it is.
 */
import { BroadcastReader } from "../../src/memory/BroadcastReader.ts"
import { consume } from "../runner/TwoThreads.ts"

interface Memory {
  readonly ring: SharedArrayBuffer
  readonly progress: SharedArrayBuffer
}

consume((memory: Memory) => {
  const reader = new BroadcastReader(memory.ring, 1)
  if (!reader.join()) throw new Error("the ring has no place for its one reader")
  const progress = new Int32Array(memory.progress)
  const { f64, u32 } = reader.region
  let total = 0
  return (count) => {
    let checksum = 0
    let received = 0
    while (received < count) {
      if (!reader.poll()) continue
      const before = received
      for (let offset = reader.next(); offset >= 0; offset = reader.next()) {
        const cell = offset >> 2
        checksum += u32[cell]! + u32[cell + 1]! + f64[(offset >> 3) + 1]!
        received++
      }
      if (reader.lost > 0) throw new Error(`lost ${reader.lost} records`)
      total = (total + received - before) | 0
      Atomics.store(progress, 0, total)
    }
    return checksum
  }
})
