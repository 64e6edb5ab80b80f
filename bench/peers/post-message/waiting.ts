/**
 * A worker that waits for messages.
 */
import type { Waiting } from "../../runner/Wakes.ts"

/** Each wake-up is a message with its number. */
export const waiting = (): Waiting => ({
  worker: new URL("./waiting.worker.ts", import.meta.url),
  data: {},
  wake: (sequence, worker) => worker.postMessage(sequence)
})
