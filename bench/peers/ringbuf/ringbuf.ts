/**
 * ringbuf.js, a wait-free ring of typed array elements: a 16-byte record is two doubles, pushed alone or 64 records at a time.
 */
import { RingBuffer } from "ringbuf.js"
import type { Measured, Params } from "../../runner/Case.ts"
import { produce } from "../../runner/TwoThreads.ts"

/** What both ends have to know. */
export interface Memory {
  readonly buffer: SharedArrayBuffer
  readonly batch: number
}

/** Pushes `batch` records a call. */
export const spsc = (batch: number) => (params: Params): Promise<Measured> => {
  const buffer = RingBuffer.getStorageForCapacity(8192, Float64Array)
  const ring = new RingBuffer(buffer, Float64Array)
  const records = new Float64Array(2 * batch)
  const memory: Memory = { buffer, batch }
  return produce(params, {
    worker: new URL("./ringbuf.worker.ts", import.meta.url),
    memory,
    produce: (count) => {
      for (let id = 0; id < count; id += batch) {
        for (let index = 0; index < batch; index++) {
          records[2 * index] = id + index
          records[2 * index + 1] = 8.5
        }
        // `push` writes what fits: a batch must go in whole.
        while (ring.availableWrite() < records.length);
        ring.push(records)
      }
    }
  })
}
