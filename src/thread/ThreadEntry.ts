/**
 * The worker's side of a {@link Thread}: takes the bootstrap message, runs the setup in a Scope of its own, beats, and
 * ends the thread when it is asked to.
 *
 * It promises that the thread stays alive until it is stopped (whatever else it waits for), that a stop closes the
 * setup's Scope before the thread exits, and that the parent hears of a failed setup or finalizer with its tag, message
 * and stack. It never runs finalizers when the parent terminates the thread, and it does not catch what other code
 * throws: an uncaught error ends the thread, and the parent reports it.
 */
import * as Effect from "effect/Effect"
import { isMainThread, parentPort } from "node:worker_threads"
import { piece } from "../runtime/ThreadContext.ts"
import { thread } from "./kernel/CurrentThread.ts"
import * as Entry from "./kernel/Entry.ts"
import type { Ground } from "./kernel/Ground.ts"
import { settle } from "./kernel/Hardware.ts"
import { ThreadEntryMisused } from "./ThreadError.ts"

export type { ThreadReady, ThreadStart } from "./kernel/Entry.ts"

// The timers of the moment in which this module is loaded: fake ones that come later change nothing.
const every = globalThis.setInterval
const after = globalThis.setTimeout

const launched = piece(() => ({ isCalled: false }))

/**
 * Runs the thread. Call it once, at the top level of the file given to `new Worker`.
 *
 * **Details**
 *
 * `setup` runs once, with a Scope that lives until the thread is stopped: start what runs in the background with
 * `Effect.forkScoped`, and report its failure through `start.fail`. `rehearsal` runs before it, to have done once what will
 * have to be done quickly, and is told whose setup it is; on a thread that stands by in reserve once more before that, of nobody: one that is to run once sees to that.
 *
 * **Errors**
 *
 * Throws {@link ThreadEntryMisused} on the main thread, and on a second call.
 */
export const launch = <E>(setup: Entry.Setup<E>, rehearsal?: Entry.Rehearsal): void => {
  const { take } = Entry.takerOf(thread)
  if (take === undefined) Entry.enter(realGround(), setup, rehearsal)
  else take(setup, rehearsal ?? (() => Effect.void))
}

const realGround = (): Ground => {
  const port = claimPort()
  return {
    thread,
    port,
    fork: (effect) => void Effect.runFork(effect),
    every: (run, millis) => every(run, millis).unref(),
    onUncaught: (heard) => process.on("uncaughtExceptionMonitor", heard),
    onExit: (heard) => process.on("exit", heard),
    settle,
    leave: (code, graceMillis) => {
      process.exitCode = code
      after(() => process.exit(code), graceMillis).unref()
    }
  }
}

const claimPort = () => {
  if (isMainThread || parentPort === null) throw new ThreadEntryMisused({ problem: "main-thread" })
  const entry = thread.get(launched)
  if (entry.isCalled) throw new ThreadEntryMisused({ problem: "called-twice" })
  entry.isCalled = true
  return parentPort
}
