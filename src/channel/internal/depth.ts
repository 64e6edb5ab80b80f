/**
 * Keeps chains of channels off the stack.
 *
 * A fiber that is let through runs at once, on the stack of who let it through, until it waits again: that is what makes a
 * channel within a thread cheap. A chain of a thousand fibers would run a thousand deep, so beyond a depth the next one is
 * left to the dispatcher of the fiber that began to wait.
 */
import type { SchedulerDispatcher } from "effect/Scheduler"

const MAX_DEPTH = 24

let depth = 0

/** Runs `pass`, or schedules it when too many are running already; `pass` looks again at what there is to do. */
export const nested = (pass: () => void, dispatcher: SchedulerDispatcher): void => {
  if (depth >= MAX_DEPTH) {
    dispatcher.scheduleTask(pass, 0)
    return
  }
  depth++
  try {
    pass()
  } finally {
    depth--
  }
}
