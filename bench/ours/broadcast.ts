/**
 * The broadcast ring of this library with one reader: 16-byte records `{ u32, u32, f64 }`, published 64 at a time.
 *
 * The writer of a broadcast never waits, so the case makes it: the reader says after each drain how many records it has
 * had, and the writer stays half a ring behind what would be lost. A lost record fails the case.
 */
import { create } from "../../src/memory/BroadcastRing.ts"
import { BroadcastWriter } from "../../src/memory/BroadcastWriter.ts"
import type { Measured, Params } from "../runner/Case.ts"
import { produce } from "../runner/TwoThreads.ts"

/** Records that the writer may be ahead of the reader, of 24 bytes each: half of the ring. */
const AHEAD = 20_000

/** Publishes every `batch` records. */
export const broadcast = (batch: number) => async (params: Params): Promise<Measured> => {
  const memory = {
    ring: create({ capacityBytes: 1 << 20, readers: 1, chunks: 16 }),
    progress: new SharedArrayBuffer(4)
  }
  const writer = new BroadcastWriter(memory.ring)
  const read = new Int32Array(memory.progress)
  const { f64, u32 } = writer.region
  let sent = 0
  let mayReach = AHEAD
  const pace = (): void => {
    writer.publish()
    while (((sent - mayReach) | 0) >= 0) mayReach = (Atomics.load(read, 0) + AHEAD) | 0
  }
  return produce(params, {
    worker: new URL("./broadcast.worker.ts", import.meta.url),
    memory,
    produce: (count) => {
      for (let id = 0; id < count; id++) {
        if (sent === mayReach) pace()
        const offset = writer.claim(16)
        const cell = offset >> 2
        u32[cell] = id
        u32[cell + 1] = 7
        f64[(offset >> 3) + 1] = 1.5
        writer.commit(16, 0)
        sent = (sent + 1) | 0
        if (writer.unpublishedRecords >= batch) writer.publish()
      }
      writer.publish()
    }
  })
}
