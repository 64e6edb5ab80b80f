/**
 * Round trips while more threads are busy than there are cores: two pairs of threads for each core, all at the same time.
 */
import type { Driver, StrategyName } from "../../ours/waiting.ts"
import type { Case, Subject } from "../../runner/Case.ts"
import { pairs } from "../../runner/Pairs.ts"

const ours = (driver: Driver, strategy: StrategyName, maxSpins: number): Subject => ({
  run: async (params) => {
    const { create } = await import("../../../src/memory/Doorbell.ts")
    return pairs(params, {
      worker: new URL("../../ours/pairs.worker.ts", import.meta.url),
      data: { driver, maxSpins, strategy },
      bells: () => create(2)
    })
  }
})

const theirs = (peer: string): Subject => ({
  run: (params) =>
    pairs(params, {
      worker: new URL(`../../peers/${peer}/pairs.worker.ts`, import.meta.url),
      data: {},
      bells: () => new SharedArrayBuffer(8)
    })
})

/** See the module. */
export const oversubscribed: Case = {
  name: "wait/oversubscribed",
  about: "round trips of pairs of threads, two pairs for each core at the same time",
  unit: "us",
  betterIs: "lower",
  count: 300,
  quickCount: 100,
  subjects: {
    "shared-nothing-adaptive": ours("worker", "adaptive", 0),
    "shared-nothing-adaptive-spinning": ours("worker", "adaptive", 400),
    "shared-nothing-parking": ours("worker", "parking", 0),
    "shared-nothing-yielding": ours("worker", "yielding", 0),
    "shared-nothing-loop-adaptive": ours("loop", "adaptive", 0),
    "shared-nothing-loop-adaptive-spinning": ours("loop", "adaptive", 400),
    "shared-nothing-loop-parking": ours("loop", "parking", 0),
    "Atomics.waitAsync": theirs("atomics"),
    postMessage: theirs("post-message")
  }
}
