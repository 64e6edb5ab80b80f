/**
 * Where the number of a system comes from, which tells its addresses from those of every other system.
 */
import * as Context from "effect/Context"
import { randomInt } from "node:crypto"

/** A number from 1 to 2^47 - 1 that no other system has; a simulation draws it from its seed. */
export const SystemNumbers: Context.Reference<() => number> = Context.Reference<() => number>(
  "shared-nothing/system/SystemNumbers",
  { defaultValue: () => () => randomInt(1, 2 ** 47) }
)
