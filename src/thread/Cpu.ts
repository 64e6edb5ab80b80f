/**
 * Where on the machine threads run: on which cores, and how much they give way to others.
 *
 * The kernel of the system places threads well by itself. It is worth saying where when caches count and nothing else runs on the machine, when the
 * machine has several nodes of memory (NUMA), or when workers shall not take the core of the thread that answers requests.
 *
 * It promises that what was asked for is what a thread has when it is ready, or an error that says what is in the way: never silence. Cores are for
 * Linux and a Node with `node:ffi` (26 and later), which warns that it is experimental; niceness is for Linux.
 *
 * **Example** (Workers that give way)
 *
 * ```ts
 * import type { Pool } from "shared-nothing"
 * import { Worker } from "node:worker_threads"
 *
 * const options: Pool.PoolOptions = {
 *   spawn: ({ name }) => new Worker(new URL("./worker.ts", import.meta.url), { name: `hashing ${name}` }),
 *   cpu: { cores: "spread", niceness: 5 }
 * }
 * ```
 */
import * as Effect from "effect/Effect"
import { Hardware, type Topology } from "./kernel/Hardware.ts"

export type { Topology } from "./kernel/Hardware.ts"

/** Where the threads of a pool or of a system run. */
export interface Placement {
  /**
   * On which cores; anywhere that the process may unless told.
   *
   * - `"spread"`: each thread on one core, one after the other in turn;
   * - `"nodes"`: each on all cores of one node of memory, one after the other in turn;
   * - a function of the place of a thread (0, 1, …) that answers the numbers of its cores, as {@link topology} tells them.
   */
  readonly cores?: "spread" | "nodes" | ((place: number) => ReadonlyArray<number>) | undefined
  /** How much the threads give way: from -20 (not at all; needs privileges) over 0 to 19 (to everybody). That of the process unless told. */
  readonly niceness?: number | undefined
}

/**
 * The cores that the process may use, and the nodes of memory that they belong to.
 *
 * **Errors** Fails with a text that says why nobody can tell: only Linux tells.
 */
export const topology: Effect.Effect<Topology, string> = Effect.flatMap(Hardware, (hardware) => {
  const found = hardware.topology()
  return typeof found === "string" ? Effect.fail(found) : Effect.succeed(found)
})
