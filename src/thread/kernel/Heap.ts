/**
 * How much of its heap a thread uses, and how much memory the process, for those who look after them; a test says so itself.
 */
import * as Context from "effect/Context"
import { totalmem } from "node:os"
import { getHeapStatistics } from "node:v8"

/** Bytes in use on the thread that asks, what is not collected yet included. */
export const HeapUsed: Context.Reference<() => number> = Context.Reference<() => number>(
  "shared-nothing/thread/HeapUsed",
  { defaultValue: () => () => getHeapStatistics().used_heap_size }
)

/** What a process has of memory. */
export interface Memory {
  /** What is resident, of all its threads. */
  readonly usedBytes: number
  /** How much that may be: what its container grants it, else what the machine has. */
  readonly limitBytes: number
}

const granted = (): number => {
  try {
    return process.constrainedMemory()
  } catch {
    // Not every runtime knows of containers.
    return 0
  }
}

// A container that grants any amount says 0, or more than there is.
const limitOf = (granted: number, machine: number): number => granted > 0 && granted < machine ? granted : machine

/** That of this process; a simulation has as much as it likes. */
export const ProcessMemory: Context.Reference<() => Memory> = Context.Reference<() => Memory>(
  "shared-nothing/thread/ProcessMemory",
  {
    defaultValue: () => () => ({
      usedBytes: process.memoryUsage.rss(),
      limitBytes: limitOf(granted(), totalmem())
    })
  }
)
