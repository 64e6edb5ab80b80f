/**
 * A mebibyte by `postMessage`: its buffer transferred, copied by the structured clone, or shared.
 */
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import type { Measured, Params } from "../../runner/Case.ts"
import { BYTES, measureTrips } from "../../runner/Trips.ts"

/** How the bytes get to the other side. */
export type How = "transfer" | "copy" | "shared"

/** Sends words to the worker, which changes them and sends them back. */
export const move = (how: How) => async (params: Params): Promise<Measured> => {
  const worker = new Worker(new URL("./move.worker.ts", import.meta.url), { workerData: how })
  await once(worker, "message")
  const arrived: Array<Int32Array> = []
  let wake = (): void => {}
  worker.on("message", (words: Int32Array) => {
    arrived.push(words)
    wake()
  })
  const measured = await measureTrips<Int32Array>(params, {
    make: () => new Int32Array(how === "shared" ? new SharedArrayBuffer(BYTES) : new ArrayBuffer(BYTES)),
    words: (words) => words,
    send: (words) => worker.postMessage(words, how === "transfer" ? [words.buffer as ArrayBuffer] : []),
    receive: () =>
      arrived.shift() ?? new Promise((resolve) => {
        wake = () => {
          wake = () => {}
          resolve(arrived.shift()!)
        }
      })
  })
  await worker.terminate()
  return measured
}
