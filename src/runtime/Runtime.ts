/**
 * What a thread gives to code that waits: its clock, its turns, and a way to sleep until another thread rings.
 *
 * Everything in this library that is not a fiber gets these from a record that it is handed, and never from globals: so fake
 * timers in the same process change nothing, and several threads can be simulated in one.
 */

/** See the module. */
export interface Runtime {
  /** Milliseconds of a monotonic clock. */
  readonly nowMillis: () => number
  /** Runs `run` once, in a turn of its own, after timers and I/O have had theirs; in the async context of nobody. */
  readonly immediate: (run: () => void) => void
  /** Runs `run` once, after so many milliseconds, in a turn of its own; in the async context of nobody. The thread does not end meanwhile. */
  readonly after: (millis: number, run: () => void) => void
  /** Runs `run` once, at the end of the task that is running; in the async context of nobody. */
  readonly microtask: (run: () => void) => void
  /** Runs `run` now, in the async context of nobody, whatever the context of the caller. */
  readonly detached: (run: () => void) => void
  /** Makes a hold on the thread: while it is told `true` the thread does not end for want of work. */
  readonly holder: () => (isHeld: boolean) => void
  /** Whether code may block the thread for a few milliseconds: on a real one that is not the main one. */
  readonly mayBlock: boolean
  /**
   * Calls `rung` when the word is notified, or answers `false` and never calls, if it does not hold `expected`.
   *
   * **Shape** `cell` is an index into `words`, which lie in shared memory.
   */
  readonly waitAsync: (words: Int32Array, cell: number, expected: number, rung: () => void) => boolean
}
