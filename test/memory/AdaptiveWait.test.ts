import { describe, expect, it } from "vitest"
import { AdaptiveWait } from "../../src/memory/AdaptiveWait.ts"
import { type Decision, InvalidWaitOptions, PARK, pause, SPIN, YIELD } from "../../src/memory/WaitStrategy.ts"

/** The decisions of one idle phase up to the first park, as counts. */
const phase = (wait: AdaptiveWait): { spins: number; yields: number } => {
  const counts = { spins: 0, yields: 0 }
  for (let decision: Decision = wait.empty(); decision !== PARK; decision = wait.empty()) {
    if (decision === SPIN) {
      expect(counts.yields, "no spin after a yield").toBe(0)
      counts.spins++
    } else counts.yields++
    if (counts.spins + counts.yields > 100_000) throw new Error("never parks")
  }
  return counts
}

describe("AdaptiveWait", () => {
  it("spins, then yields, then parks, and goes on parking until records come", () => {
    const wait = new AdaptiveWait({ maxSpins: 10, maxYields: 3 })
    expect(phase(wait)).toEqual({ spins: 10, yields: 3 })
    expect([wait.empty(), wait.empty()]).toEqual([PARK, PARK])
    wait.success()
    expect(phase(wait).yields).toBe(3)
  })

  it("halves a budget that was spun through in vain, down to zero", () => {
    const wait = new AdaptiveWait({ maxSpins: 100, maxYields: 2 })
    const spins: Array<number> = []
    for (let i = 0; i < 9; i++) {
      spins.push(phase(wait).spins)
      wait.success()
    }
    expect(spins).toEqual([100, 50, 25, 12, 6, 3, 1, 0, 0])
  })

  it("doubles the budget when records come while spinning, up to the maximum", () => {
    const wait = new AdaptiveWait({ maxSpins: 100, maxYields: 2 })
    for (let i = 0; i < 5; i++) {
      phase(wait)
      wait.success()
    }
    const budgets = [wait.spinBudget]
    for (let i = 0; i < 6; i++) {
      expect(wait.empty()).toBe(SPIN)
      wait.success()
      budgets.push(wait.spinBudget)
    }
    expect(budgets).toEqual([3, 6, 12, 24, 48, 96, 100])
  })

  it("tries spinning again when records come with the first yield, and not with a later one", () => {
    const wait = new AdaptiveWait({ maxSpins: 100, maxYields: 5 })
    while (wait.spinBudget > 0) {
      phase(wait)
      wait.success()
    }
    wait.empty()
    wait.empty()
    wait.success()
    expect(wait.spinBudget).toBe(0)
    expect(wait.empty()).toBe(YIELD)
    wait.success()
    expect(wait.spinBudget).toBe(16)
    expect(wait.empty()).toBe(SPIN)
  })

  it("with a clock tries spinning again when records come so soon after the first yield that it would have caught them", () => {
    let nanos = 0
    const wait = new AdaptiveWait({ maxSpins: 100, yieldNanos: 50_000, now: () => nanos })
    const spins: Array<number> = []
    const yielding = (lasts: number) => {
      let count = 0
      while (wait.empty() === SPIN) count++
      spins.push(count)
      nanos += lasts
      wait.empty()
      wait.success()
    }
    for (let i = 0; i < 8; i++) yielding(20_000)
    for (let i = 0; i < 6; i++) yielding(19_999)
    expect(spins).toEqual([100, 50, 25, 12, 6, 3, 1, 0, 0, 16, 32, 64, 100, 100])
  })

  it("learns nothing from records that came without an empty poll", () => {
    const wait = new AdaptiveWait({ maxSpins: 8, maxYields: 1 })
    phase(wait)
    wait.success()
    const budget = wait.spinBudget
    wait.success()
    wait.success()
    expect(wait.spinBudget).toBe(budget)
  })

  it("learns without yields and without a clock, and goes on trying a few spins", () => {
    const wait = new AdaptiveWait({ maxSpins: 100, maxYields: 0 })
    const spins: Array<number> = []
    for (let i = 0; i < 5; i++) {
      spins.push(phase(wait).spins)
      wait.empty()
      wait.success()
    }
    expect(spins).toEqual([100, 50, 25, 16, 16])
    wait.empty()
    wait.success()
    expect(wait.spinBudget).toBe(32)
  })

  it("learns without yields from how long it was parked", () => {
    let nanos = 0
    const wait = new AdaptiveWait({ maxSpins: 100, maxYields: 0, now: () => nanos })
    const spins: Array<number> = []
    const park = (lasts: number) => {
      spins.push(phase(wait).spins)
      nanos += lasts
      wait.success()
    }
    for (let i = 0; i < 9; i++) park(60_000)
    for (let i = 0; i < 5; i++) park(59_999)
    expect(spins).toEqual([100, 50, 25, 12, 6, 3, 1, 0, 0, 0, 16, 32, 64, 100])
  })

  it("yields for longer again when parks are so short that yielding would have caught what ended them", () => {
    let nanos = 0
    const wait = new AdaptiveWait({ maxSpins: 0, yieldNanos: 80_000, now: () => nanos })
    const budgets: Array<number> = []
    const park = (lasts: number) => {
      while (wait.empty() !== PARK) nanos += 10_000
      nanos += lasts
      wait.success()
      budgets.push(wait.yieldBudget)
    }
    for (let i = 0; i < 4; i++) park(80_000)
    for (let i = 0; i < 4; i++) park(79_999)
    expect(budgets).toEqual([40_000, 20_000, 10_000, 5_000, 10_000, 20_000, 40_000, 80_000])
  })

  it("reads no clock when it may neither spin nor yield", () => {
    let reads = 0
    const wait = new AdaptiveWait({ maxSpins: 0, maxYields: 0, now: () => reads++ })
    for (let i = 0; i < 5; i++) {
      expect(wait.empty()).toBe(PARK)
      wait.success()
    }
    expect(reads).toBe(0)
    wait.limitSpins(4)
    expect(phase(wait)).toEqual({ spins: 0, yields: 0 })
  })

  it("never spins with a maximum of zero", () => {
    const wait = new AdaptiveWait({ maxSpins: 0, maxYields: 4 })
    for (let i = 0; i < 5; i++) {
      expect(wait.empty()).toBe(YIELD)
      wait.success()
      expect(phase(wait)).toEqual({ spins: 0, yields: 4 })
      wait.success()
    }
  })

  it("parks at once with no budget at all", () => {
    expect(new AdaptiveWait({ maxSpins: 0, maxYields: 0 }).empty()).toBe(PARK)
    expect(new AdaptiveWait({ maxSpins: 0, yieldNanos: 0, now: () => 0 }).empty()).toBe(PARK)
  })

  it("yields for a time measured from the first yield of the phase", () => {
    let nanos = 5000
    let reads = 0
    const wait = new AdaptiveWait({ maxSpins: 2, yieldNanos: 100_000, now: () => (reads++, nanos) })
    expect([wait.empty(), wait.empty()]).toEqual([SPIN, SPIN])
    expect(reads).toBe(0)
    expect(wait.empty()).toBe(YIELD)
    nanos += 99_999
    expect(wait.empty()).toBe(YIELD)
    nanos += 1
    expect(wait.empty()).toBe(PARK)
    wait.success()
    expect(wait.empty()).toBe(SPIN)
    expect(wait.empty()).toBe(YIELD)
    expect(reads).toBe(6)
  })

  it("ends yielding at the nearer of the two bounds", () => {
    const wait = new AdaptiveWait({ maxSpins: 0, maxYields: 3, yieldNanos: 100, now: () => 0 })
    expect(phase(wait)).toEqual({ spins: 0, yields: 3 })
  })

  it("follows a new limit of spins", () => {
    const wait = new AdaptiveWait({ maxSpins: 100, maxYields: 1 })
    wait.limitSpins(4)
    expect(phase(wait).spins).toBe(4)
    wait.success()
    wait.limitSpins(0)
    expect(phase(wait).spins).toBe(0)
    wait.success()
    wait.limitSpins(50)
    expect(wait.empty()).toBe(YIELD)
    wait.success()
    expect(phase(wait).spins).toBe(16)
  })

  it.each([
    [{ maxSpins: -1 }, "maxSpins"],
    [{ maxSpins: 1.5 }, "maxSpins"],
    [{ maxSpins: 1, maxYields: NaN }, "maxYields"],
    [{ maxSpins: 1, yieldNanos: 100 }, "now"],
    [{ maxSpins: 1, yieldNanos: -1, now: () => 0 }, "yieldNanos"]
  ])("refuses %o", (options, option) => {
    expect(() => new AdaptiveWait(options)).toThrow(InvalidWaitOptions)
    expect(() => new AdaptiveWait(options)).toThrow(option)
  })

  it("pauses without a result, whatever the runtime has", () => {
    expect(pause()).toBeUndefined()
  })
})
