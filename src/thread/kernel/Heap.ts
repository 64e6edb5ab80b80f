/**
 * How much of its heap a thread uses, for those who look after it; a test says so itself.
 */
import * as Context from "effect/Context"
import { getHeapStatistics } from "node:v8"

/** Bytes in use on the thread that asks, what is not collected yet included. */
export const HeapUsed: Context.Reference<() => number> = Context.Reference<() => number>(
  "shared-nothing/thread/HeapUsed",
  { defaultValue: () => () => getHeapStatistics().used_heap_size }
)
