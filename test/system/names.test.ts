/** One name, one actor: what the main thread keeps for that. */
import { describe, expect, it } from "vitest"
import { Names } from "../../src/system/internal/names.ts"

describe("Names", () => {
  it("gives a name to one claim at a time", () => {
    const names = new Names()
    expect(names.claim("a/1", 0, 1)).toBe(true)
    expect(names.claim("a/1", 2, 1)).toBe(false)
    names.release("a/1", 0, 1)
    expect([names.has("a/1"), names.claim("a/1", 2, 1)]).toEqual([false, true])
  })

  it("takes a name back from the claim that has it only", () => {
    const names = new Names()
    names.claim("a/1", 1, 7)
    for (const [thread, number] of [[1, 8], [2, 7], [0, 0]] as const) names.release("a/1", thread, number)
    expect(names.has("a/1")).toBe(true)
    names.release("a/1", 1, 7)
    expect(names.size).toBe(0)
  })

  it("is handed over by the claim that has it only", () => {
    const names = new Names()
    names.claim("a/1", 0, 7)
    names.move("a/1", { thread: 0, number: 8 }, { thread: 1, number: -8 })
    names.release("a/1", 1, -8)
    expect(names.has("a/1")).toBe(true)
    names.move("a/1", { thread: 0, number: 7 }, { thread: 1, number: -7 })
    names.release("a/1", 0, 7)
    expect(names.has("a/1")).toBe(true)
    names.release("a/1", 1, -7)
    expect(names.size).toBe(0)
  })

  it("frees what a thread had claimed when it is lost, and nothing else", () => {
    const names = new Names()
    for (let n = 0; n < 10; n++) names.claim(`a/${n}`, n % 2, n)
    names.lost(1)
    expect([names.size, names.has("a/1"), names.has("a/2")]).toEqual([5, false, true])
  })
})
