import { describe, expect, it } from "vitest"
import type { Runtime } from "../../src/runtime/Runtime.ts"
import { piece, ThreadContext } from "../../src/runtime/ThreadContext.ts"

const runtime: Runtime = {
  nowMillis: () => 0,
  immediate: () => {},
  after: () => {},
  microtask: () => {},
  detached: (run) => run(),
  holder: () => () => {},
  mayBlock: false,
  waitAsync: () => false
}

describe("ThreadContext", () => {
  it("makes a piece once for each thread, also one that is undefined", () => {
    let made = 0
    const files = piece(() => {
      made++
      return made > 2 ? undefined : [made]
    })
    const [one, other, third] = [new ThreadContext(runtime), new ThreadContext(runtime), new ThreadContext(runtime)]
    expect([one.get(files), other.get(files), one.get(files)]).toEqual([[1], [2], [1]])
    expect([third.get(files), third.get(files), made]).toEqual([undefined, undefined, 3])
  })

  it("gives a piece the context it is made for", () => {
    const own = piece((thread) => thread)
    const thread = new ThreadContext(runtime)
    expect(thread.get(own)).toBe(thread)
  })
})
