/**
 * Whose handler a fiber is: in the context of that fiber, and of all that are forked below it.
 */
import * as Context from "effect/Context"

/** The cell, or `undefined` where it is nobody's. */
export const RunningCell: Context.Reference<unknown> = Context.Reference<unknown>("shared-nothing/actor/RunningCell", {
  defaultValue: () => undefined
})
