/**
 * The ring of many writers and many readers on 16-byte records `{ u32, u32, f64 }`.
 */
import { create } from "../../src/memory/MpmcRing.ts"
import type { Measured, Params } from "../runner/Case.ts"
import { expectedTally, nanosEach, sample } from "../runner/Sampling.ts"
import { measureThreads } from "../runner/Threads.ts"
import { playing } from "./mpmc.worker.ts"

const RECORD_BYTES = 16

/** One thread writes, another one reads. */
export const mpmcOneToOne = (params: Params): Promise<Measured> => {
  const ring = create(1 << 16, RECORD_BYTES, 2)
  return measureThreads(params, {
    worker: new URL("./mpmc.worker.ts", import.meta.url),
    memory: { ring, parts: ["write", "read"] },
    workers: 1,
    senders: 1,
    part: playing(ring, 1, "write")
  })
}

/** Two threads write one record and take one in turn. */
export const mpmcBoth = (params: Params): Promise<Measured> => {
  const ring = create(1024, RECORD_BYTES, 2)
  return measureThreads(params, {
    worker: new URL("./mpmc.worker.ts", import.meta.url),
    memory: { ring, parts: ["both", "both"] },
    workers: 1,
    senders: 2,
    part: playing(ring, 1, "both")
  })
}

/** One thread does both, with nobody else there. */
export const mpmcAlone = async (params: Params): Promise<Measured> => {
  const part = playing(create(1024, RECORD_BYTES, 2), 1, "both")
  const received = { count: 0, checksum: 0 }
  const samples = await sample(params, () => {
    const before = performance.now()
    const [count, checksum] = part(params.count)
    const figure = nanosEach(performance.now() - before, params.count)
    received.count += count
    received.checksum += checksum
    return figure
  })
  return { samples, received, expected: expectedTally(params.count, params.samples + params.warmups) }
}
