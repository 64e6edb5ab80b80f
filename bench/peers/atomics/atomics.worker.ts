/**
 * The thread that waits.
 */
import { parentPort, workerData } from "node:worker_threads"
import { seen, type Shared } from "../../runner/Wakes.ts"

const { control, isAsync, words } = workerData as Shared & { readonly isAsync: boolean; readonly words: Int32Array }
const tell = seen(control)
// A pending wait does not keep a thread alive.
if (isAsync) setInterval(() => {}, 0x7fffffff)
parentPort!.postMessage("ready")
for (let last = 0;;) {
  if (isAsync) {
    const wait = Atomics.waitAsync(words, 0, last)
    if (wait.async) await wait.value
  } else Atomics.wait(words, 0, last)
  const sequence = Atomics.load(words, 0)
  if (sequence === last) continue
  tell(last = sequence)
}
