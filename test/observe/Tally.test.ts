/** What threads count is read without asking them. */
import { describe, expect, it } from "vitest"
import { DROPPED, Tally } from "../../src/observe/kernel/Tally.ts"

describe("Tally", () => {
  it("keeps the counts of each thread apart and sums them", () => {
    const memory = Tally.create(3)
    const tallies = [0, 1, 2].map((thread) => new Tally(memory, thread))
    tallies[0]!.add(DROPPED, 1)
    tallies[2]!.add(DROPPED, 5)
    tallies[2]!.add(DROPPED + 1, 100)
    expect(tallies.map((tally) => tally.get(DROPPED))).toEqual([1, 0, 5])
    expect(Tally.total(memory, DROPPED)).toBe(6)
  })

  it("goes on where the last incarnation of a thread stopped, up to 2^32", () => {
    const memory = Tally.create(1)
    new Tally(memory, 0).add(DROPPED, 2 ** 31 - 1)
    new Tally(memory, 0).add(DROPPED, 2)
    expect(Tally.total(memory, DROPPED)).toBe(2 ** 31 + 1)
  })
})
