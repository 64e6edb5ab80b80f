/** Collects garbage at once, for tests of what is let go of. */
import * as Effect from "effect/Effect"

/** A function that collects; no flag is needed. */
export const collector = Effect.promise(async () => {
  const [v8, vm] = await Promise.all([import("node:v8"), import("node:vm")])
  v8.setFlagsFromString("--expose-gc")
  return vm.runInNewContext("gc") as () => void
})
