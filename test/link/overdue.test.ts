import { describe, expect, it } from "vitest"
import { Overdue } from "../../src/link/internal/overdue.ts"
import * as SpscRing from "../../src/memory/SpscRing.ts"
import type { Runtime } from "../../src/runtime/Runtime.ts"
import { Turn } from "../../src/runtime/Turn.ts"
import { runtime } from "../../src/thread/ThreadRuntime.ts"

const staged = () => {
  const clock = { now: 0 }
  const frozen: Runtime = { ...runtime, nowMillis: () => clock.now, immediate: () => {} }
  const turn = new Turn(frozen, 5)
  const memory = SpscRing.create(4096)
  const writer = new SpscRing.SpscWriter(memory)
  const reader = new SpscRing.SpscReader(memory)
  const overdue = new Overdue(turn)
  const write = (records: number) => {
    for (let n = 0; n < records; n++) {
      writer.claim(8)
      writer.commit(8, 1)
    }
    writer.publish()
  }
  const read = (records: number) => {
    reader.poll()
    for (let n = 0; n < records; n++) reader.next()
    reader.release()
  }
  const isOverdue = (millis: number): boolean => {
    turn.end()
    clock.now += millis
    turn.begin()
    return overdue.isIn(reader)
  }
  return { isOverdue, overdue, read, reader, write }
}

describe("what is overdue in a ring", () => {
  it("is what was to be seen two turns ago and is not read", () => {
    const { isOverdue, read, write } = staged()
    write(20)
    expect(isOverdue(5)).toBe(false)
    read(5)
    expect(isOverdue(5)).toBe(false)
    read(5)
    expect(isOverdue(5)).toBe(true)
  })

  it("is nothing as long as all of it is read in that time, however much comes after it", () => {
    const { isOverdue, read, write } = staged()
    write(10)
    expect(isOverdue(5)).toBe(false)
    for (let turns = 0; turns < 10; turns++) {
      write(10)
      read(10)
      expect(isOverdue(6)).toBe(false)
    }
  })

  it("is nothing of what comes after a long silence", () => {
    const { isOverdue, read, write } = staged()
    write(1)
    expect(isOverdue(5)).toBe(false)
    read(1)
    write(50)
    expect(isOverdue(10_000)).toBe(false)
  })

  it("is said once in that time", () => {
    const { isOverdue, overdue, reader, write } = staged()
    write(10)
    expect(isOverdue(5)).toBe(false)
    expect(isOverdue(10)).toBe(true)
    expect(overdue.isIn(reader)).toBe(false)
    expect([isOverdue(5), isOverdue(5)]).toEqual([false, true])
  })
})
