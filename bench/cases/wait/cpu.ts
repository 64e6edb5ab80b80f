/**
 * What a thread costs that waits for something that does not come.
 */
import type { Driver } from "../../ours/waiting.ts"
import type { Case } from "../../runner/Case.ts"
import { idle } from "../../runner/Wakes.ts"
import { subjects } from "./subjects.ts"

/** The count is the window in milliseconds. */
const cpu = (driver: Driver, thread: string): Case => ({
  name: `wait/cpu-${driver}`,
  about: `processor time of ${thread} that waits in vain, of one core`,
  unit: "percent",
  betterIs: "lower",
  count: 400,
  quickCount: 100,
  samples: 1,
  warmups: 0,
  subjects: subjects(driver, idle)
})

/** See the module. */
export const cpus: ReadonlyArray<Case> = [
  cpu("worker", "a blocked thread"),
  cpu("loop", "a thread with an event loop")
]
