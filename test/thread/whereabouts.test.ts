import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { innermost, whereabouts } from "../../src/thread/internal/whereabouts.ts"
import { FakeWorker } from "../support/fakeWorker.ts"

const frame = (functionName: string, scriptId: string, line: number) => ({
  functionName,
  location: { scriptId, lineNumber: line - 1 }
})

const files = new Map([["1", "node:internal/timers"], ["2", "file:///a.ts"], ["3", "file:///b.ts"], ["4", ""]])

describe("where a thread is", () => {
  it("is the innermost function of somebody's file", () => {
    const timer = frame("listOnTimeout", "1", 685)
    const stack = [frame("parse", "1", 1), frame("evaluated", "4", 2), frame("spin", "2", 3), frame("", "3", 4), timer]
    assert.strictEqual(innermost(stack, files), "spin (file:///a.ts:3)")
    assert.strictEqual(innermost([frame("", "3", 4)], files), "a function (file:///b.ts:4)")
    assert.isUndefined(innermost([timer], files))
    assert.isUndefined(innermost([], files))
  })

  it.effect("is not asked of a stand-in, which takes no time", () =>
    Effect.gen(function*() {
      assert.isUndefined(yield* whereabouts(new FakeWorker(), yield* Clock.Clock))
    }))
})
