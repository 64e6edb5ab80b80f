/** The time that handlers have for which nobody waits any more: each ends, and leaves nothing behind. */
import { describe, expect, it } from "vitest"
import type { Deadline, Deadlines } from "../../src/actor/kernel/Deadlines.ts"
import { Graces } from "../../src/pool/internal/graces.ts"

const stage = () => {
  const watched = new Set<Deadline>()
  const over: Array<number> = []
  const deadlines = {
    add: (deadline: Deadline) => void watched.add(deadline),
    remove: (deadline: Deadline) => void watched.delete(deadline)
  } as unknown as Deadlines
  const graces = new Graces(deadlines, 5000, (slot) => void over.push(slot))
  return { graces, over, watched }
}

describe("graces", () => {
  it("are over once, and then there is none to forget", () => {
    const { graces, over, watched } = stage()
    graces.allow(3)
    graces.allow(4)
    expect(watched.size).toBe(2)
    const [first] = watched
    watched.delete(first!)
    first!.expire()
    expect(over).toEqual([3])
    graces.forget(3)
    expect(watched.size).toBe(1)
  })

  it("are watched no longer when their slot is free, or all of them are given up", () => {
    const { graces, over, watched } = stage()
    graces.allow(3)
    graces.allow(4)
    graces.forget(3)
    graces.forget(7)
    expect(watched.size).toBe(1)
    graces.allow(3)
    graces.clear()
    expect([watched.size, over]).toEqual([0, []])
  })
})
