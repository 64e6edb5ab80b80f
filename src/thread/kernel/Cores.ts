/**
 * How many cores the machine has, for those who start threads; a simulation says so itself, to run the same everywhere.
 */
import * as Context from "effect/Context"
import { availableParallelism } from "node:os"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"
import { thread as realThread } from "./CurrentThread.ts"

/** See the module. */
export const Cores: Context.Reference<number> = Context.Reference<number>("shared-nothing/thread/Cores", {
  defaultValue: () => availableParallelism()
})

/** On how many cores a thread and those that it works with may look without a pause: on none where it is simulated, since whoever it looks for has its turn after it. */
export const coresFor = (thread: ThreadContext): number => thread === realThread ? availableParallelism() : 0
