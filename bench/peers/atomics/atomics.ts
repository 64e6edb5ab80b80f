/**
 * The bare wait of the platform: a word, `Atomics.wait` or `Atomics.waitAsync`, and a notify each time.
 */
import type { Waiting } from "../../runner/Wakes.ts"

/** Waits on the word that counts the wake-ups. */
export const waiting = (isAsync: boolean): Waiting => {
  const words = new Int32Array(new SharedArrayBuffer(4))
  return {
    worker: new URL("./atomics.worker.ts", import.meta.url),
    data: { isAsync, words },
    wake: (sequence) => {
      Atomics.store(words, 0, sequence)
      Atomics.notify(words, 0)
    }
  }
}
