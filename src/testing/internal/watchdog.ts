/**
 * Says where a program blocks the thread of its simulation, and ends the process: nothing else could, since nothing on that thread
 * runs any more.
 *
 * ```text
 *   run ──► every step counts in a shared word ◄── looked at by a thread of its own
 *                                                    │ the same for too long
 *                      its stack, its seed ◄── pause ┘ by the inspector; then the end
 * ```
 *
 * There is one such thread in a process. It sleeps while there is no run, and keeps nobody from leaving.
 */
import * as inspector from "node:inspector"
import { isMainThread, Worker } from "node:worker_threads"

const STEPS = 0
const IS_RUNNING = 1
const PATIENCE = 2

/** Where the other thread finds who reports: it evaluates this while the blocked thread is paused. */
const KEY = "shared-nothing/testing/watchdog"

const FRAMES = 12

// A text, because a file of its own would have to be found from sources, from the built package, and from a bundle.
const program = `
const { workerData: words } = require("node:worker_threads")
const { Session } = require("node:inspector")
const { writeSync } = require("node:fs")
const blocked = () => {
  for (;;) {
    Atomics.wait(words, ${IS_RUNNING}, 0)
    const seen = Atomics.load(words, ${STEPS})
    const outcome = Atomics.wait(words, ${IS_RUNNING}, 1, Atomics.load(words, ${PATIENCE}))
    if (outcome === "timed-out" && Atomics.load(words, ${STEPS}) === seen) return
  }
}
const end = (text) => {
  writeSync(2, "\\n" + text + "\\n")
  process.kill(process.pid, "SIGKILL")
}
blocked()
const session = new Session()
session.connectToMainThread()
setTimeout(() => end("a simulated program blocks its thread, in code that is not JavaScript"), 5000)
const urls = new Map()
session.on("Debugger.scriptParsed", ({ params: { scriptId, url } }) => urls.set(scriptId, url))
session.on("Debugger.paused", ({ params: { callFrames } }) => {
  const frames = callFrames.slice(0, ${FRAMES}).map(({ functionName, location: { lineNumber, scriptId } }) =>
    "at " + (functionName || "<anonymous>") + " (" + urls.get(scriptId) + ":" + (lineNumber + 1) + ")")
  const expression = "globalThis[Symbol.for('${KEY}')](" + JSON.stringify(frames) + ")"
  session.post("Debugger.evaluateOnCallFrame", {
    callFrameId: callFrames[0].callFrameId, expression, returnByValue: true
  }, (error, answer) => end(error === null ? String(answer.result.value ?? frames.join("\\n")) : frames.join("\\n")))
})
session.post("Debugger.enable", () => session.post("Debugger.pause"))
`

/** What is printed of a run that is stuck in these frames. */
export type Describe = (frames: ReadonlyArray<string>) => string

/** See the module. */
export class Watchdog {
  declare private readonly words: Int32Array
  constructor() {
    this.words = new Int32Array(new SharedArrayBuffer(12))
    // Who looks at a program with a debugger stops it as long as it likes. Only the main thread can be paused from another one.
    if (inspector.url() !== undefined || !isMainThread) return
    const worker = new Worker(program, {
      eval: true,
      workerData: this.words,
      execArgv: [],
      name: "simulation-watchdog"
    })
    worker.unref()
    // Without it a blocked program hangs, as it would have.
    worker.on("error", () => {})
  }

  /** A run begins; one of its steps may take so long. */
  begin(patienceMillis: number, describe: Describe): void {
    const { words } = this
    Object.defineProperty(globalThis, Symbol.for(KEY), { value: describe, configurable: true })
    words[PATIENCE] = Math.min(patienceMillis, 2 ** 31 - 1)
    Atomics.store(words, IS_RUNNING, 1)
    Atomics.notify(words, IS_RUNNING)
  }

  /** The run goes on. */
  step(): void {
    this.words[STEPS]!++
  }

  /** The run is over. */
  end(): void {
    Atomics.store(this.words, IS_RUNNING, 0)
    Atomics.notify(this.words, IS_RUNNING)
    Reflect.deleteProperty(globalThis, Symbol.for(KEY))
  }
}
