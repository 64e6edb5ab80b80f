/**
 * The ring of this library: 16-byte records `{ u32, u32, f64 }`, published 64 at a time or one by one.
 */
import { create, SpscWriter } from "../../src/memory/SpscRing.ts"
import type { Measured, Params } from "../runner/Case.ts"
import { produce } from "../runner/TwoThreads.ts"
import type { Reading } from "./spsc.worker.ts"

/** Claims and commits each record, publishes every `batch` records; the reader pauses so many times when it finds nothing. */
export const spsc = (batch: number, pauses = 0) => (params: Params): Promise<Measured> => {
  // About as many records as the peer's ring has room for.
  const ring = create(1 << 17)
  const memory: Reading = { memory: ring, pauses }
  const writer = new SpscWriter(ring)
  const { f64, u32 } = writer.region
  return produce(params, {
    worker: new URL("./spsc.worker.ts", import.meta.url),
    memory,
    produce: (count) => {
      for (let id = 0; id < count; id++) {
        let offset = writer.claim(16)
        while (offset < 0) {
          writer.publish()
          offset = writer.claim(16)
        }
        const cell = offset >> 2
        u32[cell] = id
        u32[cell + 1] = 7
        f64[(offset >> 3) + 1] = 1.5
        writer.commit(16, 0)
        if (writer.unpublishedRecords >= batch) writer.publish()
      }
      writer.publish()
    }
  })
}
