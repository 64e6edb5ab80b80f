import { describe, expect, it } from "vitest"
import { AdaptiveWait } from "../../src/memory/AdaptiveWait.ts"
import * as WaitStrategies from "../../src/memory/WaitStrategies.ts"
import { InvalidWaitOptions, PARK, SPIN, type WaitStrategy, YIELD } from "../../src/memory/WaitStrategy.ts"

const decisions = (strategy: WaitStrategy, count: number) => Array.from({ length: count }, () => strategy.empty())

const times = <A>(count: number, value: A): ReadonlyArray<A> => Array<A>(count).fill(value)

describe("WaitStrategies", () => {
  it("busySpin looks again at once, without end", () => {
    const strategy = WaitStrategies.busySpin()
    expect(new Set(decisions(strategy, 10_000))).toEqual(new Set([SPIN]))
    strategy.success()
    expect(strategy.empty()).toBe(SPIN)
  })

  it("busySpin yields behind the limit it was given, and spins again in the next phase", () => {
    const strategy = WaitStrategies.busySpin()
    strategy.limitSpins(2)
    expect(decisions(strategy, 4)).toEqual([SPIN, SPIN, YIELD, YIELD])
    strategy.success()
    expect(decisions(strategy, 3)).toEqual([SPIN, SPIN, YIELD])
    strategy.restart()
    expect(strategy.empty()).toBe(SPIN)
    strategy.limitSpins(0)
    expect(strategy.empty()).toBe(YIELD)
  })

  it("yielding spins a hundred times and then yields, without end", () => {
    const strategy = WaitStrategies.yielding()
    expect(decisions(strategy, 102)).toEqual([...times(100, SPIN), YIELD, YIELD])
    expect(new Set(decisions(strategy, 10_000))).toEqual(new Set([YIELD]))
    strategy.success()
    expect(strategy.empty()).toBe(SPIN)
  })

  it("yielding takes another number of spins, and another limit", () => {
    const strategy = WaitStrategies.yielding(1)
    expect(decisions(strategy, 2)).toEqual([SPIN, YIELD])
    strategy.restart()
    strategy.limitSpins(0)
    expect(strategy.empty()).toBe(YIELD)
  })

  it("parking parks at once, whatever happened", () => {
    const strategy = WaitStrategies.parking()
    expect(strategy.empty()).toBe(PARK)
    strategy.success()
    strategy.restart()
    strategy.limitSpins(100)
    expect(decisions(strategy, 2)).toEqual([PARK, PARK])
  })

  it("adaptive is an AdaptiveWait", () => {
    expect(WaitStrategies.adaptive({ maxSpins: 1 })).toBeInstanceOf(AdaptiveWait)
  })

  it.each([
    ["busySpin", WaitStrategies.busySpin],
    ["yielding", WaitStrategies.yielding],
    ["parking", WaitStrategies.parking],
    ["adaptive", () => WaitStrategies.adaptive({ maxSpins: 1 })]
  ])("%s refuses a limit that is no number of spins, and names itself", (name, make) => {
    for (const limit of [-1, 1.5, NaN, Infinity]) {
      expect(() => make().limitSpins(limit)).toThrow(InvalidWaitOptions)
      expect(() => make().limitSpins(limit)).toThrow(new RegExp(`^${name}Wait: maxSpins is ${limit}`, "i"))
    }
  })

  it("yielding refuses to begin with a limit that is no number of spins", () => {
    expect(() => WaitStrategies.yielding(-1)).toThrow(InvalidWaitOptions)
  })
})
