import { describe, expect, it } from "vitest"
import type { Runtime } from "../../src/runtime/Runtime.ts"
import { Turn } from "../../src/runtime/Turn.ts"

const stage = () => {
  const immediates: Array<() => void> = []
  const clock = { now: 0, reads: 0 }
  const runtime: Runtime = {
    nowMillis: () => {
      clock.reads++
      return clock.now
    },
    immediate: (run) => void immediates.push(run),
    after: (_millis, run) => void immediates.push(run),
    microtask: (run) => void immediates.push(run),
    detached: (run) => run(),
    holder: () => () => {},
    mayBlock: false,
    waitAsync: () => false
  }
  const handle = (turn: Turn, millis: number): number => {
    let handled = 0
    do {
      clock.now += millis
      handled++
    } while (!turn.isOver() && handled < 10_000)
    return handled
  }
  return { clock, handle, immediates, runtime }
}

describe("Turn", () => {
  it("is over after its budget, to the message, when messages are slow", () => {
    const { handle, runtime } = stage()
    const turn = new Turn(runtime, 5)
    turn.begin()
    expect(handle(turn, 2)).toBe(3)
    turn.begin()
    expect(handle(turn, 2)).toBe(3)
  })

  it("reads the clock at every sixteenth message when they are quick", () => {
    const { clock, handle, runtime } = stage()
    const turn = new Turn(runtime, 5)
    turn.begin()
    expect(handle(turn, 0.001)).toBeGreaterThan(4_990)
    expect(clock.reads).toBeLessThan(4_990 / 16 + 8)
  })

  it("lasts at most fifteen messages longer when quick messages turn slow", () => {
    const { clock, handle, runtime } = stage()
    const turn = new Turn(runtime, 5)
    turn.begin()
    handle(turn, 0.001)
    turn.begin()
    const began = clock.now
    handle(turn, 2)
    expect(clock.now - began).toBeLessThanOrEqual(2 * 18)
    turn.begin()
    expect(handle(turn, 2)).toBe(3)
  })

  it("gives a part of itself to one of those who share it, and is over only when its own time is up", () => {
    const { handle, runtime } = stage()
    const turn = new Turn(runtime, 5)
    turn.begin()
    turn.beginPart()
    expect(handle(turn, 0.5)).toBe(2)
    expect(turn.endPart()).toBe(false)
    turn.beginPart()
    expect(handle(turn, 0.5)).toBe(2)
    expect(turn.endPart()).toBe(false)
    expect(handle(turn, 0.5)).toBe(6)
  })

  it("ends a part with itself, and has none that is over outside of it", () => {
    const { handle, runtime } = stage()
    const turn = new Turn(runtime, 5)
    turn.begin()
    expect(handle(turn, 2.4)).toBe(3)
    turn.begin()
    for (const [millis, isOver] of [[2.4, false], [2.4, false], [0.3, true]] as const) {
      turn.beginPart()
      expect(handle(turn, millis)).toBe(1)
      expect(turn.endPart()).toBe(isOver)
    }
    turn.end()
    turn.beginPart()
    expect([turn.isOver(), turn.endPart()]).toEqual([false, false])
  })

  it("stays over until the next one begins", () => {
    const { handle, runtime } = stage()
    const turn = new Turn(runtime, 5)
    turn.begin()
    handle(turn, 10)
    expect([turn.isOver(), turn.isOver()]).toEqual([true, true])
    turn.begin()
    expect(turn.isOver()).toBe(false)
  })

  it("is never over outside of a turn, also right after one whose time was up", () => {
    const { clock, handle, runtime } = stage()
    const turn = new Turn(runtime, 5)
    clock.now = 100
    expect(turn.isOver()).toBe(false)
    turn.begin()
    // Quick messages: the clock is read at every sixteenth, and what was seen last holds in between.
    handle(turn, 0.01)
    turn.end()
    expect(Array.from({ length: 40 }, () => turn.isOver())).not.toContain(true)
  })

  it("begins once on a stack that is not ours, and is ended by the event loop", () => {
    const { handle, immediates, runtime } = stage()
    const turn = new Turn(runtime, 5)
    turn.enter()
    turn.enter()
    expect([turn.count, immediates.length]).toEqual([1, 1])
    handle(turn, 10)
    immediates[0]!()
    turn.enter()
    expect([turn.count, turn.isOver()]).toEqual([2, false])
  })
})
