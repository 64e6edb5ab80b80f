/**
 * The ring of many writers on 16-byte records `{ u32, u32, f64 }`, with one writer or two.
 */
import { create } from "../../src/memory/MpscRing.ts"
import type { Measured, Params } from "../runner/Case.ts"
import { measureThreads } from "../runner/Threads.ts"
import { writing } from "./mpsc.worker.ts"

/** This thread is the first writer; the last worker reads, the others write too. */
export const mpsc = (writers: number) => (params: Params): Promise<Measured> => {
  const ring = create(1 << 21, writers)
  return measureThreads(params, {
    worker: new URL("./mpsc.worker.ts", import.meta.url),
    memory: { ring, writers },
    workers: writers,
    senders: writers,
    part: writing(ring, 1)
  })
}
