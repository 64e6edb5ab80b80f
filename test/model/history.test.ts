import { describe, expect, it } from "vitest"
import { explore, type Program, Violation } from "./explore.ts"
import * as atomics from "./gatedAtomics.ts"
import { deque, History, queue, register, type Sequential } from "./history.ts"
import { thread } from "./programs/program.ts"
import type { Body } from "./request.ts"

/**
 * A history as text, one column of time: `a write(1)` is a call, `a = 1` its answer. Threads have one call at a time.
 */
const history = (...events: ReadonlyArray<string>): History => {
  const made = new History()
  const open = new Map<string, number>()
  for (const event of events) {
    const [, by, operation, args, answer] = /^(\w+) (?:(\w+)\((.*)\)|= ?(.*))$/.exec(event)!
    if (operation === undefined) made.answer(open.get(by!)!, answer === "" ? undefined : JSON.parse(answer!))
    else open.set(by!, made.call(by!, operation, args === "" ? [] : JSON.parse(`[${args}]`) as ReadonlyArray<unknown>))
  }
  return made
}

/** Whether some order of the calls gives their answers. */
const isInOrder = <State>(model: Sequential<State>, ...events: ReadonlyArray<string>): boolean => {
  try {
    history(...events).check(model)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(Violation)
    return false
  }
}

const word = register(0)
const fifo = queue({ capacity: 2, taken: true, full: false, empty: null })
const stealing = deque({ capacity: 4, taken: true, full: false, empty: -1, retry: -2 })

describe("History", () => {
  it("accepts overlapping calls in whichever order gives their answers", () => {
    expect(isInOrder(word, "a write(1)", "b read()", "b = 0", "a =")).toBe(true)
    expect(isInOrder(word, "a write(1)", "b read()", "b = 1", "a =")).toBe(true)
    expect(isInOrder(word, "a write(1)", "b write(2)", "c read()", "c = 2", "a =", "c read()", "c = 1", "b =")).toBe(
      true
    )
  })

  it("refuses an answer from before a write that had ended, and two reads in the wrong order", () => {
    expect(isInOrder(word, "a write(1)", "a =", "b read()", "b = 0")).toBe(false)
    expect(isInOrder(word, "a write(1)", "b read()", "b = 1", "c read()", "c = 0", "a =")).toBe(false)
    expect(isInOrder(word, "a swap(0, 1)", "b swap(0, 2)", "a = 0", "b = 0")).toBe(false)
  })

  it("lets a call without an answer have happened or not", () => {
    expect(isInOrder(word, "a write(1)", "b read()", "b = 0", "b read()", "b = 1")).toBe(true)
    expect(isInOrder(word, "a write(1)", "b read()", "b = 0")).toBe(true)
    expect(isInOrder(word, "a write(1)", "b read()", "b = 1", "b read()", "b = 0")).toBe(false)
    expect(isInOrder(fifo, "a poll()", "b offer(1)", "b = true", "c poll()", "c = null")).toBe(true)
  })

  it("keeps a queue first in, first out, and within its capacity", () => {
    expect(
      isInOrder(fifo, "a offer(1)", "b offer(2)", "a = true", "b = true", "a poll()", "a = 2", "a poll()", "a = 1")
    ).toBe(true)
    expect(isInOrder(fifo, "a offer(1)", "a = true", "b offer(2)", "b = true", "a poll()", "a = 2")).toBe(false)
    expect(isInOrder(fifo, "a offer(1)", "a = true", "a poll()", "a = 1", "a poll()", "a = 1")).toBe(false)
    expect(isInOrder(fifo, "a offer(1)", "a = true", "b poll()", "b = null")).toBe(false)
    expect(isInOrder(fifo, "a offer(1)", "a = true", "a offer(2)", "a = true", "a offer(3)", "a = true")).toBe(false)
    expect(isInOrder(fifo, "a offer(1)", "a = false")).toBe(false)
    const lax = queue({ capacity: 2, taken: true, full: false, empty: null, mayLookEmpty: true, mayLookFull: true })
    expect(isInOrder(lax, "a offer(1)", "a = true", "b poll()", "b = null", "a offer(2)", "a = false")).toBe(true)
  })

  it("lets a deque's owner and thieves take at both ends, each value once", () => {
    const filled = ["a push(1)", "a = true", "a push(2)", "a = true", "a push(3)", "a = true"]
    expect(
      isInOrder(
        stealing,
        ...filled,
        "b steal()",
        "b = 1",
        "a pop()",
        "a = 3",
        "b steal()",
        "b = -2",
        "b steal()",
        "b = 2"
      )
    ).toBe(true)
    expect(isInOrder(stealing, ...filled, "b steal()", "b = 3")).toBe(false)
    expect(isInOrder(stealing, ...filled, "b steal()", "a pop()", "b = -1", "a = 3")).toBe(false)
    expect(isInOrder(stealing, "a push(1)", "a = true", "b steal()", "a pop()", "b = 1", "a = 1")).toBe(false)
  })

  it("goes through long histories of many overlapping calls", () => {
    const names = Array.from({ length: 12 }, (_, i) => `t${i}`)
    const calls = names.map((name, i) => `${name} write(${i})`)
    const ends = names.map((name) => `${name} =`)
    expect(isInOrder(word, ...calls, "r read()", "r = 5", ...ends, "r read()", "r = 7")).toBe(true)
    expect(isInOrder(word, ...calls, ...ends, "r read()", "r = 5", "r read()", "r = 7")).toBe(false)
  })

  it("lists the calls that no order explains, and remembers none of them", () => {
    const wrong = ["a write(1)", "a =", "b read()", "b = 0"]
    for (let i = 0; i < 2; i++) {
      expect(() => history(...wrong).check(word)).toThrow(
        /a write\(1\) at 0 -> undefined at 1\n +b read\(\) at 2 -> 0 at 3/
      )
    }
  })

  it("records a call with its first step and an answer with its last", () => {
    /** A register whose write takes two steps or one, read by another thread. */
    const program = (atomically: boolean) => (): Program => {
      const cells = new Int32Array(new SharedArrayBuffer(8))
      const recorded = new History()
      const read = function*(): Body<number> {
        const high = yield* atomics.load(cells, 1)
        return high === 0 ? yield* atomics.load(cells, 0) : high
      }
      const write = function*(): Body {
        yield* atomics.store(cells, 0, 1)
        if (!atomically) yield* atomics.store(cells, 1, 2)
      }
      const writer = recorded.record("writer", "write", [atomically ? 1 : 2], write())
      const reader = function*(): Body {
        yield* recorded.record("reader", "read", [], read())
        yield* recorded.record("reader", "read", [], read())
      }
      return {
        threads: [thread("writer", writer, true), thread("reader", reader())],
        check: () => recorded.check(word)
      }
    }
    expect(explore(program(true), Infinity).failure).toBeUndefined()
    expect(explore(program(false), Infinity).failure).toContain("no order of the calls")
  })
})
