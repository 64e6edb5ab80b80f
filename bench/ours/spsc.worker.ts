/**
 * The reading end of the ring: drains what it sees, then frees it. With `pauses`, it looks less often when it found nothing: a
 * reader on the heels of the writer takes the line of the tail from it for each record (the temporal slipping of
 * FastForward, Giacomoni et al. 2008).
 */
import { SpscReader } from "../../src/memory/SpscRing.ts"
import { pause } from "../../src/memory/WaitStrategy.ts"
import { consume } from "../runner/TwoThreads.ts"

/** What the reader has to know. */
export interface Reading {
  readonly memory: SharedArrayBuffer
  readonly pauses: number
}

consume(({ memory, pauses }: Reading) => {
  const reader = new SpscReader(memory)
  const { f64, u32 } = reader.region
  return (count) => {
    let checksum = 0
    for (let received = 0; received < count;) {
      if (!reader.poll()) {
        for (let i = 0; i < pauses; i++) pause()
        continue
      }
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
