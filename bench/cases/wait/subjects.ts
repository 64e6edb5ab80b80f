/**
 * Who waits in the cases of this folder: every strategy and the platform's own ways, for one kind of thread.
 */
import type { Driver, StrategyName } from "../../ours/waiting.ts"
import type { Measured, Params, Subject } from "../../runner/Case.ts"
import type { Waiting } from "../../runner/Wakes.ts"

const strategies: ReadonlyArray<StrategyName> = ["busySpin", "yielding", "parking", "adaptive"]

/** Each measured by `measure`. `postMessage` is a peer of both kinds of threads. */
export const subjects = (
  driver: Driver,
  measure: (params: Params, waiting: Waiting) => Promise<Measured>
): { readonly [name: string]: Subject } => ({
  ...Object.fromEntries(
    strategies.map((strategy): [string, Subject] => [`shared-nothing-${strategy}`, {
      run: async (params) => measure(params, (await import("../../ours/waiting.ts")).waiting(strategy, driver))
    }])
  ),
  [driver === "worker" ? "Atomics.wait" : "Atomics.waitAsync"]: {
    run: async (params) => measure(params, (await import("../../peers/atomics/atomics.ts")).waiting(driver === "loop"))
  },
  postMessage: {
    run: async (params) => measure(params, (await import("../../peers/post-message/waiting.ts")).waiting())
  }
})
