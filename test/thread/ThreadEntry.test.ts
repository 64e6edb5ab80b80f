/** The worker's side where it refuses to run, and its beats; what else it does on a real thread is in test/faults/threadFaults.test.ts. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { EventEmitter } from "node:events"
import { ThreadContext } from "../../src/runtime/ThreadContext.ts"
import * as Protocol from "../../src/thread/internal/protocol.ts"
import * as Entry from "../../src/thread/kernel/Entry.ts"
import * as ThreadEntry from "../../src/thread/ThreadEntry.ts"
import { runtime } from "../../src/thread/ThreadRuntime.ts"

describe("ThreadEntry", () => {
  it("refuses to run on the main thread and says where to call it", () => {
    try {
      ThreadEntry.launch(() => Effect.succeed({ ready: 0 }))
      assert.fail("did not throw")
    } catch (error) {
      assert.deepInclude(error, { _tag: "ThreadEntryMisused", problem: "main-thread" })
      assert.match((error as Error).message, /called on the main thread.*new Worker\(new URL/)
    }
  })
})

describe("a thread that has no timer for its beats", () => {
  it.effect("beats when it is asked", () =>
    Effect.gen(function*() {
      const port = new EventEmitter()
      let timers = 0
      Entry.enter({
        thread: new ThreadContext(runtime),
        port: {
          on: (event, listener) => port.on(event, listener),
          off: (event, listener) => port.off(event, listener),
          postMessage: () => {},
          close: () => {}
        },
        fork: (effect) => void Effect.runFork(effect),
        every: () => void timers++,
        onUncaught: () => {},
        onExit: () => {},
        leave: () => {}
      }, () => Effect.never)
      const words = new Int32Array(new SharedArrayBuffer(Protocol.heartbeatBytes))
      port.emit(
        "message",
        Protocol.bootstrap({
          name: "t",
          index: 0,
          epoch: 1,
          heartbeat: words.buffer,
          heartbeatIntervalMillis: 0,
          maxSpins: undefined,
          spot: undefined,
          data: undefined
        })
      )
      assert.deepStrictEqual([Protocol.currentBeat(words), timers], [1, 0])
      port.emit("message", Protocol.probe)
      assert.strictEqual(Protocol.currentBeat(words), 2)
    }))
})
