/** All scenarios, by what they look at. */
import type { Scenario } from "./scenario.ts"
import { storm } from "./storm.ts"

export const scenarios: ReadonlyArray<Scenario> = [storm]
