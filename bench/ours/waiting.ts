/**
 * The wait strategies of this library, in a thread that blocks and in one with an event loop.
 */
import { create, Doorbell } from "../../src/memory/Doorbell.ts"
import * as WaitStrategies from "../../src/memory/WaitStrategies.ts"
import type { WaitStrategy } from "../../src/memory/WaitStrategy.ts"
import type { Waiting } from "../runner/Wakes.ts"

/** The strategies by name. */
export type StrategyName = "busySpin" | "yielding" | "parking" | "adaptive"

/** The thread that waits: `worker` blocks, `loop` has an event loop. */
export type Driver = "worker" | "loop"

const now = () => performance.now() * 1e6

/** The strategy, as a program would make it for such a thread. */
export const strategyOf = (name: StrategyName, driver: Driver, maxSpins = 400): WaitStrategy => {
  if (name !== "adaptive") return WaitStrategies[name]()
  return WaitStrategies.adaptive(
    driver === "worker" ? { maxSpins, maxYields: 0, now } : { maxSpins, yieldNanos: 150_000, now }
  )
}

/** Waits on a doorbell. */
export const waiting = (strategy: StrategyName, driver: Driver): Waiting => {
  const bells = create()
  const bell = new Doorbell(bells)
  return {
    worker: new URL("./waiting.worker.ts", import.meta.url),
    data: { bells, driver, strategy },
    wake: () => void bell.ring()
  }
}
