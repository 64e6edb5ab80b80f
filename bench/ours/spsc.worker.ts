/**
 * The reading end of the ring: drains what it sees, then frees it.
 */
import { SpscReader } from "../../src/memory/SpscRing.ts"
import { consume } from "../runner/TwoThreads.ts"

consume((memory: SharedArrayBuffer) => {
  const reader = new SpscReader(memory)
  const { f64, u32 } = reader.region
  return (count) => {
    let checksum = 0
    for (let received = 0; received < count;) {
      if (!reader.poll()) continue
      for (let offset = reader.next(); offset >= 0; offset = reader.next()) {
        const cell = offset >> 2
        checksum += u32[cell]! + u32[cell + 1]! + f64[(offset >> 3) + 1]!
        received++
      }
      reader.release()
    }
    return checksum
  }
})
