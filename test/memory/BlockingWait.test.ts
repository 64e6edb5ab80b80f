import { describe, expect, it } from "vitest"
import { AdaptiveWait } from "../../src/memory/AdaptiveWait.ts"
import { BlockingWait, type Condition, DoorbellPlace, RowPlace } from "../../src/memory/BlockingWait.ts"
import * as Doorbell from "../../src/memory/Doorbell.ts"
import * as WaitList from "../../src/memory/WaitList.ts"
import * as WaitStrategies from "../../src/memory/WaitStrategies.ts"
import type { WaitStrategy } from "../../src/memory/WaitStrategy.ts"

const nowMillis = () => performance.now()

const strategies: ReadonlyArray<readonly [name: string, make: () => WaitStrategy]> = [
  ["busySpin", WaitStrategies.busySpin],
  ["yielding", WaitStrategies.yielding],
  ["parking", WaitStrategies.parking],
  ["adaptive", () => WaitStrategies.adaptive({ maxSpins: 100, now: () => performance.now() * 1e6, maxYields: 2 })]
]

const never: Condition = { isReady: () => false }

/** Holds at the given look. */
const atLook = (look: number) => {
  const condition = { isReady: () => ++condition.looks >= look, looks: 0 }
  return condition
}

const waiter = (strategy: WaitStrategy) => {
  const bell = new Doorbell.Doorbell(Doorbell.create())
  return { bell, wait: new BlockingWait({ nowMillis, place: new DoorbellPlace(bell), strategy }) }
}

describe("BlockingWait", () => {
  it.each(strategies)("D07 with %s does not wait for what holds already, however short the timeout", (_, make) => {
    const { bell, wait } = waiter(make())
    const condition = atLook(1)
    expect(wait.until(condition, 0)).toBe(true)
    expect(condition.looks).toBe(1)
    expect(wait.until(condition)).toBe(true)
    expect(bell.isParked()).toBe(false)
  })

  it.each(strategies)("D07 with %s times out, and not before its time", (_, make) => {
    const { bell, wait } = waiter(make())
    const before = performance.now()
    expect(wait.until(never, 20)).toBe(false)
    const took = performance.now() - before
    expect(took).toBeGreaterThan(19)
    expect(took).toBeLessThan(2000)
    expect(bell.isParked()).toBe(false)
  })

  it.each(strategies)("looks exactly once with a timeout of 0, with %s", (_, make) => {
    const condition = atLook(2)
    expect(waiter(make()).wait.until(condition, 0)).toBe(false)
    expect(condition.looks).toBe(1)
  })

  it("falls back from spinning over yielding to parking, and looks between announcing and sleeping", () => {
    const { bell, wait } = waiter(new AdaptiveWait({ maxSpins: 3, maxYields: 2 }))
    const seen: Array<boolean> = []
    const condition: Condition = {
      isReady: () => {
        seen.push(bell.isParked())
        return seen.length >= 7
      }
    }
    expect(wait.until(condition, 5000)).toBe(true)
    // The first look, three after spins, two after yields, one announced, and one awake again.
    expect(seen).toEqual([false, false, false, false, false, false, true, false])
  })

  it("does not sleep when it was woken after its look, and goes on waiting when that was for nothing", () => {
    const list = new WaitList.WaitList(WaitList.create(2))
    const wait = new BlockingWait({ nowMillis, place: new RowPlace(list, 1), strategy: WaitStrategies.parking() })
    let looks = 0
    const condition: Condition = {
      isReady: () => {
        if (list.isParked(1)) list.wake()
        return ++looks >= 6
      }
    }
    expect(wait.until(condition)).toBe(true)
    expect(list.wakes(1)).toBe(3)
  })

  it("takes its announcement back when the condition throws", () => {
    const { bell, wait } = waiter(WaitStrategies.parking())
    const condition: Condition = {
      isReady: () => {
        if (bell.isParked()) throw new Error("looked in vain")
        return false
      }
    }
    expect(() => wait.until(condition)).toThrow("looked in vain")
    expect(bell.isParked()).toBe(false)
  })

  it("tells the strategy of each success, so that it learns", () => {
    const strategy = new AdaptiveWait({ maxSpins: 64, maxYields: 0 })
    const { wait } = waiter(strategy)
    wait.until(never, 50)
    wait.until(atLook(1))
    expect(strategy.spinBudget).toBe(32)
    wait.until(atLook(4))
    expect(strategy.spinBudget).toBe(64)
  })
})
