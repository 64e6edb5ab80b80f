/**
 * The ends of the ring of many writers.
 */
import { isMainThread } from "node:worker_threads"
import { MpscReader, MpscWriter } from "../../src/memory/MpscRing.ts"
import { type Part, serve } from "../runner/Threads.ts"

/** Claims, commits and publishes each record by itself. */
export const writing = (ring: SharedArrayBuffer, owner: number): Part => {
  const writer = new MpscWriter(ring, owner)
  const { f64, u32 } = writer.region
  return (count) => {
    for (let id = 0; id < count; id++) {
      let offset = writer.claim(16)
      while (offset < 0) offset = writer.claim(16)
      const cell = offset >> 2
      u32[cell] = id
      u32[cell + 1] = 7
      f64[(offset >> 3) + 1] = 1.5
      writer.commit(16, 0)
      writer.publish()
    }
    return [0, 0]
  }
}

/** Drains what it sees, then frees it. */
const reading = (ring: SharedArrayBuffer, writers: number): Part => {
  const reader = new MpscReader(ring)
  return (count) => {
    const all = count * writers
    let checksum = 0
    for (let received = 0; received < all;) {
      if (!reader.poll()) continue
      const { f64, u32 } = reader.region
      for (let offset = reader.next(); offset >= 0; offset = reader.next()) {
        const cell = offset >> 2
        checksum += u32[cell]! + u32[cell + 1]! + f64[(offset >> 3) + 1]!
        received++
      }
      reader.release()
    }
    return [all, checksum]
  }
}

if (!isMainThread) {
  serve(({ ring, writers }: { readonly ring: SharedArrayBuffer; readonly writers: number }, part) =>
    part === writers ? reading(ring, writers) : writing(ring, part + 1)
  )
}
