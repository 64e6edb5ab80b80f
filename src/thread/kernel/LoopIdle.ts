/**
 * How long the event loop of a thread has been idle, for those who look after it; a test says so itself.
 */
import * as Context from "effect/Context"
import { performance } from "node:perf_hooks"

/** Of this moment, whoever replaces the global one for a test. */
const { nodeTiming } = performance

/** Milliseconds since the thread that asks was started in which its event loop had nothing to do; nothing where there is no event loop of its own, as in a simulation. */
export const LoopIdle: Context.Reference<(() => number) | undefined> = Context.Reference<(() => number) | undefined>(
  "shared-nothing/thread/LoopIdle",
  { defaultValue: () => () => nodeTiming.idleTime }
)
