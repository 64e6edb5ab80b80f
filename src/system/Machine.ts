/**
 * What the machine has, and how a system sizes itself from it.
 */
import { availableParallelism } from "node:os"
import { SPINS } from "../thread/Poller.ts"

/**
 * How many worker threads a system starts when it is not told: one for each core but the one of the main thread, and at
 * least two, so that the loss of one leaves one that serves.
 */
export const defaultThreads = (cores = availableParallelism()): number => Math.max(2, cores - 1)

/** How often a thread may look at its rings before it lets go of its core: not at all when threads outnumber cores. */
export const maxSpins = (workers: number, cores = availableParallelism()): number => workers + 1 > cores ? 0 : SPINS
