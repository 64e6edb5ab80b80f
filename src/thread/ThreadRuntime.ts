/**
 * The {@link Runtime} of a real thread.
 *
 * The timers are those of the moment in which this module was loaded, and callbacks run in the async context of that moment:
 * neither fake timers nor the `AsyncLocalStorage` of whoever happens to wake a loop reach what runs there.
 */
import { AsyncLocalStorage } from "node:async_hooks"
import { isMainThread } from "node:worker_threads"
import type { Runtime } from "../runtime/Runtime.ts"

const immediate = globalThis.setImmediate
const microtask = globalThis.queueMicrotask
const now = globalThis.performance.now.bind(globalThis.performance)
const timeout = globalThis.setTimeout
const interval = globalThis.setInterval
/** The longest period of a timer. */
const MAX_MILLIS = 0x7fffffff
const detached = AsyncLocalStorage.snapshot()

const nothing = (): void => {}

/** See the module. */
export const runtime: Runtime = {
  nowMillis: () => now(),
  immediate: (run) => void detached(immediate, run),
  after: (millis, run) => void detached(timeout, run, millis),
  microtask: (run) => detached(microtask, run),
  detached: (run) => detached(run),
  holder: () => {
    let handle: ReturnType<typeof setInterval> | undefined
    return (isHeld) => {
      if (!isHeld) handle?.unref()
      else if (handle === undefined) handle = interval(nothing, MAX_MILLIS)
      else handle.ref()
    }
  },
  mayBlock: !isMainThread,
  waitAsync: (words, cell, expected, rung) => {
    const wait = Atomics.waitAsync(words, cell, expected)
    if (!wait.async) return false
    void detached(() => wait.value.then(rung))
    return true
  }
}
