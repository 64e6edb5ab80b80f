/**
 * Which of the tasks that can run is next.
 */
import type { Lane } from "./lane.ts"
import type { Stream } from "./oracle.ts"

/**
 * How the next task is chosen.
 *
 * - `"random"`: each equally likely; finds most faults quickly.
 * - `"pct"`: random priorities that change at a few random moments; finds faults that need few, but far apart, changes.
 * - `"roundRobin"`: the one that has waited longest; the schedule of a machine without surprises.
 */
export type Policy = "random" | "pct" | "roundRobin"

/** All of them, the plainest last. */
export const policies: ReadonlyArray<Policy> = ["random", "pct", "roundRobin"]

/** Answers the place of the next task among those that can run. */
export type Pick = (ready: ReadonlyArray<Lane>) => number

/** One in so many picks, on the average, changes the priorities of `"pct"`. */
const CHANGE_EVERY = 64

/** Makes the chooser of a run. */
export const pickOf = (policy: Policy, stream: Stream): Pick => {
  switch (policy) {
    case "roundRobin":
      return (ready) => stream.choose(ready.length, () => 0)
    case "random":
      return (ready) => stream.choose(ready.length, (random) => random.below(ready.length))
    case "pct": {
      const priorities = new WeakMap<object, number>()
      let lowest = 0
      return (ready) =>
        stream.choose(ready.length, (random) => {
          let best = 0
          let bestPriority = -Infinity
          for (let i = 0; i < ready.length; i++) {
            const lane = ready[i]!
            let priority = priorities.get(lane)
            if (priority === undefined) priorities.set(lane, priority = random.unit())
            if (priority <= bestPriority) continue
            best = i
            bestPriority = priority
          }
          if (random.below(CHANGE_EVERY) === 0) priorities.set(ready[best]!, --lowest)
          return best
        })
    }
  }
}
