/** The worker's side where it refuses to run; what it does on a real thread is in test/faults/threadFaults.test.ts. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ThreadEntry from "../../src/thread/ThreadEntry.ts"

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
