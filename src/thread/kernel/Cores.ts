/**
 * How many cores the machine has, for those who start threads; a simulation says so itself, to run the same everywhere.
 */
import * as Context from "effect/Context"
import { availableParallelism } from "node:os"

/** See the module. */
export const Cores: Context.Reference<number> = Context.Reference<number>("shared-nothing/thread/Cores", {
  defaultValue: () => availableParallelism()
})
