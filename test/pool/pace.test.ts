/** How often who submits looks for what has come back. */
import { assert, describe, it } from "@effect/vitest"
import { Pace } from "../../src/pool/internal/pace.ts"

/** What a pace says after so many jobs have come back in each of some milliseconds, with so many under way. */
const after = (pace: Pace, perMilli: number, millis: number, outstanding: number): number => {
  let said = 0
  for (let now = 0; now <= millis; now++) said = pace.napMillis(now, now * perMilli, outstanding)
  return said
}

describe("Pace", () => {
  it("lets nobody look for a moment while what waits lasts for three, as fast as jobs come back", () => {
    assert.strictEqual(after(new Pace(true, 2), 20, 10, 62), 1)
    assert.strictEqual(after(new Pace(true, 2), 20, 10, 61), 0)
    assert.strictEqual(after(new Pace(true, 2), 1, 10, 5), 1)
  })

  it("does not count what runs: where as many jobs as workers wait a moment too long, those have nothing to do", () => {
    assert.strictEqual(after(new Pace(true, 8), 1, 10, 10), 0)
    assert.strictEqual(after(new Pace(true, 8), 1, 10, 11), 1)
  })

  it("has somebody look who does not know yet how fast that is, or when it is so slow that to be woken costs less", () => {
    assert.strictEqual(after(new Pace(true, 2), 20, 1, 1000), 0)
    assert.strictEqual(after(new Pace(true, 2), 0.4, 10, 1000), 0)
    assert.strictEqual(after(new Pace(true, 2), 0, 10, 1000), 0)
  })

  it("goes by the last window, and not by what was before", () => {
    const pace = new Pace(true, 2)
    assert.strictEqual(after(pace, 20, 10, 100), 1)
    // Nothing has come for two milliseconds: all have jobs that take longer.
    assert.strictEqual(pace.napMillis(12.5, 200, 100), 0)
    assert.strictEqual(pace.napMillis(14.5, 300, 100), 0)
    assert.strictEqual(pace.napMillis(16.5, 340, 100), 1)
  })

  it("never does where replies matter more than a core", () => {
    assert.strictEqual(after(new Pace(false, 2), 20, 10, 1000), 0)
  })
})
