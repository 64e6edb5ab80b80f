import { describe, expect, it } from "vitest"
import { Counters, InvalidCounters } from "../../src/memory/Counters.ts"

describe("Counters", () => {
  it("shares each slot between all views of the table", () => {
    const sab = Counters.create(20)
    const one = new Counters(sab)
    const two = new Counters(sab)
    expect(one.slots).toBe(20)
    one.set(19, 5)
    expect(two.add(19, -7)).toBe(5)
    expect(one.get(19)).toBe(-2)
    expect(one.get(18)).toBe(0)
  })

  it("wraps at 32 bits", () => {
    const counters = new Counters(Counters.create(1))
    counters.set(0, 0x7fffffff)
    counters.add(0, 1)
    expect(counters.get(0)).toBe(-0x80000000)
  })

  it("throws at a slot that does not exist", () => {
    expect(() => new Counters(Counters.create(2)).get(2)).toThrow(RangeError)
    expect(() => new Counters(Counters.create(2)).add(-1, 1)).toThrow(RangeError)
  })

  it.each([0, -1, 1.5, NaN])("refuses a table of %d slots", (slots) => {
    expect(() => Counters.create(slots)).toThrow(InvalidCounters)
  })
})
